"""What is left of a run that was broken off, and where its time axis goes on."""

from array import array

import pytest

from ollascope.bench.about import About, Stretch
from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.material import Material
from ollascope.bench.running.place import save
from ollascope.bench.running.preparing import Ready, write_first
from ollascope.bench.running.resuming import _going_on, take_up
from ollascope.bench.running.stand import Stand
from ollascope.bench.schedule import Schedule, Stage
from ollascope.words.errors import BadUsage, ConnectFailed, RecordInvalid
from tests.bench.running.test_merging import line

ASKED = Asked(target=Target(url="http://127.0.0.1:1", model="m"), load=Load(levels=(Level(users=1),)))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "results" / "r"
    path.mkdir(parents=True)
    return path


def going_on(folder, schedule, until_s=0.0, stretches=()):
    about = About(run="r", started_at=1e9, until_s=until_s, partial=True, stretches=stretches)
    fresh = Ready(asked=ASKED, folder=folder, schedule=schedule, material=Material(prompts=()), about=about)
    return _going_on(fresh, about)


def stage(number=0, shots=None, ends_s=None, users=1):
    return Stage(number=number, name="", level=Level(users=users), shots=shots, ends_s=ends_s)


def test_folder_that_is_no_run_is_told(folder, tmp_path):
    with pytest.raises(BadUsage):
        take_up(folder, Stand(data=tmp_path))
    (folder / "asked.json").write_text("{")
    with pytest.raises(RecordInvalid):
        take_up(folder, Stand(data=tmp_path))


def test_server_that_is_absent_leaves_the_run_as_it_was(folder, tmp_path):
    write_first(ASKED, folder, 1e9)
    save(folder / "about.json", About(run="r", started_at=1e9, partial=True))
    (folder / "calls.jsonl").write_text(line(0, 1.0))
    (folder / "result.json").write_text("{}")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(ConnectFailed):
        take_up(folder, Stand(data=tmp_path))
    assert sorted(path.name for path in folder.iterdir()) == before


def test_rate_goes_on_at_the_first_shot_without_a_call(folder):
    (folder / "calls-0.jsonl").write_text(line(0, 1.0) + line(1, 2.0) + line(3, 4.0))
    schedule = Schedule(stages=(stage(shots=6),), open=True, due=array("d", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    ready = going_on(folder, schedule)
    assert (ready.skip, ready.begun_s, ready.about.resumed) == ({0, 1, 3}, 3.0, 1)


def test_users_go_on_where_the_last_answer_ended(folder):
    (folder / "calls-0.jsonl").write_text(line(0, 1.0) + line(1, 7.0))
    ready = going_on(folder, Schedule(stages=(stage(ends_s=20.0),), open=False))
    assert (ready.skip, ready.begun_s) == ({0, 1}, 7.5)


@pytest.mark.parametrize(
    "schedule",
    [Schedule(stages=(stage(shots=2),), open=False), Schedule(stages=(stage(ends_s=5.0),), open=False),
     Schedule(stages=(stage(shots=2),), open=True, due=array("d", [1.0, 2.0]))],
)  # fmt: skip
def test_run_that_has_everything_has_nothing_left(folder, schedule):
    (folder / "calls-0.jsonl").write_text(line(0, 1.0) + line(1, 7.0))
    assert going_on(folder, schedule) is None


def test_sweep_goes_on_with_the_stage_that_was_broken(folder):
    (folder / "calls-0.jsonl").write_text(line(0, 1.0) + line(1, 2.0) + line(2, 12.0))
    schedule = Schedule(
        stages=(stage(0, ends_s=10.0), stage(1, ends_s=10.0), stage(2, ends_s=10.0)), open=False, apart=True
    )
    begun = (Stretch(number=0, name="", since_s=0.0, counts_s=0.0, until_s=10.0),
             Stretch(number=1, name="", since_s=10.5, counts_s=10.5, until_s=12.5))  # fmt: skip
    ready = going_on(folder, schedule, stretches=begun)
    assert ready.begun_s == 12.5
    assert [(one.shots, one.ends_s) for one in ready.schedule.stages] == [(0, None), (None, 8.0), (None, 10.0)]


def test_numbers_of_a_sweeps_shots_stay_what_they_were(folder):
    (folder / "calls-0.jsonl").write_text(line(0, 1.0) + line(2, 12.0))
    schedule = Schedule(stages=(stage(0, shots=2), stage(1, shots=3)), open=False, apart=True)
    begun = (Stretch(number=1, name="", since_s=10.5, counts_s=10.5, until_s=12.5),)
    ready = going_on(folder, schedule, stretches=begun)
    assert ready.skip == {0, 1, 2}
    assert ready.schedule.stages == schedule.stages
