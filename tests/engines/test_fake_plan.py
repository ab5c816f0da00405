"""What the fake decides of a prompt: a pure function of prompt, settings and chance."""

from dataclasses import replace
from itertools import islice
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.fake import Fake, decide
from ollascope.engines.fake.decide import vector
from ollascope.engines.fake.plan import SECOND, Times
from ollascope.engines.fake.scripts import SCRIPTS, count, ids
from ollascope.engines.fake.settings import Answering, Failing
from ollascope.words.errors import BadUsage, ContextExceeded, EngineBusy, Trouble, Unsupported
from ollascope.words.prompt import Message, Prompt

QUICK = Fake(ttft_s=0.1, gap_s=0.01)
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


def say(text, **more):
    return Prompt(model="scripted", operation="generate", text=text, **more)


def chat(*texts, **more):
    messages = tuple(Message(role="user", content=text) for text in texts)
    return Prompt(model="scripted", operation="chat", messages=messages, **more)


def planned(prompt, settings=QUICK, seed=1):
    return decide(prompt, settings, Random(seed))


def steps(prompt, settings=QUICK, seed=1):
    return list(planned(prompt, settings, seed).steps())


def text_of(found):
    return "".join(chunk.text for _, chunk in found)


@given(st.text(max_size=60), st.integers(0, 2**32), st.sampled_from(["fixed", "uniform", "exponential", "lognormal"]))
def test_same_prompt_settings_and_chance_give_the_same_answer(text, seed, shape):
    settings = replace(QUICK, gap_shape=shape)
    assert planned(say(text), settings, seed) == planned(say(text), settings, seed)
    assert steps(say(text), settings, seed) == steps(say(text), settings, seed)


@given(st.text(min_size=1, max_size=40), st.integers(1, 50))
def test_no_answer_is_longer_than_its_limit_and_only_the_last_piece_counts(text, limit):
    found = steps(say(text, max_tokens=limit))
    counts = [chunk.tokens_out for _, chunk in found]
    assert counts[:-1] == [None] * (len(found) - 1)
    assert 1 <= counts[-1] <= limit


@given(st.sampled_from(["fixed", "uniform", "exponential", "lognormal"]), st.integers(0, 2**32))
def test_pieces_come_in_the_order_of_their_times(shape, seed):
    times = [at for at, _ in steps(say("<|loop|>", max_tokens=40), replace(QUICK, gap_shape=shape), seed)]
    assert times == sorted(times)


@pytest.mark.parametrize("shape", ["fixed", "uniform", "exponential", "lognormal"])
def test_gaps_have_the_mean_that_was_asked_for(shape):
    times = Times(gap=0.02 * SECOND, shape=shape, spread=0.5)
    assert mean(islice(times.gaps(seed=3), 20_000)) == pytest.approx(0.02 * SECOND, rel=0.03)


def test_each_token_comes_a_gap_after_the_one_before_and_so_does_the_end():
    assert [at for at, _ in steps(say("Hi"))] == [number * SECOND // 100 for number in range(8)]


def test_a_limit_ends_an_answer_with_its_last_token():
    *_, (before, _), (at, last) = steps(say("<|loop|>", max_tokens=5))
    assert (last.reason, last.tokens_out, at) == ("length", 5, before)


def test_characters_cut_between_tokens_are_joined():
    assert [chunk.text for _, chunk in steps(chat("<|zh|>"))] == ["你好", "，世", "界。", ""]


def test_plain_and_careful_speech_say_the_same():
    for name in (name for name in SCRIPTS if name not in {"<|think|>", "<|tool|>", "<|tools|>"}):
        plain = steps(say(name, max_tokens=20))
        careful = steps(say(name, max_tokens=20, stop=("never said",)))
        assert text_of(plain) == text_of(careful)
        assert plain[-1] == careful[-1]


def test_stop_word_ends_the_answer_and_is_not_said():
    found = steps(say("<|stop|>", stop=("STOP",)))
    assert text_of(found) == "Count: 1 2 "
    assert (found[-1][1].reason, found[-1][1].tokens_out) == ("stop", 5)


@given(st.text(st.sampled_from("ab "), min_size=1, max_size=4))
def test_no_stop_word_is_ever_said(word):
    settings = replace(QUICK, answer=Answering(tokens=30))
    assert word not in text_of(steps(say("x", stop=(word,)), settings))


def test_thinking_is_split_off_unless_it_is_switched_off():
    found = steps(chat("<|think|>"))
    assert "".join(chunk.thinking for _, chunk in found) == "Let me think"
    assert text_of(found) == "Forty-two"
    assert "<think>" in text_of(steps(chat("<|think|>", think=False)))


def test_tool_that_was_offered_is_called():
    found = [chunk for _, chunk in steps(chat("<|tool|>", tools=(WEATHER,)))]
    assert [(call.name, call.arguments) for chunk in found for call in chunk.tool_calls] == [
        ("get_weather", {"city": "Paris"})
    ]
    assert text_of([(0, chunk) for chunk in found]) == ""


def test_tool_that_was_not_offered_stays_in_the_text():
    other = {"type": "function", "function": {"name": "add"}}
    assert "get_weather" in text_of(steps(chat("<|tool|>", tools=(other,))))


def test_coin_falls_by_the_clients_seed_three_times_of_four():
    def toss(seed):
        return text_of(steps(say("<|coin|>", seed=seed, options={"temperature": 1})))

    heads = sum("heads" in toss(seed) for seed in range(400))
    assert 250 < heads < 350
    assert toss(7) == toss(7)
    assert "heads" in text_of(steps(say("<|coin|>")))


def test_length_and_thinking_of_an_answer_are_settings():
    settings = replace(QUICK, answer=Answering(tokens=12, thinking=5))
    found = steps(chat("Hi"), settings)
    assert found[-1][1].tokens_out == 12 + 5 + 2 + 1  # two marks around the thinking, and the end
    assert len(text_of(found).split()) == 12


def test_answers_vary_as_much_as_the_settings_say():
    settings = replace(QUICK, answer=Answering(tokens=100, spread=0.5))
    sizes = {steps(say("x"), settings, seed)[-1][1].tokens_out - 1 for seed in range(50)}
    assert len(sizes) > 20
    assert min(sizes) >= 50
    assert max(sizes) <= 150


def test_tokens_of_a_text_are_its_bytes_and_control_words():
    assert count("Hi <|zh|>") == len(ids("Hi <|zh|>")) == 4


@given(st.text(max_size=50))
def test_there_are_as_many_numbers_as_tokens(text):
    assert count(text) == len(ids(text))


def test_prompt_longer_than_the_context_is_cut_or_refused():
    long = "word " * 1000
    assert planned(say(long)).tokens_in < 2048
    with pytest.raises(ContextExceeded):
        planned(say(long, extra={"truncate": False}))


def test_chat_longer_than_the_context_loses_its_oldest_messages():
    plan = planned(chat("first", *["x" * 500] * 8, "<|zh|>"))
    assert plan.tokens_in <= 2048
    assert "first" not in plan.text
    assert text_of(list(plan.steps())) == "你好，世界。"


@pytest.mark.parametrize(
    ("prompt", "error"),
    [
        (replace(chat("Hi"), model="vectors"), Unsupported),
        (replace(chat("Hi", tools=(WEATHER,)), model="plain"), Unsupported),
        (replace(chat("Hi", think=True), model="plain"), Unsupported),
        (say("Hi", extra={"suffix": "x"}), Unsupported),
        (say("Hi", extra={"images": ["x"]}), BadUsage),
        (Prompt(model="scripted", operation="embed", inputs=("Hi",)), Unsupported),
        (Prompt(model="vectors", operation="embed", inputs=("Hi", "")), BadUsage),
        (say("Hi", stop=tuple(map(str, range(101)))), BadUsage),
    ],
)
def test_what_a_model_cannot_do_is_refused(prompt, error):
    with pytest.raises(error):
        planned(prompt)


@given(st.text(max_size=200), st.integers(1, 600))
def test_vector_is_one_long_or_nothing_and_the_same_each_time(text, dimensions):
    found = vector(text, dimensions)
    assert found == vector(text, dimensions)
    assert len(found) == min(dimensions, 512)
    assert sum(value * value for value in found) == pytest.approx(1 if any(found) else 0)


@pytest.mark.parametrize("kind", ["line", "cut", "stall", "garbage", "content-type", "unfinished"])
def test_prompt_may_ask_for_a_failure(kind):
    fault = planned(say(f"please <|fail:{kind}|>")).fault
    assert fault is not None
    assert fault.kind == kind


def test_prompt_may_ask_for_a_status():
    with pytest.raises(Trouble) as caught:
        planned(say("<|fail:503|>"))
    assert isinstance(caught.value, EngineBusy)


def test_as_many_requests_fail_as_the_settings_say():
    settings = replace(QUICK, failures=Failing(kind="cut", share=0.25))
    failing = sum(planned(say("x"), settings, seed).fault is not None for seed in range(1000))
    assert 200 < failing < 300


@given(st.sampled_from([*SCRIPTS]), st.integers(0, 5), st.booleans())
def test_every_token_but_the_end_has_its_probability(name, others, whole):
    found = steps(chat(name, logprobs=others, max_tokens=20, think=False))
    entries = [entry for _, chunk in found for entry in chunk.logprobs]
    last = found[-1][1]
    assert len(entries) == last.tokens_out - (last.reason == "stop")
    assert all(len(entry.others) == others for entry in entries)
