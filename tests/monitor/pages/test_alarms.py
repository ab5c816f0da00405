"""Alerts for a page, and the words that would silence one."""

import pytest

from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.silences import Silence, is_silenced
from ollascope.monitor.alerts.state import Alarms, Held, key_of
from ollascope.monitor.pages.alarms import match_of, row_of, scene_of
from ollascope.words.alerts import Alert, AlertKind
from ollascope.words.errors import BadUsage

NOW = 1_790_000_000.0


def held(name="slow", standing="firing", **labels):
    return Held(id="1", name=name, kind="threshold", severity="warning", standing=standing, since=NOW - 60, seen=NOW,
                labels=labels, value=3.14159, bound=2.0)  # fmt: skip


def alert(name, **labels):
    return Alert(id="1", name=name, kind=AlertKind.THRESHOLD, severity="warning", standing="firing", since=NOW,
                 labels=labels)  # fmt: skip


@pytest.mark.parametrize("text", ["", "  \n ", "=x", "name=", "\n".join(["a=b"] * 21), "name=" + "x" * 300])
def test_words_that_name_nothing_are_refused(text):
    with pytest.raises(BadUsage):
        match_of(text)


def test_labels_stand_a_line_each_and_may_hold_spaces():
    assert match_of("slow*\n\n slo=ttft p95 < 2 s \n") == {"name": "slow*", "slo": "ttft p95 < 2 s"}


@pytest.mark.parametrize("word", ["plain", "[a]", "what?", "a*b", "x=y", "ttft p95 < 2 s"])
def test_words_of_an_alert_silence_it_and_nothing_like_it(word):
    match = match_of(row_of(alert(word, model=word)).match)
    silence = Silence(id="1", since=NOW - 1, until=NOW + 1, match=match)
    assert is_silenced(held(word, model=word), [silence], NOW)
    assert not is_silenced(held(word, model=word + "x"), [silence], NOW)


def test_nothing_was_judged_where_there_is_no_folder(tmp_path):
    found = scene_of(tmp_path / "alerts", NOW)
    assert (found.rows, found.judged_at, found.fresh) == ([], None, False)


def test_alert_shows_its_figures(tmp_path):
    one = held(model="m")
    Keeping(tmp_path).keep(Alarms(held={key_of(one.name, one.labels): one}))
    (row,) = scene_of(tmp_path, NOW).rows
    assert (row.value, row.bound, row.tone) == ("3.14", "2", "warning")
