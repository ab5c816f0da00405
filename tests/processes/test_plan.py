"""The table of children: bad ones are refused, and each child's turn comes in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.processes.plan import Child, blocked, check, hopeless, settled, startable, stoppable
from ollascope.processes.restart import Life
from ollascope.words.errors import BadUsage

NAMES = "abcdef"


def child(*needs, **more):
    return Child(command=("x",), needs=needs, **more)


def lives(**states):
    return {name: Life(state=state) for name, state in states.items()}


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"a": child("b")}, "a needs 'b', which is no child"),
        ({"a": child("a")}, "can be the first: a needs a"),
        ({"a": child("b"), "b": child("c"), "c": child("a")}, "needs"),
        ({"a": Child(command=())}, "a has no command line"),
        ({"../a": child()}, "'../a' is no name"),
        ({"": child()}, "'' is no name"),
        ({"a": child(port=7), "b": child(port=7, key="addresses.b")}, "a and b would both open port 7"),
    ],
)
def test_table_that_nobody_could_start_is_refused(table, complaint):
    with pytest.raises(BadUsage, match=complaint) as caught:
        check(table)
    assert caught.value.hint


def test_circle_is_told_in_the_order_of_the_needs():
    with pytest.raises(BadUsage) as caught:
        check({"a": child("b"), "b": child("a"), "c": child()})
    assert "a needs b needs a" in caught.value.message or "b needs a needs b" in caught.value.message


def test_two_children_may_each_have_a_chosen_port():
    check({"a": child(port=0), "b": child(port=0), "c": child()})


def test_child_waits_until_all_that_it_needs_is_ready():
    table = {"a": child("b", "c"), "b": child(), "c": child()}
    assert startable(table, lives(a="waiting", b="waiting", c="waiting")) == ["b", "c"]
    assert startable(table, lives(a="waiting", b="ready", c="starting")) == []
    assert startable(table, lives(a="waiting", b="ready", c="ready")) == ["a"]


def test_who_is_needed_ends_after_those_who_need_it():
    table = {"a": child("b"), "b": child()}
    assert stoppable(table, lives(a="ready", b="ready")) == ["a"]
    assert stoppable(table, lives(a="stopped", b="ready")) == ["b"]


def test_what_waits_for_a_lost_child_is_blocked_all_the_way_up():
    table = {"a": child("b"), "b": child("c"), "c": child(), "d": child()}
    now = lives(a="waiting", b="waiting", c="failed", d="ready")
    assert blocked(table, now) == {"a": "b", "b": "c"}
    assert settled(table, now)
    assert not hopeless(table, now)


def test_nothing_is_settled_while_a_child_rests_or_starts():
    for state in ("starting", "resting", "ending"):
        assert not settled({"a": child()}, lives(a=state))


def test_all_given_up_is_hopeless():
    assert hopeless({"a": child(), "b": child("a")}, lives(a="failed", b="waiting"))


def test_held_child_and_whoever_waits_for_it_are_not_waited_for():
    table = {"a": child(), "b": child("a"), "c": child()}
    now = lives(a="waiting", b="waiting", c="ready")
    assert not settled(table, now)
    assert settled(table, now, held={"a"})


@st.composite
def tables(draw):
    """Tables without circles: each child needs only earlier ones."""
    count = draw(st.integers(1, len(NAMES)))
    return {
        NAMES[number]: child(*draw(st.lists(st.sampled_from(NAMES[:number]), unique=True) if number else st.just([])))
        for number in range(count)
    }


@given(tables())
def test_every_table_without_a_circle_starts_to_the_last_child_and_stops_in_the_opposite_order(table):
    check(table)
    now = {name: Life() for name in table}
    started, stopped = [], []
    while turn := startable(table, now):
        started += turn
        now |= {name: Life(state="ready") for name in turn}
    while turn := stoppable(table, now):
        stopped += turn
        now |= {name: Life(state="stopped") for name in turn}
    assert sorted(started) == sorted(stopped) == sorted(table)
    for name, each in table.items():
        for need in each.needs:
            assert started.index(need) < started.index(name)
            assert stopped.index(name) < stopped.index(need)
