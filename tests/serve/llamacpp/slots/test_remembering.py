"""Reuse: what a prompt begins with is not computed again, wherever it is remembered, and what is told of it is true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.serve.llamacpp.slots.reuse import Costs, Idle, choose_slot, worth_copying
from tests.serve.llamacpp.slots.asking import ask, letters, same_or_tied, start, until

COSTS = Costs(token_s=1e-3, copy_s=2e-3, pass_s=5e-3)


def test_same_prompt_again_computes_its_last_token_only(untrained, opened):
    model = opened(untrained)
    first, second = (ask(model, letters(1, 100), most=10, logprobs=3) for _ in range(2))
    assert (first.end.tokens_cached, second.end.tokens_cached) == (0, 99)
    assert same_or_tied(first, second)


def test_conversation_goes_on_from_its_own_answer(untrained, opened):
    model = opened(untrained)
    prompt = letters(1, 50)
    answer = ask(model, prompt, most=20)
    longer = prompt + answer.ids + letters(2, 10)
    said = ask(model, longer, most=10, logprobs=3)
    assert said.end.tokens_cached == 69  # the answer's last token was told but never decoded
    assert same_or_tied(ask(opened(untrained), longer, most=10, logprobs=3), said)


@pytest.mark.parametrize("shared", [1, 20, 99])
def test_prompt_that_differs_later_keeps_what_is_the_same(untrained, opened, shared):
    model = opened(untrained, slots=1)
    one = letters(1, 100)
    other = one[:shared] + [token + 1 for token in one[shared:]]
    ask(model, one, most=5)
    said = ask(model, other, most=10, logprobs=3)
    assert said.end.tokens_cached == shared
    assert same_or_tied(ask(opened(untrained), other, most=10, logprobs=3), said)


def test_what_a_busy_slot_remembers_is_copied(slow, opened):
    model = opened(slow, slots=2, context=1024)
    prompt = letters(1, 600)
    busy = start(model, prompt, most=400)
    busy.more()
    other = prompt[:500] + letters(7, 50)
    said = ask(model, other, most=10, logprobs=3)
    busy.ticket.cancel()
    assert said.end.tokens_cached == 500
    assert same_or_tied(ask(opened(slow, context=1024), other, most=10, logprobs=3), said)


def test_what_comes_together_is_read_once(slow, opened):
    model = opened(slow, slots=4, context=1024)
    prompts = [letters(1, 600) + letters(number, 20) for number in range(4)]
    alone = opened(slow, slots=1, context=1024)
    expected = [ask(alone, prompt, most=10, logprobs=3) for prompt in prompts]
    said = [start(model, prompt, most=10, logprobs=3) for prompt in prompts]
    assert [same_or_tied(one, other.rest()) for one, other in zip(expected, said, strict=True)] == [True] * 4
    cached = sorted(each.end.tokens_cached for each in said)
    assert cached[0] == 0
    assert cached[1] >= 600
    assert model.counts().tokens_cached == sum(cached)


def test_reader_that_others_wait_for_may_leave(slow, opened):
    model = opened(slow, slots=3, context=2048)
    prompt = letters(1, 1500)
    said = [start(model, prompt + letters(number, 20), most=5) for number in range(3)]
    until(lambda: sum(slot.busy for slot in model.slots()) == 3)
    said[0].ticket.cancel()
    assert [each.rest().end.reason for each in said[1:]] == ["length", "length"]


def test_slot_that_remembers_the_most_is_taken():
    slots = [Idle(id=0, length=300, shared=10, used=3), Idle(id=1, length=300, shared=280, used=1)]
    assert choose_slot(slots, [], 280, COSTS) == 1


def test_long_memory_is_spared_where_copying_its_beginning_is_cheap():
    slots = [Idle(id=0, length=4000, shared=200, used=9), Idle(id=1, length=20, shared=0, used=1)]
    assert choose_slot(slots, [], 200, COSTS) == 1


def test_empty_slots_are_taken_from_the_first_on():
    assert choose_slot([Idle(id=n, length=0, shared=0, used=0) for n in (2, 4, 5)], [], 0, COSTS) == 2


def test_slot_beside_the_running_ones_is_better_than_one_far_away():
    slots = [Idle(id=1, length=200, shared=0, used=5), Idle(id=14, length=0, shared=0, used=0)]
    assert choose_slot(slots, [0], 0, COSTS) == 1


def test_copying_must_be_worth_it():
    assert worth_copying(0, 100, COSTS)
    assert not worth_copying(90, 100, COSTS)
    assert not worth_copying(0, 100, Costs(token_s=1e-6, copy_s=1e-3, pass_s=1e-3))
    assert not worth_copying(0, 10**6, Costs(token_s=1.0, copy_s=float("inf"), pass_s=1.0))


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 50)), min_size=1, max_size=16),
    st.sets(st.integers(16, 20)),
)
def test_some_free_slot_is_always_chosen(told, busy):
    slots = [Idle(id=n, length=max(a, b), shared=min(a, b), used=used) for n, (a, b, used) in enumerate(told)]
    chosen = choose_slot(slots, sorted(busy), max(slot.shared for slot in slots), COSTS)
    assert chosen in {slot.id for slot in slots}
