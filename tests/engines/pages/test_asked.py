"""Questions of the playground, as browsers send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.pages.asked import prompt_of_body, read_body
from ollascope.words.errors import BadUsage

HELLO = [{"role": "user", "content": "hello"}]


def body(**said):
    return {"model": "qwen3:8b", "messages": HELLO, **said}


@pytest.mark.parametrize(
    "given",
    [
        None, [], "text", {}, {"model": "m"}, {"messages": HELLO}, body(model=""), body(model=7), body(model="a\nb"),
        body(messages=[]), body(messages="hello"), body(messages=[{"role": "system", "content": "x"}]),
        body(messages=[{"role": "user"}]), body(messages=[{"role": "user", "content": " "}]), body(messages=[7]),
        body(messages=[*HELLO, {"role": "assistant", "content": "hi"}]), body(messages=HELLO * 501),
        body(temperature=-1), body(temperature="hot"), body(temperature=True), body(temperature=float("nan")),
        body(top_p=1.1), body(top_k=1.5), body(min_p=2), body(max_tokens=0), body(seed=-1), body(seed=2**40),
        body(context=1), body(think="maybe"), body(system=7), body(url="http://elsewhere"), body(options={}),
    ],
)  # fmt: skip
def test_senseless_question_is_refused(given):
    with pytest.raises(BadUsage):
        prompt_of_body(given)


@pytest.mark.parametrize("data", [b"", b"{", b"nan", b"\xff", b"[" * 5000])
def test_body_that_is_no_json_is_refused(data):
    with pytest.raises(BadUsage):
        read_body(data)


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_ANY = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["model", "messages", "system", "think", "temperature", "seed", "x"]), _ANY))
def test_whatever_comes_is_a_prompt_or_refused(given_body):
    try:
        prompt = prompt_of_body(given_body)
    except BadUsage:
        return
    assert prompt.messages[-1].role == "user"


def test_question_becomes_a_prompt():
    prompt = prompt_of_body(
        body(
            system="Be brief.", temperature=0, top_p=0.9, top_k=40, min_p=0.05, max_tokens=20, seed=7, context=4096,
            think="off",
        )
    )  # fmt: skip
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.options == {"temperature": 0.0, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "num_ctx": 4096}
    assert (prompt.max_tokens, prompt.seed, prompt.think, prompt.stream) == (20, 7, False, True)


def test_what_is_left_out_is_the_model_s_own():
    prompt = prompt_of_body(body(system="  "))
    assert prompt.options == {}
    assert (prompt.max_tokens, prompt.seed, prompt.think, len(prompt.messages)) == (None, None, None, 1)


def test_half_a_character_is_replaced():
    assert prompt_of_body(body(messages=[{"role": "user", "content": "a\ud83d"}])).messages[0].content == "a?"
