"""What happened is told in order, in words, and never reaches beyond the time that is shown."""

from ollascope.monitor.history.drawn import Drawn
from ollascope.monitor.history.events import events_of
from ollascope.monitor.history.piece import Piece
from ollascope.words.alerts import Alert, AlertKind


def drawn(**said):
    return Drawn(since=100.0, until=200.0, step_s=60, points=[], whole=Piece(), before=Piece(), **said)


def alert(**said):
    usual = {"id": "a", "name": "slow", "kind": AlertKind.THRESHOLD, "severity": "critical", "standing": "firing"}
    return Alert(**(usual | said))


def test_nothing_happened():
    assert events_of(drawn(), [], [], "en") == []


def test_all_kinds_stand_in_order():
    loads = ((150.0, "m", 3.0), (160.0, "", 4.0))
    found = events_of(drawn(loads=loads), [120.0], [alert(since=130.0)], "en")
    assert [(event.kind, event.at) for event in found] == [
        ("restart", 120.0), ("alert", 130.0), ("load", 150.0), ("load", 160.0),
    ]  # fmt: skip
    assert [event.text for event in found[2:]] == ["m in 3 s", "unknown in 4 s"]


def test_alert_is_cut_at_both_ends_of_the_time():
    (event,) = events_of(drawn(), [], [alert(since=10.0, resolved_at=900.0, reason="too slow")], "en")
    assert (event.at, event.until, event.text, event.tone) == (100.0, 200.0, "slow: too slow", "problem")


def test_events_are_told_in_chinese():
    (event,) = events_of(drawn(loads=((150.0, "m", 3.0),)), [], [], "zh")
    assert "用时" in event.text
    (event,) = events_of(drawn(), [], [alert(since=130.0, reason="ollama does not answer: connection refused")], "zh")
    assert event.text == "slow: ollama 无应答：连接被拒绝"
