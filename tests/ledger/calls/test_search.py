"""Calls are found in order, page by page, in raw and sealed files, and never beyond the time there is."""

import gzip
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollascope.ledger.calls import layout as layouts
from ollascope.ledger.calls.choice import Choice, place_text, read_key, read_rank
from ollascope.ledger.calls.search import Search
from ollascope.ledger.codec import encode
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.sealed import members
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.segment import day_of, header, segment_name
from ollascope.ledger.select import COUNTED, Where
from ollascope.ledger.writer import Writer
from ollascope.words.call import Call
from ollascope.words.errors import BadUsage, TimedOut
from ollascope.words.ids import Ids
from ollascope.words.outcomes import is_failed

from ollascope.ledger.settings import Ledger  # isort: skip

NOON = 1_763_726_400.0


@pytest.fixture
def small_blocks(monkeypatch):
    for place in (layouts, members):
        monkeypatch.setattr(place, "SIZE", 2_000)
        monkeypatch.setattr(place, "PIECE", 700)


def write_segment(ledger, origin, calls, number):
    """One file with Calls in any order, as a process writes them that takes them from a log."""
    for day in {day_of(call.sent_at) for call in calls}:
        own = [call for call in calls if day_of(call.sent_at) == day]
        path = ledger / day / segment_name("calls", day, number, origin)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(header("calls", day, number, origin) + b"".join(map(encode, own)))


def all_pages(search, choice, size):
    """Every page to the end."""
    found, after = [], ""
    while True:
        page = search.page(choice, size, after)
        found += page.calls
        if page.next is None:
            return found
        after = place_text(page.next)


@pytest.mark.parametrize("text", ["", "x", "nan~nan~a", "1.5", "~", "~~"])
def test_what_is_no_place_is_refused(text):
    for read in (read_key, read_rank):
        with pytest.raises(BadUsage):
            read(text)


def test_empty_ledger_has_no_calls(ledger):
    assert Search(ledger).page(Choice(), 10).calls == ()


def test_spoilt_lines_and_files_are_passed_over(ledger, origin, make_call):
    calls = [make_call() for _ in range(5)]
    write_segment(ledger, origin, calls, Ids().next())
    path = next(ledger.glob("*/calls-*"))
    path.write_bytes(path.read_bytes() + b'{"id":"x","sent_at":1763726401,"model":5}\nnonsense\n{"half')
    (path.parent / path.name.replace(".jsonl", ".jsonl.gz")).with_name("calls-odd.jsonl.gz").write_bytes(b"\x1f\x8bbad")
    assert [call.id for call in Search(ledger).page(Choice(), 10).calls] == [call.id for call in reversed(calls)]


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("sealed", [False, True])
def test_pages_hold_every_call_once_and_in_order(ledger, origin, make_call, small_blocks, order, sealed):
    calls = [make_call(sent_at=NOON + number * 5003 % 90_000) for number in range(120)]
    ids = Ids()
    for part in range(3):
        write_segment(ledger, origin, calls[part::3], ids.next())
    if sealed:
        seal(ledger)
    found = all_pages(Search(ledger), Choice(order=order), 7)
    assert [call.id for call in found] == [
        call.id for call in sorted(calls, key=lambda call: (call.sent_at, call.id), reverse=order == "newest")
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.integers(0, 30), min_size=1, max_size=40), size=st.integers(1, 9), newest=st.booleans(),
    files=st.integers(1, 4), since=st.integers(0, 30), model=st.sampled_from([None, "a", "b"]),
)  # fmt: skip
def test_pages_are_what_sorting_all_calls_would_give(
    tmp_path_factory, small_blocks, origin, times, size, newest, files, since, model
):
    ledger, numbers, ids = tmp_path_factory.mktemp("ledger"), count(), Ids()
    calls = [Call(id=f"c{next(numbers)}", sent_at=NOON + at * 3600.0, source="gateway", outcome="ok",
                  model="ab"[at % 2], note="x" * 90) for at in times]  # fmt: skip
    for part in range(files):
        if calls[part::files]:
            write_segment(ledger, origin, calls[part::files], ids.next())
    where = Where(since=NOON + since * 3600.0, model=model)
    meant = [call for call in calls if call.sent_at >= where.since and model in {None, call.model}]
    expected = sorted(meant, key=lambda call: (call.sent_at, call.id.encode()), reverse=newest)
    order = "newest" if newest else "oldest"
    assert all_pages(Search(ledger), Choice(where=where, order=order), size) == expected


def test_file_of_many_compressed_members_is_read(ledger, origin, make_call, small_blocks):
    calls = [make_call() for _ in range(60)]
    write_segment(ledger, origin, calls, Ids().next())
    path = next(ledger.glob("*/calls-*"))
    raw = path.read_bytes()
    pieces = [raw[start : start + 999] for start in range(0, len(raw), 999)]
    path.with_name(path.name + ".gz").write_bytes(b"".join(map(gzip.compress, pieces)))
    path.unlink()
    assert len(all_pages(Search(ledger), Choice(), 9)) == 60


def test_choices_leave_out_what_is_not_meant(ledger, origin, make_call):
    calls = [make_call(end_s=float(number), outcome="timeout" if number % 3 else "ok") for number in range(8)]
    calls.append(make_call(end_s=8.0, outcome="timeout", source="bench"))
    write_segment(ledger, origin, calls, Ids().next())
    choice = Choice(where=Where(counted=COUNTED), failed=True, slower_s=4.0)
    expected = [
        call.id for call in reversed(calls) if is_failed(call.outcome) and call.end_s >= 4 and call.source != "bench"
    ]
    search = Search(ledger)
    assert [call.id for call in search.page(choice, 99).calls] == expected
    roll_up(ledger)
    seal(ledger)
    roll_up(ledger)
    assert [call.id for call in search.page(choice, 99).calls] == expected


def test_blocks_and_hours_without_what_is_meant_are_not_opened(ledger, origin, make_call, small_blocks):
    slow, rare = {300: 9.0}, {200: "rare"}
    calls = [make_call(sent_at=NOON + at * 60.0, note="y" * 200, end_s=slow.get(at, 1.0), model=rare.get(at, "m"))
             for at in range(600)]  # fmt: skip
    write_segment(ledger, origin, calls, Ids().next())
    seal(ledger)
    roll_up(ledger)
    search = Search(ledger)
    opened = []
    lines = search.lines
    search.lines = lambda layout, block: opened.append(block) or lines(layout, block)
    assert [call.id for call in search.page(Choice(slower_s=5.0), 9).calls] == [calls[300].id]
    assert len(opened) == 1
    assert [call.id for call in search.page(Choice(where=Where(model="rare")), 9).calls] == [calls[200].id]
    known = sum(layout.count for layout in search._layouts.values())
    assert len(opened) - 1 < known / 5


def test_time_that_is_over_gives_what_was_found_and_where_to_go_on(ledger, origin, make_call, small_blocks):
    calls = [make_call(sent_at=NOON + number, model="rare" if number % 50 == 0 else "m:1b") for number in range(400)]
    write_segment(ledger, origin, calls, Ids().next())
    ticks = count()
    search = Search(ledger, monotonic=lambda: next(ticks) * 0.1)
    found, after, looks = [], "", 0
    while True:
        page = search.page(Choice(where=Where(model="rare")), 99, after, within_s=2.0)
        found += page.calls
        looks += 1
        assert looks < 500
        assert page.whole == (page.reached is None)
        if page.whole:
            break
        after = place_text(page.next)
    assert looks > 3
    assert [call.id for call in found] == [call.id for call in reversed(calls) if call.model == "rare"]


def test_calls_that_come_while_paging_are_there_the_next_time(ledger, origin, make_call):
    search = Search(ledger)
    with Writer(ledger, Ledger(), origin) as writer:
        first, second = make_call(), make_call()
        writer.call(first)
        assert writer.flush()
        assert [call.id for call in search.page(Choice(), 9).calls] == [first.id]
        writer.call(second)
        assert writer.flush()
        assert [call.id for call in search.page(Choice(), 9).calls] == [second.id, first.id]


def test_file_that_is_sealed_between_two_pages_is_read_on(ledger, origin, make_call, small_blocks):
    calls = [make_call() for _ in range(60)]
    write_segment(ledger, origin, calls, Ids().next())
    search = Search(ledger)
    first = search.page(Choice(), 20)
    seal(ledger)
    second = search.page(Choice(), 99, place_text(first.next))
    assert [call.id for call in (*first.calls, *second.calls)] == [call.id for call in reversed(calls)]


def test_flags_learnt_later_are_shown(ledger, origin, make_call):
    call = make_call(flags=("waited",))
    with Writer(ledger, Ledger(), origin) as writer:
        writer.call(call)
        writer.amend(call, ("context-shifted",))
    search = Search(ledger)
    assert search.page(Choice(), 1).calls[0].flags == ("waited", "context-shifted")
    assert search.find(call.id, call.sent_at, 5.0).flags == ("waited", "context-shifted")


def test_call_is_found_by_its_id(ledger, origin, make_call):
    calls = [make_call(id=Ids(wall=lambda at=NOON + number: at).next(), sent_at=NOON + number) for number in range(9)]
    foreign = make_call(id="chatcmpl-5")
    write_segment(ledger, origin, [*calls, foreign], Ids().next())
    search = Search(ledger)
    assert search.find(calls[4].id, None, 5.0) == calls[4]
    assert search.find("chatcmpl-5", None, 5.0) == foreign
    assert search.find("chatcmpl-5", foreign.sent_at, 5.0) == foreign
    assert search.find("nobody", None, 5.0) is None


def test_call_that_could_not_be_looked_for_everywhere_is_not_said_to_be_missing(
    ledger, origin, make_call, small_blocks
):
    write_segment(ledger, origin, [make_call() for _ in range(200)], Ids().next())
    ticks = count()
    with pytest.raises(TimedOut, match="chatcmpl-7"):
        Search(ledger, monotonic=lambda: next(ticks) * 0.1).find("chatcmpl-7", None, 1.0)


def test_looking_ahead_leaves_nothing_to_be_found_later(ledger, origin, make_call, small_blocks):
    write_segment(ledger, origin, [make_call() for _ in range(60)], Ids().next())
    seal(ledger)
    search = Search(ledger)
    search.look_ahead()
    assert [layout.is_whole for layout in search._layouts.values()] == [True]
    assert len(search.page(Choice(), 99).calls) == 60


def test_looking_ahead_ends_when_closed(ledger, origin, make_call):
    write_segment(ledger, origin, [make_call()], Ids().next())
    search = Search(ledger)
    search.close()
    search.look_ahead()
    assert search._layouts == {}


def test_every_gives_so_many_and_no_more(ledger, origin, make_call):
    calls = [make_call() for _ in range(30)]
    write_segment(ledger, origin, [replace(call) for call in calls], Ids().next())
    assert [call.id for call in Search(ledger).every(Choice(order="oldest"), 20)] == [call.id for call in calls[:20]]
