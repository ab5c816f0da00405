"""Leaving in every phase: the slot is free at the next token or in the middle of a piece, and nobody else notices."""

import gc
import threading
import time

import psutil
import pytest

from ollascope.serve.llamacpp.slots.opening import open_model
from ollascope.serve.llamacpp.wish import End, Load, Sampling, Wish
from ollascope.words.errors import Cancelled
from tests.serve.llamacpp.slots.asking import GREEDY, ask, letters, same_or_tied, start, until


def test_leaving_while_waiting_leaves_the_queue(slow, opened):
    model = opened(slow, slots=1)
    running = start(model, letters(1, 30), most=400)
    running.more()
    waiting = [start(model, letters(number, 30), most=3) for number in range(3)]
    waiting[1].ticket.cancel()
    assert model.waiting() == 2
    assert isinstance(waiting[1].rest().last, Cancelled)
    assert waiting[1].tokens == []
    running.ticket.cancel()
    assert [waiting[number].rest().end.reason for number in (0, 2)] == ["length", "length"]


def test_leaving_while_decoding_ends_at_the_next_token(slow, opened):
    model = opened(slow, slots=1)
    said = start(model, letters(1, 30), most=400)
    said.more()
    said.ticket.cancel()
    assert isinstance(said.rest().last, Cancelled)
    assert len(said.tokens) < 400
    assert ask(model, letters(2, 30), most=3).end.reason == "length"


def test_leaving_while_reading_frees_the_slot_in_the_middle_of_a_piece(slow, opened):
    model = opened(slow, slots=1, context=4096, batch=4096)
    prompt = letters(1, 4000)
    began = time.perf_counter()
    ask(model, prompt, most=1)
    whole_s = time.perf_counter() - began
    said = start(model, letters(2, 4000))
    until(lambda: model.slots()[0].phase == "prefill")
    time.sleep(0.02)
    began = time.perf_counter()
    said.ticket.cancel()
    assert isinstance(said.rest().last, Cancelled)
    assert time.perf_counter() - began < max(0.1 * 20, whole_s)
    assert not model.slots()[0].busy
    assert model.counts().tokens_in == 4000  # of the first alone


def test_memory_is_right_after_a_prompt_was_cut_in_the_middle(slow, opened):
    alone = opened(slow, slots=1, context=2048)
    expected = ask(alone, letters(1, 1500), most=10, logprobs=3)
    model = opened(slow, slots=1, context=2048, batch=1024)
    for pause in (0.0, 0.01, 0.03):
        said = start(model, letters(1, 1500))
        until(lambda: model.slots()[0].busy)
        time.sleep(pause)
        said.ticket.cancel()
        said.rest()
    assert same_or_tied(expected, ask(model, letters(1, 1500), most=10, logprobs=3))


def test_others_in_the_same_piece_get_their_answers(slow, opened):
    alone = opened(slow, slots=1, context=1024)
    expected = ask(alone, letters(1, 100), most=10, logprobs=3)
    model = opened(slow, slots=4, context=1024, batch=1024)
    leaving = [start(model, letters(number, 900)) for number in (2, 3, 4)]
    staying = start(model, letters(1, 100), most=10, logprobs=3)
    until(lambda: sum(slot.busy for slot in model.slots()) == 4)
    for said in leaving:
        said.ticket.cancel()
    assert same_or_tied(expected, staying.rest())
    assert all(isinstance(said.rest().last, Cancelled) for said in leaving)


def test_leaving_twice_or_too_late_is_nothing(scripted, opened):
    model = opened(scripted)
    said = ask(model, "Hi")
    said.ticket.cancel()
    said.ticket.cancel()
    assert ask(model, "Hi").data == said.data
    assert said.queue.empty()


def test_leaving_from_within_the_listener_is_allowed(slow, opened):
    model = opened(slow)
    ended = threading.Event()
    tickets = []

    def listen(events):
        if tickets:
            tickets[0].cancel()
        if isinstance(events[-1], Cancelled):
            ended.set()

    tickets.append(model.submit(Wish(tokens=letters(1, 10), sampling=GREEDY), listen))
    assert ended.wait(20)


def test_leaving_after_close_is_nothing(scripted, opened):
    model = opened(scripted)
    said = start(model, "Hi<|loop|>")
    model.close()
    said.ticket.cancel()
    assert isinstance(said.rest().last, Cancelled | End)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_thousand_who_leave_leave_nothing_behind(untrained):
    model = open_model(untrained, Load(context=256, slots=4, threads=1))
    process = psutil.Process()

    def leave(times: int) -> int:
        for number in range(times):
            grammar = "root ::= [a-z ]*" if number % 10 == 0 else None
            said = start(model, letters(number, 20), most=200, grammar=grammar, sampling=Sampling(seed=number))
            if number % 3:
                said.more()
            said.ticket.cancel()
            if number % 50 == 0:
                said.rest()
        until(lambda: model.waiting() == 0 and not any(slot.busy for slot in model.slots()))
        gc.collect()
        return process.memory_info().rss

    before = leave(2000)
    after = leave(8000)
    assert after - before < 6_000_000
    assert ask(model, letters(1, 20), most=5).end.reason == "length"
    model.close()


def test_stopping_while_decoding_keeps_what_there_is(slow, opened):
    model = opened(slow, slots=1)
    said = start(model, letters(1, 30), most=400)
    said.more()
    said.ticket.stop()
    last = said.rest().last
    assert isinstance(last, End)
    assert (last.reason, last.tokens_in) == ("stop", 30)
    assert len(said.tokens) <= last.tokens_out < 400


def test_stopping_while_waiting_is_leaving(slow, opened):
    model = opened(slow, slots=1)
    running = start(model, letters(1, 30), most=400)
    running.more()
    waiting = start(model, letters(2, 30), most=3)
    waiting.ticket.stop()
    assert isinstance(waiting.rest().last, Cancelled)
    running.ticket.cancel()
