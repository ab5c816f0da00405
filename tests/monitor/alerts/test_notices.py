"""What people are told: grouped, once, again while it lasts, never a storm."""

from dataclasses import replace

import pytest

from ollascope.monitor.alerts.notices import LISTED, due, for_channel
from ollascope.monitor.alerts.rules import Channel, Grouping
from ollascope.monitor.alerts.silences import Silence, read_match
from ollascope.monitor.alerts.state import Alarms
from ollascope.words.errors import BadUsage
from tests.monitor.alerts.held import NOW, alarms, firing

GROUPING = Grouping()


def told(found, silences=(), grouping=GROUPING, now=NOW):
    return due(found, silences, grouping, now)


def test_nothing_stands_and_nobody_is_told():
    assert told(Alarms()) == (Alarms(), ())


def test_alert_is_told_once():
    after, notices = told(alarms(firing()))
    assert [notice.title for notice in notices] == ["[warning] slow"]
    assert told(after, now=NOW + 60)[1] == ()


def test_pending_alert_is_told_to_nobody():
    assert told(alarms(replace(firing(), standing="pending")))[1] == ()


def test_others_of_the_group_are_waited_for():
    found = alarms(firing(at=NOW - 3, labels={"model": "a"}))
    assert told(found)[1] == ()
    both = alarms(firing(at=NOW - 3, labels={"model": "a"}), firing(at=NOW, labels={"model": "b"}))
    (notice,) = told(both, now=NOW + 10)[1]
    assert len(notice.alerts) == 2
    assert notice.title.endswith("and 1 more")


def test_groups_are_apart():
    assert len(told(alarms(firing("slow"), firing("hot")))[1]) == 2


def test_it_is_told_again_after_hours():
    after, _ = told(alarms(firing()))
    assert len(told(after, now=NOW + GROUPING.repeat_s)[1]) == 1


def test_louder_alert_is_told_at_once():
    after, _ = told(alarms(firing()))
    (key,) = after.held
    louder = replace(after, held={key: replace(after.held[key], severity="critical")})
    assert told(louder, now=NOW + 60)[1][0].title == "[critical] slow"


def test_end_is_told_and_the_alert_forgotten():
    after, _ = told(alarms(firing()))
    (key,) = after.held
    over = replace(after, held={key: replace(after.held[key], standing="resolved", resolved_at=NOW + 60)})
    gone, notices = told(over, now=NOW + 90)
    assert [notice.title for notice in notices] == ["[resolved] slow"]
    assert gone.held == {}


def test_end_of_what_nobody_was_told_is_told_to_nobody():
    gone, notices = told(alarms(replace(firing(), standing="resolved", resolved_at=NOW)))
    assert (gone.held, notices) == ({}, ())


def test_storm_makes_few_notices_that_name_or_count_all():
    storm = alarms(*[firing(f"a{number}", "critical" if number == 77 else "warning") for number in range(500)])
    after, sent = storm, []
    for minute in range(60):
        after, notices = told(after, now=NOW + 60 * minute)
        sent += notices
    assert len(sent) <= GROUPING.most_per_hour
    assert {held.name for notice in sent for held in notice.alerts} == {f"a{number}" for number in range(500)}
    assert "a77" in sent[0].title
    digest = max(sent, key=lambda notice: len(notice.alerts))
    assert f"… and {len(digest.alerts) - LISTED} more" in digest.text
    assert len(digest.text) < 10_000


def test_storm_after_storm_never_exceeds_the_hour():
    grouping, after, sent = replace(GROUPING, most_per_hour=5), Alarms(), []
    for minute in range(55):
        fresh = alarms(*[firing(f"m{minute}-{number}") for number in range(20)])
        after, notices = told(replace(after, held={**after.held, **fresh.held}), (), grouping, NOW + 60 * minute)
        sent += notices
    assert len(sent) <= 5
    assert told(after, (), grouping, NOW + 7200)[1]


def test_silenced_alert_is_told_when_the_silence_is_over():
    silence = Silence(id="1", since=NOW - 1, until=NOW + 100, match={"name": "sl*"})
    after, notices = told(alarms(firing(), firing("hot")), [silence])
    assert [notice.title for notice in notices] == ["[warning] hot"]
    assert [notice.title for notice in told(after, [silence], now=NOW + 101)[1]] == ["[warning] slow"]


@pytest.mark.parametrize("words", [[], ["=x"], ["name="]])
def test_silence_without_a_meaning_is_refused(words):
    with pytest.raises(BadUsage):
        read_match(words)


def test_silence_is_read_from_words():
    assert read_match(["slow", "model=qwen3:*"]) == {"name": "slow", "model": "qwen3:*"}


def test_channel_gets_what_it_asked_for():
    (notice,) = told(alarms(firing(labels={"team": "a"}, severity="info"), firing(labels={"team": "b"})))[1]
    loud = Channel(name="c", kind="webhook", severity="warning")
    assert [held.labels for held in for_channel(notice, loud).alerts] == [{"team": "b"}]
    assert for_channel(notice, replace(loud, match={"team": "a"})) is None
