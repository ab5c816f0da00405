"""Calls in the order of a value: the greatest first, found without reading all, page by page, never beyond the time."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollascope.ledger.calls import layout as layouts
from ollascope.ledger.calls import ranking as rankings
from ollascope.ledger.calls.choice import GREATEST, Choice, place_text
from ollascope.ledger.calls.layout import Layout
from ollascope.ledger.calls.search import Search
from ollascope.ledger.sealed import members
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.select import Where
from ollascope.words.call import Call
from ollascope.words.ids import Ids
from tests.ledger.calls.test_search import all_pages, write_segment

NOON = 1_763_726_400.0


@pytest.fixture
def small_blocks(monkeypatch):
    for place in (layouts, members):
        monkeypatch.setattr(place, "SIZE", 1_000)
        monkeypatch.setattr(place, "PIECE", 300)


@pytest.fixture
def opened(monkeypatch):
    """The blocks that were opened."""
    seen = []
    read = Layout.read
    monkeypatch.setattr(Layout, "read", lambda layout, block: seen.append(block) or read(layout, block))
    return seen


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.tuples(st.none() | st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=60),
    size=st.integers(1, 9), files=st.integers(1, 3), sealed=st.booleans(), order=st.sampled_from(sorted(GREATEST)),
    model=st.sampled_from([None, "a", "b"]),
)  # fmt: skip
def test_pages_are_what_sorting_all_calls_would_give(
    tmp_path_factory, small_blocks, origin, values, size, files, sealed, order, model
):
    ledger, ids = tmp_path_factory.mktemp("ledger"), Ids()
    field = GREATEST[order]
    kind = float if field.endswith("_s") else int
    calls = [
        Call(id=f"c{number:03}", sent_at=NOON + at, source="gateway", outcome="ok", model="ab"[at % 2],
             **{} if value is None else {field: kind(value)})
        for number, (value, at) in enumerate(values)
    ]  # fmt: skip
    for part in range(files):
        if calls[part::files]:
            write_segment(ledger, origin, calls[part::files], ids.next())
    if sealed:
        seal(ledger)
    measured = [
        (getattr(call, field), call.sent_at, call.id, call) for call in calls if getattr(call, field) is not None
    ]
    expected = [call for *_, call in sorted(measured, key=lambda one: one[:3], reverse=True)]
    found = all_pages(Search(ledger), Choice(where=Where(model=model), order=order), size)
    assert found == [call for call in expected if model in {None, call.model}]


def test_only_blocks_that_promise_enough_are_opened(ledger, origin, make_call, small_blocks, opened):
    calls = [make_call(sent_at=NOON + number, end_s=float(number * 7 % 400)) for number in range(400)]
    write_segment(ledger, origin, sorted(calls, key=lambda call: call.end_s), Ids().next())
    seal(ledger)
    search = Search(ledger)
    assert [call.end_s for call in search.page(Choice(order="total"), 3).calls] == [399.0, 398.0, 397.0]
    assert len(opened) < 4
    assert sum(layout.count for layout in search._layouts.values()) > 40


def test_blocks_that_promise_enough_of_other_models_are_not_opened(ledger, origin, make_call, small_blocks, opened):
    calls = [make_call(sent_at=NOON + number, end_s=float(number), model="rare" if number == 7 else f"m{number % 2}")
             for number in range(400)]  # fmt: skip
    write_segment(ledger, origin, calls, Ids().next())
    seal(ledger)
    choice = Choice(where=Where(model="rare"), order="total")
    assert [call.end_s for call in Search(ledger).page(choice, 3).calls] == [7.0]
    assert len(opened) == 1


def test_of_equal_values_the_newest_is_found_without_opening_all(ledger, origin, make_call, small_blocks, opened):
    calls = [make_call(sent_at=NOON + number, tokens_out=512) for number in range(400)]
    write_segment(ledger, origin, calls, Ids().next())
    seal(ledger)
    page = Search(ledger).page(Choice(order="tokens-out"), 3)
    assert [call.id for call in page.calls] == [call.id for call in calls[:-4:-1]]
    assert len(opened) < 4


def test_time_that_is_over_tells_only_what_is_certain_and_goes_on(ledger, origin, make_call, small_blocks):
    calls = [make_call(sent_at=NOON + number, end_s=float(number * 7 % 400)) for number in range(400)]
    write_segment(ledger, origin, calls, Ids().next())
    ticks = count()
    search = Search(ledger, monotonic=lambda: next(ticks) * 0.1)
    choice, found, after, looks = Choice(order="total"), [], "", 0
    while len(found) < 60:
        page = search.page(choice, 30, after, within_s=1.5)
        found += page.calls
        looks += 1
        assert looks < 300
        assert page.next is not None
        after = place_text(page.next)
    assert looks > 3
    assert [call.end_s for call in found] == [float(value) for value in range(399, 399 - len(found), -1)]


def test_order_ends_after_so_many_and_says_so(ledger, origin, make_call, monkeypatch):
    monkeypatch.setattr(rankings, "LONGEST", 20)
    calls = [make_call(end_s=float(number)) for number in range(50)]
    write_segment(ledger, origin, calls, Ids().next())
    search = Search(ledger)
    found = search.page(Choice(order="total"), 15)
    last = search.page(Choice(order="total"), 15, place_text(found.next))
    assert [call.end_s for call in (*found.calls, *last.calls)] == [float(value) for value in range(49, 29, -1)]
    assert (found.cut, last.cut, last.next, last.whole) == (False, True, None, True)


def test_order_is_made_anew_after_a_while(ledger, origin, make_call):
    now = [0.0]
    search = Search(ledger, monotonic=lambda: now[0])
    write_segment(ledger, origin, [make_call(id="old", end_s=1.0)], Ids().next())
    assert [call.id for call in search.page(Choice(order="total"), 9).calls] == ["old"]
    write_segment(ledger, origin, [make_call(id="new", end_s=2.0)], Ids().next())
    now[0] = 61.0
    assert [call.id for call in search.page(Choice(order="total"), 9).calls] == ["new", "old"]


def test_file_that_is_sealed_between_two_pages_is_read_on(ledger, origin, make_call, small_blocks):
    calls = [make_call(end_s=float(number)) for number in range(90)]
    write_segment(ledger, origin, calls, Ids().next())
    search = Search(ledger)
    first = search.page(Choice(order="total"), 10)
    seal(ledger)
    second = search.page(Choice(order="total"), 99, place_text(first.next))
    assert [call.end_s for call in (*first.calls, *second.calls)] == [float(value) for value in range(89, -1, -1)]


def test_range_up_to_now_leaves_out_what_has_become_too_old(ledger, origin, make_call):
    calls = [make_call(sent_at=NOON + number, end_s=float(number)) for number in range(90)]
    write_segment(ledger, origin, calls, Ids().next())
    search, choice = Search(ledger), Choice(where=Where(since=NOON + 5), order="total")
    assert len(search.page(choice, 99).calls) == 85
    later = replace(choice, where=Where(since=NOON + 20))
    assert [call.sent_at for call in search.page(later, 99).calls][-1] == NOON + 20


def test_export_of_an_order_by_value_has_all_of_them_by_time(ledger, origin, make_call):
    calls = [make_call(end_s=float(-number)) for number in range(5)]
    write_segment(ledger, origin, calls, Ids().next())
    found = list(Search(ledger).every(Choice(order="total"), 99))
    assert [call.id for call in found] == [call.id for call in reversed(calls)]
