"""Known answers: the text, the probabilities, the ends and the counts that a scripted model must give."""

import math
import queue

import pytest

from ollascope.registry.gguf.scripted import CERTAIN, STORIES, story
from ollascope.serve.llamacpp.wish import End, Sampling, Wish
from ollascope.words.errors import BadUsage, ContextExceeded
from tests.serve.llamacpp.slots.asking import GREEDY, PLAIN, ask, letters, start

BAD_NUMBERS = {"temperature": math.nan, "top_p": math.inf, "repeat_penalty": 0.0, "presence_penalty": -math.inf}


@pytest.mark.parametrize(("tokens", "complaint"), [([], "no text"), ([-1], "tokens 0 to"), ([5, 10**6], "tokens 0 to")])
def test_tokens_that_are_none_are_refused(scripted, opened, tokens, complaint):
    with pytest.raises(BadUsage, match=complaint):
        start(opened(scripted), tokens)


@pytest.mark.parametrize("name", BAD_NUMBERS)
def test_sampling_that_is_no_number_is_refused(scripted, opened, name):
    with pytest.raises(BadUsage, match=name.partition("_")[0]):
        start(opened(scripted), "Hi", sampling=Sampling(**{name: BAD_NUMBERS[name]}))


def test_prompt_that_cannot_fit_is_refused_at_once(scripted, opened):
    model = opened(scripted, context=300)
    with pytest.raises(ContextExceeded, match=r"300 tokens.*at most 299"):
        start(model, letters(1, 300))
    assert ask(model, letters(1, 299)).end.tokens_out == 1


@pytest.mark.parametrize("trigger", [name for name in STORIES if name not in {"<|loop|>", "<|coin|>"}])
def test_story_is_told_to_the_byte(scripted, opened, trigger):
    said = ask(opened(scripted), "Hi" if trigger == "default" else f"Hi{trigger}")
    assert said.data.decode() == story(trigger)
    pieces = len(STORIES[trigger])
    assert (said.end.reason, said.end.tokens_out, len(said.tokens)) == ("stop", pieces + 1, pieces)


def test_each_event_is_told_once_and_the_end_comes_last(scripted, opened):
    said = ask(opened(scripted), "Hi")
    assert [type(event) for event in said.events].count(End) == 1
    assert said.events[-1] is said.end
    assert said.end.tokens_in == 2
    assert min(said.end.queue_s, said.end.prefill_s, said.end.decode_s) >= 0


@pytest.mark.parametrize("most", [0, 1, 2, 7])
def test_most_is_kept(scripted, opened, most):
    said = ask(opened(scripted), "Hi<|loop|>", most=most)
    assert (said.end.reason, said.end.tokens_out, len(said.tokens)) == ("length", most, most)


def test_most_is_kept_where_characters_never_become_whole(scripted, opened):
    said = ask(opened(scripted), "Hi<|emoji|>", most=1)
    assert (said.data, said.end.reason) == (b"\xf0\x9f", "length")


def test_answer_ends_where_the_context_does(scripted, opened):
    said = ask(opened(scripted, context=300), letters(3, 279) + opened(scripted).tokens("<|loop|>"))
    assert (said.end.reason, said.end.tokens_in, said.end.tokens_out) == ("length", 280, 20)


def test_end_token_that_is_to_be_ignored_never_comes(scripted, opened):
    said = ask(opened(scripted), "Hi", ignore_end=True, most=60)
    assert (said.end.reason, said.end.tokens_out) == ("length", 60)
    assert said.data.startswith(story().encode())


def test_probabilities_are_the_models_own_whatever_the_sampling(scripted, opened):
    model = opened(scripted)
    for sampling in (GREEDY, PLAIN, Sampling(temperature=0.2, seed=1), Sampling(top_k=1, presence_penalty=1.5)):
        side = ask(model, "Hi<|coin|>", sampling=sampling, logprobs=2).tokens[1]
        likely = {other.data: other.logprob for other in side.others}
        assert likely == {
            b" heads": pytest.approx(math.log(0.75), abs=1e-3),
            b" tails": pytest.approx(math.log(0.25), abs=1e-3),
        }
        assert side.logprob == likely[side.data]


def test_probability_of_what_is_not_scripted_is_known_too(scripted, opened):
    model = opened(scripted)
    first = ask(model, "Hi", logprobs=3).tokens[0]
    assert first.logprob == pytest.approx(0.0, abs=1e-3)
    assert [other.logprob for other in first.others[1:]] == [pytest.approx(-CERTAIN, abs=1e-2)] * 2
    assert first.others[0].id == first.id


@pytest.mark.parametrize(("wanted", "given"), [(None, None), (0, 0), (1, 1), (5, 5), (10**6, 331)])
def test_as_many_others_are_told_as_were_wanted(scripted, opened, wanted, given):
    token = ask(opened(scripted), "Hi", logprobs=wanted, most=1).tokens[0]
    assert (token.logprob is None, len(token.others)) == (given is None, given or 0)


def test_same_seed_says_the_same_and_another_something_else(untrained, opened):
    model = opened(untrained)
    sampling = {seed: Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=seed) for seed in (1, 2)}
    texts = [ask(model, "ab", sampling=sampling[seed], most=30).ids for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_no_seed_is_chance(untrained, opened):
    model = opened(untrained)
    assert len({tuple(ask(model, "ab", sampling=PLAIN, most=20).ids) for _ in range(3)}) > 1


def test_min_p_and_top_k_cut_what_is_unlikely(scripted, opened):
    model = opened(scripted)
    coin = model.tokens("<|coin|>")
    for cut in ({"top_k": 1}, {"min_p": 0.5}, {"top_p": 0.7}):
        sampling = [Sampling(**({"temperature": 1.0, "top_p": 1.0} | cut), seed=seed) for seed in range(20)]
        assert {ask(model, coin, sampling=each).data for each in sampling} == {b"Coin: heads"}


def test_repetition_is_penalised_out_of_a_loop(scripted, opened):
    model = opened(scripted)
    heavy = Sampling(temperature=0, repeat_penalty=1.0, presence_penalty=100.0)
    said = ask(model, "Hi<|loop|>", sampling=heavy, most=12).data
    assert said.startswith(b" one two three four five six seven eight")
    assert said.count(b" one") == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_thousand_coins_fall_as_often_as_they_should(scripted, opened):
    model = opened(scripted, slots=64, context=64)
    came: queue.SimpleQueue[list] = queue.SimpleQueue()
    coin = [model.tokens("x")[0], ask(model, "<|coin|>", most=1).ids[0]]
    for seed in range(10_000):
        sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, repeat_penalty=1.0, seed=seed)
        model.submit(Wish(tokens=coin, sampling=sampling, most=1), came.put)
    sides = [came.get(timeout=60)[0].data for _ in range(10_000)]
    assert set(sides) == {b" heads", b" tails"}
    within = 2.576 * math.sqrt(10_000 * 0.75 * 0.25)
    assert abs(sides.count(b" heads") - 7500) <= within
