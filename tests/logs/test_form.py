"""A log line stays one line, whatever was logged, and carries the ids in force."""

import asyncio
import json
import logging
import math
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.logs.form import REQUEST, RUN, bound, facts_of, json_line, plain, pretty_line, printable, room_of

NASTY = "a\nb\r\x1b[31mred\x1b[0m\x00\x9b31m \u202etxt.exe\u2066 \u2028\u2029\x85\ufeff\U000e0041"
HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def record(**given):
    return logging.makeLogRecord({"name": "ollascope.gateway.relay", "levelname": "INFO", "msg": "hello"} | given)


def facts(**given):
    return facts_of(record(**given), lambda text: text)


def test_nasty_text_becomes_harmless_and_stays_readable():
    shown = printable(NASTY)
    assert not HARMFUL.search(shown)
    assert shown.startswith("a\\nb\\r\\x1b[31mred")


@given(st.text())
def test_any_text_is_one_harmless_line(text):
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in shown)


@given(
    st.text(),
    st.dictionaries(st.text(min_size=1), st.one_of(st.text(), st.floats(), st.integers(), st.none()), max_size=5),
)
def test_any_record_is_one_line_of_json(message, extra):
    extra = {f"x{name}": value for name, value in extra.items()}
    line = json_line(facts(msg=message, **extra))
    assert "\n" not in line
    assert json.loads(line)["room"] == "gateway"
    assert not HARMFUL.search(pretty_line(json.loads(line)))


def test_forged_line_does_not_come_about():
    line = json_line(facts(msg='x"}\n{"time":"2026-01-01T00:00:00Z","level":"info","message":"forged"}'))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["level"] == "info"
    assert "forged" in json.loads(line)["message"]


def test_name_of_a_field_cannot_forge_either():
    said = facts(**{"evil\nname": "x"})
    assert "evil\\nname" in said


def test_huge_message_is_cut():
    assert len(facts(msg="x" * 10**6)["message"]) < 20_000


def test_very_many_fields_are_cut():
    assert len(facts(**{f"field{number}": 1 for number in range(500)})) < 60


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_endless_numbers_are_texts(value):
    assert isinstance(plain(value), str)


def test_things_that_cannot_be_written_down_are_named_by_kind():
    loop = []
    loop.append(loop)
    assert plain(object()) == "<object>"
    assert plain(loop) == "<list>"
    assert plain({"a": object()}) == '{"a": "<object>"}'


def test_line_tells_time_level_room_and_fields():
    said = facts(created=1795226154.25, code="engine-busy", count=3)
    assert list(said)[:4] == ["time", "level", "room", "message"]
    assert (said["time"], said["level"], said["code"], said["count"]) == (
        "2026-11-21T01:55:54.250Z",
        "info",
        "engine-busy",
        3,
    )


def test_traceback_is_kept_in_json_and_indented_for_a_person():
    said = facts(exc_text='Traceback:\n  File "x"\nValueError: \x1b[31mno')
    assert "\n" not in json_line(said)
    assert pretty_line(said).splitlines()[1:] == ["    Traceback:", '      File "x"', "    ValueError: \\x1b[31mno"]


@pytest.mark.parametrize(
    ("logger", "room"),
    [("ollascope.gateway.relay", "gateway"), ("ollascope", "ollascope"), ("urllib3.connection", "urllib3"), ("", "")],
)
def test_room_is_the_second_part_of_our_names(logger, room):
    assert room_of(logger) == room


def test_ids_hold_within_and_not_after():
    with bound(request="R1", run="run"):
        with bound(request="R2"):
            assert (REQUEST.get(), RUN.get()) == ("R2", "run")
        assert REQUEST.get() == "R1"
    assert (REQUEST.get(), RUN.get()) == (None, None)


def test_ids_of_tasks_do_not_mix():
    async def work(name):
        with bound(request=name):
            await asyncio.sleep(0)
            return REQUEST.get()

    async def both():
        return await asyncio.gather(*(work(str(number)) for number in range(20)))

    assert asyncio.run(both()) == [str(number) for number in range(20)]
