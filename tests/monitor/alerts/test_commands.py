"""What `ollascope alerts` does."""

import time
from dataclasses import replace

import pytest

from ollascope.monitor.alerts.commands import (
    add_silence,
    alerts_between,
    end_silence,
    list_alerts,
    list_history,
    list_silences,
    try_channels,
)
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.rules import Book, Channel
from ollascope.words.errors import BadUsage
from tests.monitor.alerts.ends import web
from tests.monitor.alerts.held import NOW, alarms, firing

FRESH = time.time()


def test_nothing_is_there_to_list(tmp_path):
    assert (list_alerts(tmp_path, NOW), list_history(tmp_path, 5), list_silences(tmp_path, NOW)) == ([], [], ())


def test_what_fires_stands_before_what_waits_and_the_loudest_first(tmp_path):
    waits = replace(firing("waits", "critical"), standing="pending")
    over = replace(firing("over"), standing="resolved")
    Keeping(tmp_path).keep(alarms(waits, firing("quiet", "info"), firing("loud", "critical"), over))
    assert [alert.name for alert in list_alerts(tmp_path, NOW)] == ["loud", "quiet", "waits"]


def test_alerts_of_a_stretch_of_time_are_those_that_fired_in_it(tmp_path):
    keeping = Keeping(tmp_path)
    over = [firing(f"a{at:g}", at=at) for at in (10.0, 100.0, 500.0)]
    ends = [replace(each, standing="resolved", resolved_at=each.since + 20, reason="it is over") for each in over]
    keeping.remember([each for pair in zip(over, ends, strict=True) for each in pair], most=100)
    keeping.keep(alarms(firing("now", "critical", 90.0)))
    assert [alert.name for alert in alerts_between(tmp_path, 50.0, 200.0, FRESH)] == ["now", "a100"]
    (first,) = alerts_between(tmp_path, 29.0, 31.0, FRESH)
    assert (first.name, first.reason, first.resolved_at) == ("a10", "a10 is slow", 30.0)
    assert [alert.name for alert in alerts_between(tmp_path, 1000.0, 2000.0, FRESH)] == ["now"]
    (stale, _) = alerts_between(tmp_path, 50.0, 200.0, FRESH + 1e6)
    assert "now is slow; nobody has judged it since" in stale.reason
    assert alerts_between(tmp_path / "nowhere", 0.0, 9e9, FRESH) == []


def test_history_begins_with_the_newest(tmp_path):
    Keeping(tmp_path).remember([firing("a"), firing("b")], most=10)
    assert [alert.name for alert in list_history(tmp_path, 5)] == ["b", "a"]


@pytest.mark.parametrize("for_s", [0.0, -5.0, 1e12])
def test_silence_of_no_or_endless_time_is_refused(tmp_path, for_s):
    with pytest.raises(BadUsage):
        add_silence(tmp_path, {"name": "a"}, for_s, "", NOW)


def test_silence_can_be_ended(tmp_path):
    silence = add_silence(tmp_path, {"name": "a"}, 60.0, "why", NOW)
    other = add_silence(tmp_path, {"name": "b"}, 60.0, "", NOW)
    end_silence(tmp_path, silence.id, NOW)
    assert list_silences(tmp_path, NOW) == (other,)
    with pytest.raises(BadUsage, match="no silence") as told:
        end_silence(tmp_path, silence.id, NOW)
    assert other.id in told.value.hint


def test_test_tells_what_came_of_every_channel():
    with web() as server:
        book = Book(channels=(Channel(name="good", kind="webhook", url=server.url),
                              Channel(name="bad", kind="command", command=("/no/such/program",))))  # fmt: skip
        good, bad = try_channels(book, NOW)
        assert [result.channel for result in try_channels(book, NOW, ["bad"])] == ["bad"]
    assert good.delivered
    assert (bad.delivered, bad.hint) == (False, "name a program by its whole path")
    assert "nothing is wrong" in server.came[0][1]["text"]


def test_channel_that_is_not_there_is_told_with_the_nearest():
    book = Book(channels=(Channel(name="good", kind="command", command=("/bin/true",)),))
    with pytest.raises(BadUsage) as told:
        try_channels(book, NOW, ["god"])
    assert told.value.hint == "did you mean good?"
