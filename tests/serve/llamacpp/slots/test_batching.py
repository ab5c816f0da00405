"""Many answers at once: each says what it says alone, they come and go in order, and figures are kept."""

import random

import numpy as np
import pytest

from ollascope.serve.llamacpp.slots.steps import Steps
from ollascope.serve.llamacpp.wish import Sampling, Wish
from ollascope.words.errors import BadUsage, Cancelled, InferenceFailed
from tests.serve.llamacpp.slots.asking import GREEDY, ask, letters, same_or_tied, start, until


@pytest.mark.parametrize("slots", [3, 8])
def test_forty_answers_together_are_those_of_one_at_a_time(untrained, opened, slots):
    chance = random.Random(slots)
    wishes = [(letters(number, chance.randint(3, 200)), chance.randint(3, 40)) for number in range(40)]
    alone = opened(untrained, slots=1, context=300)
    expected = [ask(alone, tokens, most=most, logprobs=3) for tokens, most in wishes]
    together = opened(untrained, slots=slots, context=300, batch=64)
    said = []
    for tokens, most in wishes:
        said.append(start(together, tokens, most=most, logprobs=3))
        if chance.random() < 0.4:
            said[chance.randrange(len(said))].rest()  # some come when others are in the middle
    assert [same_or_tied(one, other.rest()) for one, other in zip(expected, said, strict=True)] == [True] * 40
    if together.facts()["same_alone"]:  # by the build of llama.cpp: then to the last bit of every probability
        assert [one.tokens for one in expected] == [other.tokens for other in said]
    assert sum(one.ids == other.ids for one, other in zip(expected, said, strict=True)) >= 37


def test_answer_does_not_depend_on_how_its_prompt_is_cut(untrained, opened):
    lengths = (1, 2, 33, 64, 65, 130, 200)
    model = opened(untrained, slots=1, context=300)
    whole = [ask(model, letters(9, length), most=20, logprobs=3) for length in lengths]
    model = opened(untrained, slots=4, context=300, batch=32)
    for length, alone in zip(lengths, whole, strict=True):
        others = [start(model, letters(number, length + number), most=3) for number in (1, 2, 3)]
        said = ask(model, letters(9, length), most=20, logprobs=3)
        assert said.tokens == alone.tokens if model.facts()["same_alone"] else same_or_tied(alone, said)
        for other in others:
            other.rest()


def test_sampled_answers_do_not_disturb_each_other(scripted, opened):
    sampling = [Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=seed) for seed in range(30)]
    alone = opened(scripted, slots=1)
    expected = [ask(alone, "Hi<|coin|>", sampling=each).data for each in sampling]
    together = opened(scripted, slots=8)
    said = [start(together, "Hi<|coin|>", sampling=each) for each in sampling]
    assert [each.rest().data for each in said] == expected
    assert len(set(expected)) == 2


def test_who_came_first_is_served_first(slow, opened):
    model = opened(slow, slots=1)
    said = [start(model, letters(number, 30), most=20) for number in range(5)]
    until(lambda: model.waiting() == 4)
    ends = []
    for each in said:
        each.rest()
        ends.append(each.end)
    waits = [end.queue_s for end in ends]
    assert waits == sorted(waits)
    assert waits[0] < waits[4]
    assert model.waiting() == 0


def test_short_answer_is_not_held_up_by_a_long_one(slow, opened):
    model = opened(slow, slots=2)
    long = start(model, letters(1, 30), most=400)
    long.more()
    assert ask(model, letters(2, 30), most=5).end.reason == "length"
    assert len(long.tokens) < 400
    long.ticket.cancel()


def test_running_answer_goes_on_while_another_reads_a_long_prompt(slow, opened):
    model = opened(slow, slots=2, context=2048)
    long = start(model, letters(1, 30), most=2000)
    long.more()
    reader = start(model, letters(2, 1900), most=1)
    reader.rest()
    while not long.queue.empty():
        long.more()
    assert len(long.tokens) > 1  # at least a token for each piece of the prompt
    long.ticket.cancel()


def test_slots_and_counts_tell_what_happens(slow, opened):
    model = opened(slow, slots=2)
    said = start(model, letters(1, 30), most=400)
    said.more()
    [busy] = [slot for slot in model.slots() if slot.busy]
    assert (busy.phase, busy.tokens_in) == ("decode", 30)
    assert busy.tokens_out >= 1
    said.ticket.cancel()
    until(lambda: not any(slot.busy for slot in model.slots()))
    ask(model, letters(2, 20), most=5)
    counts = model.counts()
    assert (counts.requests, counts.tokens_in) == (2, 50)
    assert counts.tokens_out >= 6
    assert counts.busy_slots >= counts.decodes > 0
    assert min(counts.prefill_s, counts.decode_s) > 0


def test_gaps_between_running_slots_change_no_answer(untrained, opened):
    alone = opened(untrained, slots=1)
    expected = [ask(alone, letters(number, 20), most=60, logprobs=3) for number in range(4)]
    model = opened(untrained, slots=4)
    said = [start(model, letters(number, 20), most=60 if number in {0, 3} else 5, logprobs=3) for number in range(4)]
    ends = [each.rest() for each in said]
    assert same_or_tied(expected[0], ends[0])
    assert same_or_tied(expected[3], ends[3])
    again = [ask(model, letters(number, 20), most=60, logprobs=3) for number in range(4)]  # on what the gaps remember
    assert [same_or_tied(one, other) for one, other in zip(expected, again, strict=True)] == [True] * 4


def test_listener_that_fails_ends_nobody_elses_answer(scripted, opened, caplog):
    model = opened(scripted)

    def broken(events):
        raise ZeroDivisionError

    model.submit(Wish(tokens=model.tokens("Hi"), sampling=GREEDY), broken)
    assert ask(model, "Hi").end.reason == "stop"
    assert "listener" in caplog.text


def test_bug_in_the_loop_is_named_and_the_next_answer_is_right(scripted, opened, caplog, monkeypatch):
    model = opened(scripted)
    whole = ask(model, "Hi").data
    with monkeypatch.context() as patch:
        patch.setattr(Steps, "_give", lambda *_: {}["nothing"])
        said = ask(model, "Hi")
        assert isinstance(said.last, InferenceFailed)
        assert "KeyError" in said.last.message
    assert "a bug in the decode loop" in caplog.text
    assert ask(model, "Hi").data == whole


def test_model_whose_numbers_are_none_is_named(untrained, opened, tmp_path):
    data = bytearray(untrained.read_bytes())
    data[-40_000:] = np.full(20_000, np.nan, np.float16).tobytes()
    path = tmp_path / "broken.gguf"
    path.write_bytes(data)
    said = ask(opened(path), "ab", most=5)
    assert isinstance(said.last, InferenceFailed)
    assert "not a number" in said.last.message


def test_close_ends_all_answers(slow, opened):
    model = opened(slow, slots=1)
    running = start(model, letters(1, 30), most=400)
    running.more()
    waiting = start(model, letters(2, 30))
    model.close()
    for said in (running, waiting):
        assert isinstance(said.rest().last, Cancelled)


def test_close_does_not_wait_for_a_long_prompt(slow, opened):
    model = opened(slow, slots=1, context=4096, batch=2048)
    said = start(model, letters(1, 4000))
    until(lambda: model.slots()[0].busy)
    model.close()
    assert isinstance(said.rest().last, Cancelled)


def test_bad_wish_takes_no_slot(scripted, opened):
    model = opened(scripted, slots=1)
    for _ in range(3):
        with pytest.raises(BadUsage):
            start(model, [])
    assert ask(model, "Hi").end.reason == "stop"
    assert model.counts().requests == 1
