"""Names, first lines and listings of segments."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.reading import read_calls
from ollascope.ledger.segment import Origin, day_of, day_start, days, every_file, read_header, segment_name, segments
from ollascope.words.errors import BadUsage


def test_first_line_says_format_and_who_wrote_it(ledger, write, make_call):
    write(make_call())
    (path,) = ledger.glob("*/calls-*.jsonl")
    first = json.loads(path.read_text().splitlines()[0])
    assert {**first, "opened_at": 0, "segment": "", "version": ""} == {
        "ollascope": "calls", "format": 1, "segment": "", "day": "2025-11-21", "writer": "test", "version": "",
        "host": "machine", "boot": "b00t1234-5678", "pid": 7, "opened_at": 0,
    }  # fmt: skip
    assert path.name == f"calls-2025-11-21-{first['segment']}-machine-b00t1234-7.jsonl"


def test_folder_and_files_are_closed_to_others(ledger, write, make_call):
    write(make_call())
    (path,) = ledger.glob("*/calls-*.jsonl")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_same_process_number_in_two_containers_makes_two_files(ledger, write, make_call):
    write(make_call())
    write(make_call())
    assert len(segments(ledger, "2025-11-21", "calls")) == 2


@given(st.text(max_size=40))
def test_no_host_name_breaks_the_file_name(host):
    name = segment_name("calls", "2025-11-21", "0" * 26, Origin(writer="w", host=host, boot="", pid=1))
    assert "/" not in name
    assert name.isascii()
    assert len(name) < 120


@given(st.floats(0, 253_402_300_799))
def test_an_instant_lies_in_its_day(at):
    assert day_start(day_of(at)) <= at < day_start(day_of(at)) + 86_400


def test_what_is_no_day_is_told():
    with pytest.raises(BadUsage, match="no day"):
        day_start("2025-13-40")


def test_only_days_that_overlap_are_listed(ledger, write, make_call, noon):
    write(*(make_call(sent_at=noon + day * 86_400) for day in (0, 1, 2)))
    (ledger / "lost+found").mkdir()
    assert days(ledger) == ["2025-11-21", "2025-11-22", "2025-11-23"]
    assert days(ledger, noon + 86_400, noon + 86_401) == ["2025-11-22"]
    assert days(ledger, until=noon) == ["2025-11-21"]


def test_folder_with_a_date_that_is_none_is_no_day(ledger, write, make_call):
    write(make_call())
    (ledger / "2025-13-45").mkdir()
    assert days(ledger) == ["2025-11-21"]


def test_file_named_after_a_date_that_is_none_stands_in_nobodys_way(ledger, write, make_call):
    write(make_call())
    (path,) = ledger.glob("*/calls-*")
    (path.parent / path.name.replace("2025-11-21", "2025-99-99")).write_bytes(b"hello\n")
    (path.parent / "calls-renamed.jsonl").write_bytes(path.read_bytes().replace(b"2025-11-21", b"2025-99-99"))
    assert [found.day for found in every_file(ledger)] == ["2025-11-21"] * 3
    assert [call.id for call in read_calls(ledger)][:1] == ["call-000000"]


def test_no_ledger_and_an_empty_day_have_nothing(ledger):
    assert days(ledger) == []
    (ledger / "2025-11-21").mkdir(parents=True)
    assert segments(ledger, "2025-11-21", "calls") == []
    assert segments(ledger, "2025-11-20", "calls") == []


def test_copy_of_a_segment_is_listed_once(ledger, write, make_call):
    write(make_call())
    (path,) = ledger.glob("*/calls-*.jsonl")
    (path.parent / "calls-copy.jsonl").write_bytes(path.read_bytes())
    assert len(segments(ledger, "2025-11-21", "calls")) == 1
    assert len(list(every_file(ledger))) == 2


def test_copy_in_the_folder_of_another_day_is_not_listed(ledger, write, make_call):
    write(make_call())
    (path,) = ledger.glob("*/calls-*.jsonl")
    for name in (path.name, "calls-copy.jsonl"):
        target = ledger / "2025-11-20" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    assert segments(ledger, "2025-11-20", "calls") == []
    assert len(segments(ledger, "2025-11-21", "calls")) == 1


def test_file_of_another_program_has_no_header(ledger):
    path = ledger / "2025-11-21" / "calls-mine.jsonl"
    path.parent.mkdir(parents=True)
    for content in (b"", b"hello\n", b"[1]\n", b"\0" * 9000):
        path.write_bytes(content)
        (segment,) = segments(ledger, "2025-11-21", "calls")
        assert read_header(segment) is None
