"""Judges and alarms joined, from the ledger's files to a web server that hears of it."""

from dataclasses import dataclass, replace

import pytest

from ollascope.ledger.rolling import roll_up
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.monitor.alerts.commands import add_silence, list_alerts, list_history
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.rules import Book, Grouping, Rule
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.watch import ANOMALIES, OBJECTIVES, Orders, Watch, told_again
from ollascope.monitor.measures import read_bound
from ollascope.monitor.objectives import read_objective
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.call import Call
from ollascope.words.clock import Clock
from ollascope.words.sample import Sample
from tests.monitor.alerts.ends import channel, web
from tests.monitor.alerts.held import NOW, alarms, firing

ORIGIN = Origin(writer="test", host="machine", boot="b00t1234-5678", pid=7)
RULE = Rule(name="slow", sort="threshold", bound=read_bound("ttft p50 > 2 s"), severity="critical")
HOT = Rule(name="hot", sort="threshold", bound=read_bound("cpu_ratio > 90 %"), for_s=60.0)


@dataclass
class Stage:
    """A ledger, a clock and a watch over both."""

    folder: object
    now: float = NOW

    def orders(self, **book):
        return Orders(ledger=self.folder / "ledger", folder=self.folder / "alerts",
                      book=Book(grouping=Grouping(wait_s=0.0), **book), clock=Clock(wall=lambda: self.now),
                      objectives=(read_objective("success > 99 %"),),
                      settings=Alerts(stale_s=600.0))  # fmt: skip

    def record(self, count, **more):
        with Writer(self.folder / "ledger", Ledger(), ORIGIN) as writer:
            for number in range(count):
                call = Call(id=f"call-{self.now:.0f}-{number}", sent_at=self.now - 3, source="gateway", outcome="ok",
                            model="m", first_chunk_s=1.0 + number / 1000, end_s=2.0)  # fmt: skip
                writer.call(replace(call, **more))
        roll_up(self.folder / "ledger")


@pytest.fixture
def stage(tmp_path):
    (tmp_path / "ledger").mkdir()
    return Stage(tmp_path)


def names(watch):
    return {(held.name, held.standing) for held in watch.alarms.held.values()}


def test_nothing_recorded_is_nothing_wrong(stage):
    watch = Watch(stage.orders(rules=(RULE, HOT)))
    for _ in range(3):
        stage.now += 60
        watch.turn()
    assert names(watch) == set()
    watch.close()


def test_slow_calls_in_the_ledger_reach_whoever_is_to_hear_of_them(stage):
    with web() as server:
        watch = Watch(stage.orders(rules=(RULE,), channels=(channel(url=server.url),)))
        stage.record(20, first_chunk_s=5.0, end_s=6.0)
        watch.turn()
        watch.close(5.0)
    ((_, body),) = server.came
    assert body["title"] == "[critical] slow"
    assert "ttft_s p50 is 5 s" in body["text"]
    assert [alert.name for alert in list_alerts(stage.folder / "alerts", stage.now)] == ["slow"]
    assert [alert.standing for alert in list_history(stage.folder / "alerts", 9)] == ["firing"]


def test_monitor_that_was_killed_goes_on_where_it_was(stage):
    watch = Watch(stage.orders(rules=(HOT,)))
    watch.take_sample(Sample(at=stage.now, cpu_ratio=0.95))
    watch.turn()
    assert names(watch) == {("hot", "pending")}
    other = Watch(stage.orders(rules=(HOT,)))  # the first one never was closed
    stage.now += 61
    other.take_sample(Sample(at=stage.now, cpu_ratio=0.95))
    other.turn()
    assert names(other) == {("hot", "firing")}


def test_failures_burn_the_budget(stage):
    watch = Watch(stage.orders())
    stage.record(50, outcome="engine-crashed")
    watch.turn()
    assert ("slo-burn", "firing") in names(watch)
    assert watch.tallies.of["success > 99 %"].minutes[0][1:] == (50, 50)
    watch.close()
    again = Watch(stage.orders())
    assert again.tallies == watch.tallies
    assert {path.name for path in (stage.folder / "alerts").iterdir()} >= {ANOMALIES, OBJECTIVES}


def test_calls_recorded_while_no_monitor_ran_count_once(stage):
    watch = Watch(stage.orders())
    stage.record(10)
    watch.turn()
    watch.close()
    stage.now += 7000
    stage.record(5, outcome="engine-crashed")  # nobody watches
    stage.now += 7000
    for _ in range(2):
        watch = Watch(stage.orders())
        stage.record(3)  # before its first look
        watch.turn()
        stage.now += 7
    (tally,) = watch.tallies.of.values()
    assert sum(of for _, of, _ in tally.hours) == 10 + 5 + 3 + 3
    assert sum(bad for _, _, bad in tally.hours) == 5


def test_first_monitor_counts_what_was_recorded_before_it(stage):
    stage.record(40, outcome="timeout")
    stage.now += 60
    watch = Watch(stage.orders())
    watch.turn()
    assert ("slo-burn", "firing") in names(watch)
    watch.close()
    stage.now += 4 * 86_400  # further back than is read again
    (tally,) = Watch(stage.orders()).tallies.of.values()
    assert [bad for _, _, bad in tally.hours] == [40]


def test_other_judges_are_heard_and_forgotten_when_they_fall_silent(stage):
    watch = Watch(stage.orders())
    gone = Condition(name="answer", kind=AlertKind.ANSWER_CHANGED, active=True, labels={"probe": "p"})
    watch.take_conditions([gone])
    for _ in range(3):
        watch.turn()
    assert names(watch) == {("answer", "firing")}
    assert gone in watch.conditions
    watch.take_conditions([replace(gone, active=False)])
    watch.turn()
    assert names(watch) == set()  # resolved, and nobody has to be told any more
    watch.take_conditions([gone])
    watch.turn()
    stage.now += 601
    watch.turn()
    stage.now += 601
    watch.turn()
    assert ("answer", "firing") not in names(watch)


def test_silence_set_by_another_process_holds(stage):
    with web() as server:
        watch = Watch(stage.orders(rules=(RULE,), channels=(channel(url=server.url),)))
        add_silence(stage.folder / "alerts", {"name": "slow"}, 60.0, "known", stage.now)
        stage.record(20, first_chunk_s=5.0, end_s=6.0)
        watch.turn()
        assert names(watch) == {("slow", "firing")}
        assert list_alerts(stage.folder / "alerts", stage.now)[0].silenced
        watch.close(5.0)
    assert server.came == []


def test_samples_become_windows_of_the_machine(stage):
    watch = Watch(stage.orders())
    watch.take_sample(Sample(at=stage.now, cpu_ratio=0.5))
    stage.now += 120
    watch.turn()
    assert {track.signal for track in watch.anomalies.tracks.values()} == {"cpu_ratio"}


def test_what_was_told_just_before_the_end_is_told_again():
    before, long_ago = (firing(name, told="firing warning", told_at=at)
                        for name, at in (("new", NOW - 5), ("old", NOW - 900)))  # fmt: skip
    found = {held.name: held.told for held in told_again(alarms(before, long_ago)).held.values()}
    assert found == {"new": "", "old": "firing warning"}


def test_damaged_files_stop_nothing(stage):
    folder = stage.folder / "alerts"
    folder.mkdir()
    for name in ("alarms.json", ANOMALIES, OBJECTIVES, "silences.json"):
        (folder / name).write_text("{broken")
    watch = Watch(stage.orders(rules=(RULE,)))
    watch.turn()
    watch.close()
    assert Keeping(folder).alarms() == watch.alarms
