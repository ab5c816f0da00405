"""A run under way, by the lines of its workers: what ends it, how stages follow, what is told meanwhile."""

from array import array
from dataclasses import replace

import pytest

from ollascope.bench.about import About
from ollascope.bench.asked import Asked, Ends, Level, Load, Target
from ollascope.bench.material import Material
from ollascope.bench.plan import Status
from ollascope.bench.running.course import SILENT_S, Course
from ollascope.bench.running.live import read_live
from ollascope.bench.running.place import held
from ollascope.bench.running.preparing import Ready
from ollascope.bench.running.stand import Silence, Stand
from ollascope.bench.schedule import Schedule, Stage
from ollascope.words.clock import Clock

STEP_S = 0.25


class Script:
    """Workers whose lines are known beforehand; time goes on by a quarter of a second at each look."""

    def __init__(self, *lines, at_cut=()):
        self.now, self.wall_step = 0.0, 0.0
        self.died = ()
        self.did = []
        self.looks = iter(lines)
        self.at_cut = at_cut
        self.last = ()

    def statuses(self, wait_s):
        self.now += STEP_S
        if "cut" in self.did and self.at_cut:
            return list(self.at_cut)
        self.last = next(self.looks, self.last)
        if callable(self.last):
            self.last = self.last()
        return list(self.last)

    def stop(self):
        self.did.append("stop")

    def cut(self):
        self.did.append("cut")

    def next_stage(self):
        self.did.append("next")

    def clock(self):
        return Clock(wall=lambda: 1e9 + self.now + self.wall_step, monotonic=lambda: self.now)


class Ear(Silence):
    def __init__(self):
        super().__init__()
        self.heard = []

    def standing(self, now):
        self.heard.append(now)


def line(state="running", at_s=1.0, worker=0, **said):
    return Status(worker=worker, state=state, at_s=at_s, **said)


DONE = (line("done", 9.0, ended=5, sent=5),)


def closed(shots=5, stages=1, apart=False):
    made = [Stage(number=n, name=f"{n + 1} users", level=Level(users=n + 1), shots=shots) for n in range(stages)]
    return Schedule(stages=tuple(made), open=False, apart=apart)


@pytest.fixture
def follow(tmp_path):
    """Follow a script to its end; what About says, and the script."""

    def run(script, schedule=None, ends=Ends(), stand=None, count=1, ready=None):  # noqa: B008 - frozen
        folder = tmp_path / "results" / "run"
        folder.mkdir(parents=True, exist_ok=True)
        asked = Asked(target=Target(url="http://x", model="m"), load=Load(levels=(Level(users=1),)), ends=ends)
        ready = ready or Ready(
            asked=asked, folder=folder, schedule=schedule or closed(), material=Material(prompts=()),
            about=About(run="run", started_at=1e9),
        )  # fmt: skip
        stand = replace(stand or Stand(data=tmp_path), clock=script.clock())
        return Course(ready, stand, script, count, 0.0).follow()

    return run


def test_worker_that_dies_ends_the_run_with_what_there_is(follow):
    script = Script((line(ended=3),), (line(at_s=2.0, ended=4),), at_cut=(line(at_s=2.5, worker=1, ended=4),))

    def die():
        script.died = (0,)
        return (line(at_s=2.0, ended=4), line(at_s=2.0, worker=1))

    script.looks = iter([(line(ended=3), line(worker=1)), die])
    about = follow(script, count=2)
    assert (about.cut_by, about.partial) == ("worker-died", True)
    assert script.did[:2] == ["stop", "cut"]
    assert any("worker 0 ended before its time" in note for note in about.notes)


def test_worker_that_says_nothing_new_is_not_waited_for_for_ever(follow):
    script = Script((line(at_s=1.0),))
    about = follow(script)
    assert (about.cut_by, about.partial) == ("worker-hangs", True)
    assert SILENT_S < script.now < 2 * SILENT_S


def test_workers_that_never_say_a_word_are_not_waited_for_for_ever(follow):
    script = Script(())
    assert follow(script).cut_by == "worker-hangs"


def test_pause_of_the_whole_machine_is_no_silence_of_a_worker(follow):
    script = Script()
    script.looks = iter([(line(at_s=1.0),), lambda: (setattr(script, "now", 3600.0), (line(at_s=1.0),))[1],
                         (line(at_s=3600.0),), DONE])  # fmt: skip
    assert follow(script).cut_by == "asked"


def test_person_who_ends_it_gets_what_there_is_marked_partial(follow, tmp_path):
    stand = Stand(data=tmp_path)
    stand.stop.gentle(True)
    script = Script(at_cut=DONE)
    script.looks = iter([(line(),), lambda: (stand.stop.ask(), (line(at_s=2.0),))[1], (line(at_s=2.1),)])
    about = follow(script, stand=stand)
    assert (about.cut_by, about.partial) == ("interrupted", True)
    assert script.did == ["stop", "cut"]


def test_workers_that_do_not_hear_are_left_after_a_few_seconds(follow, tmp_path):
    stand = Stand(data=tmp_path)
    stand.stop.gentle(True)
    stand.stop.ask()
    script = Script(*[(line(at_s=float(n)),) for n in range(1000)])
    assert follow(script, stand=stand).partial
    assert script.now < 10


@pytest.mark.parametrize(
    ("ends", "said", "cut_by"),
    [
        (Ends(errors=10, grace_s=2), {"failed": 6}, "errors"),
        (Ends(tokens=100, grace_s=2), {"tokens_out": 60}, "tokens"),
    ],
)
def test_limit_holds_over_all_workers_and_answers_that_run_are_waited_for(follow, ends, said, cut_by):
    both = (line(**said), line(worker=1, **said))
    script = Script(both, both, tuple(replace(one, state="done", at_s=2.0) for one in both))
    about = follow(script, ends=ends, count=2)
    assert (about.cut_by, about.partial, script.did) == (cut_by, False, ["stop"])


def test_answers_that_outlast_the_grace_are_given_up(follow):
    script = Script(*[(line(at_s=float(n), failed=1),) for n in range(100)], at_cut=DONE)
    about = follow(script, ends=Ends(errors=1, grace_s=2))
    assert script.did == ["stop", "cut"]
    assert 2 <= script.now < 4
    assert about.cut_by == "errors"


def test_workers_that_go_on_after_their_time_are_ended(follow):
    stage = Stage(number=0, name="rate", level=Level(rate=1.0), starts_s=0.0, ends_s=10.0, shots=1)
    schedule = Schedule(stages=(stage,), open=True, due=array("d", [1.0]))
    script = Script(*[(line(at_s=float(n)),) for n in range(1000)], at_cut=DONE)
    about = follow(script, schedule=schedule, ends=Ends(grace_s=5))
    assert (about.cut_by, about.partial) == ("overtime", True)
    assert script.now < 40


def test_sweep_goes_on_when_all_workers_have_drained(follow):
    schedule = closed(stages=2, apart=True)
    script = Script(
        (line(stage=0), line(worker=1, stage=0)),
        (line("draining", 2.0, stage=0), line(worker=1, at_s=2.0, stage=0)),
        (line("draining", 3.0, stage=0, in_flight=1), line("draining", 3.0, 1, stage=0)),
        (line("draining", 4.0, stage=0), line("draining", 4.0, 1, stage=0)),
        (line("running", 5.0, stage=1), line("running", 5.0, 1, stage=1)),
        (line("done", 6.0, stage=1), line("done", 6.0, 1, stage=1)),
    )
    about = follow(script, schedule=schedule, count=2)
    assert script.did == ["next"]
    assert [(one.number, one.since_s, one.until_s) for one in about.stretches] == [(0, 0.0, 1.0), (1, 1.0, 1.5)]


def test_wall_clock_that_steps_is_noticed_and_changes_no_time(follow):
    script = Script()
    script.looks = iter([(line(),), lambda: (setattr(script, "wall_step", -3600.0), (line(at_s=2.0),))[1], DONE])
    about = follow(script)
    assert about.wall_step_s == pytest.approx(3600)
    assert about.until_s == pytest.approx(0.75)


def test_everything_that_is_known_is_written_while_it_runs(follow, tmp_path):
    folder = tmp_path / "results" / "run"
    folder.mkdir(parents=True)
    ear, script, seen = Ear(), Script(), []
    script.looks = iter([(line(ended=2, in_flight=3),), lambda: (seen.append(read_live(folder)), DONE)[1]])
    with held(folder):
        follow(script, stand=Stand(data=tmp_path, listener=ear))
    assert (seen[0].run, seen[0].ended, seen[0].in_flight, seen[0].state) == ("run", 2, 3, "running")
    assert [now.ended for now in ear.heard] == [2, 5]
    assert (folder / "about.json").exists()


def test_full_disk_does_not_end_a_run(follow, tmp_path):
    folder = tmp_path / "results" / "run"
    folder.mkdir(parents=True)
    (folder / "live.json.new").mkdir()
    (folder / "about.json.new").mkdir()
    assert follow(Script((line(),), DONE)).cut_by == "asked"
