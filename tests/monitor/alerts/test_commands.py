"""What `ollascope alerts` does."""

from dataclasses import replace

import pytest

from ollascope.monitor.alerts.commands import (
    add_silence,
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


def test_nothing_is_there_to_list(tmp_path):
    assert (list_alerts(tmp_path, NOW), list_history(tmp_path, 5), list_silences(tmp_path, NOW)) == ([], [], ())


def test_what_fires_stands_before_what_waits_and_the_loudest_first(tmp_path):
    waits = replace(firing("waits", "critical"), standing="pending")
    over = replace(firing("over"), standing="resolved")
    Keeping(tmp_path).keep(alarms(waits, firing("quiet", "info"), firing("loud", "critical"), over))
    assert [alert.name for alert in list_alerts(tmp_path, NOW)] == ["loud", "quiet", "waits"]


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
