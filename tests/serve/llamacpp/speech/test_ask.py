"""Prompts become wishes: options, limits, formats, thinking, and what a model refuses."""

from datetime import UTC, datetime

import pytest

from ollascope.apis.writing import gather
from ollascope.serve.llamacpp.speech import Asked, Speech
from ollascope.serve.llamacpp.wish import Sampling
from ollascope.words.errors import BadUsage, ContextExceeded, LoadFailed, Unsupported
from ollascope.words.prompt import Message, Prompt, ToolCall
from tests.serve.llamacpp.speech import families
from tests.serve.llamacpp.speech.scripted import KNOWING, PLAIN, Words, answer

SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def chat(*contents: str, **fields: object) -> Prompt:
    messages = tuple(Message(role=("user", "assistant")[n % 2], content=text) for n, text in enumerate(contents))
    return Prompt(model="m", messages=messages, **fields)  # type: ignore[arg-type]


def text(said: str, **extra: object) -> Prompt:
    return Prompt(model="m", operation="generate", text=said, extra=extra)  # type: ignore[arg-type]


def ask(prompt: Prompt, template: str | None = KNOWING, **words: object) -> Asked:
    return Speech(Words(template=template, **words)).ask(prompt, now=datetime(2026, 11, 21, tzinfo=UTC))  # type: ignore[arg-type]


def read(asked: Asked, words: Words | None = None) -> str:
    """The tokens of a wish as text."""
    words = words or Words()
    return b"".join(words.data(token, special=True) for token in asked.wish.tokens).decode()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, 'option "temperature" must be between 0 and 1000, not -1'),
        ({"temperature": float("nan")}, 'option "temperature" must be a number'),
        ({"top_p": 1.5}, 'option "top_p" must be between 0 and 1'),
        ({"top_k": -2}, 'option "top_k" must be between -1'),
        ({"repeat_penalty": 0}, 'option "repeat_penalty" must be between 0.01'),
        ({"min_p": "much"}, 'option "min_p" must be a number'),
        ({"presence_penalty": True}, 'option "presence_penalty" must be a number'),
    ],
)
def test_an_option_without_sense_is_refused(options, message):
    with pytest.raises(BadUsage, match=message.replace("(", r"\(")):
        ask(chat("Hi", options=options))


def test_options_become_sampling_and_unknown_ones_are_named():
    options = {
        "temperature": 0.1, "top_k": 5.0, "top_p": 0.5, "min_p": 0.1, "typical_p": 0.9, "repeat_penalty": 1.2,
        "repeat_last_n": 9, "presence_penalty": 0.3, "frequency_penalty": 0.4, "num_ctx": 99, "mirostat": 1,
        "num_gpu": 2,
    }  # fmt: skip
    asked = ask(chat("Hi", options=options, seed=7, extra={"n": 2, "logit_bias": {"1": 1}}))
    assert asked.wish.sampling == Sampling(
        temperature=0.1, top_k=5, top_p=0.5, min_p=0.1, typical_p=0.9, repeat_penalty=1.2, repeat_last=9,
        presence_penalty=0.3, frequency_penalty=0.4, seed=7,
    )  # fmt: skip
    assert (asked.ignored, asked.flags) == (("logit_bias", "mirostat", "n", "num_gpu"), ("option-ignored",))


def test_without_options_ollamas_defaults_hold():
    asked = ask(chat("Hi"))
    assert (asked.wish.sampling, asked.wish.most, asked.wish.logprobs, asked.flags) == (Sampling(), None, None, ())


@pytest.mark.parametrize(("given", "most"), [(None, None), (0, None), (-1, None), (-2, None), (5, 5)])
def test_limit_of_the_answer(given, most):
    assert ask(chat("Hi", max_tokens=given)).wish.most == most


@pytest.mark.parametrize(("given", "seed"), [(None, None), (-1, None), (0, 0), (2**32 + 3, 3)])
def test_seed_below_zero_is_chance(given, seed):
    assert ask(chat("Hi", seed=given)).wish.sampling.seed == seed


def test_too_many_or_too_long_stop_words_are_refused_and_empty_ones_left_out():
    assert ask(chat("Hi", stop=("", "a", "a"))).manner.stop == ("a",)
    with pytest.raises(BadUsage, match="more than 100 stop words"):
        ask(chat("Hi", stop=tuple(map(str, range(101)))))
    with pytest.raises(BadUsage, match="longer than 1000"):
        ask(chat("Hi", stop=("x" * 1001,)))


def test_end_is_ignored_for_those_who_measure():
    assert ask(chat("Hi", extra={"ignore_eos": True})).wish.ignore_end
    assert ask(chat("Hi", options={"ignore_eos": True})).wish.ignore_end
    assert not ask(chat("Hi")).wish.ignore_end


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (chat("Hi", tools=(TOOL,)), "does not support tools"),
        (chat("Hi", think=True), "does not support thinking"),
        (chat("Hi", think="high"), "does not support thinking"),
        (text("def f(", suffix="return"), "does not support insert"),
    ],
)
def test_what_a_model_cannot_do_is_refused_as_ollama_does(prompt, words):
    with pytest.raises(Unsupported, match=words) as caught:
        ask(prompt, PLAIN)
    assert caught.value.status == 400


def test_images_are_refused():
    for prompt in (
        text("what", images=["iVBOR"]),
        Prompt(model="m", messages=(Message(role="user", images=("iVBOR",)),)),
    ):
        with pytest.raises(BadUsage, match="does not support multimodal") as caught:
            ask(prompt)
        assert caught.value.status == 400


def test_not_thinking_is_no_wish_to_think():
    assert ask(chat("Hi", think=False), PLAIN).manner.thinking == "raw"


@pytest.mark.parametrize(("think", "manner"), [(None, "split"), (True, "split"), ("low", "split"), (False, "drop")])
def test_thoughts_are_told_apart_or_left_out(think, manner):
    assert ask(chat("Hi", think=think)).manner.thinking == manner


def test_levels_and_switches_reach_the_template():
    source = "{{ enable_thinking }} {{ thinking }} {{ reasoning_effort }}"
    assert read(ask(chat("Hi", think="high"), source)) == "True True high"
    assert read(ask(chat("Hi", think=False), source)) == "False False "
    assert read(ask(chat("Hi"), source)) == "  "


def test_a_thought_that_the_template_begins_is_seen_and_ended_where_none_is_wanted():
    assert ask(chat("Hi"), families.R1).manner.begun
    asked = ask(chat("Hi", think=False), families.R1)
    assert read(asked).endswith("<think>\n</think>\n\n")
    assert not asked.manner.begun


@pytest.mark.parametrize("think", [None, True, False, "high"])
@pytest.mark.parametrize("template", [families.QWEN3, families.R1, KNOWING])
def test_a_format_is_kept_from_the_first_token_whatever_is_thought(think, template):
    asked = ask(chat("Hi", think=think, format=SCHEMA), template)
    assert asked.wish.grammar is not None
    assert asked.manner.thinking == "raw"
    assert not read(asked).rstrip().endswith("<think>")
    assert ("thinking-left-out" in asked.flags) == bool(think)
    if template == families.QWEN3:
        assert read(asked).endswith("<think>\n\n</think>\n\n")


def test_a_format_and_tools_give_the_format():
    assert ask(chat("Hi", format="json", tools=(TOOL,))).manner.tools == frozenset()


def test_tools_that_are_not_to_be_used_are_not_told():
    asked = ask(chat("Hi", tools=(TOOL,), extra={"tool_choice": "none"}), families.QWEN3)
    assert "# Tools" not in read(asked)
    assert asked.manner.tools == frozenset()


def test_offered_tools_are_those_with_a_name():
    assert ask(chat("Hi", tools=(TOOL, {"type": "function"})), families.QWEN3).manner.tools == {"add"}


def test_raw_text_goes_as_it_is():
    asked = ask(text("<|zh|>x", raw=True))
    assert read(asked) == "<|zh|>x"
    assert len(asked.wish.tokens) == 2
    assert not asked.manner.context


def test_a_text_becomes_a_message_of_the_user():
    assert read(ask(text("Hi", system="Be brief."), families.QWEN3)) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_without_a_template_texts_go_as_they_are_and_chats_as_chatml():
    assert read(ask(text("Hi", system="x"), None)) == "Hi"
    asked = ask(chat("Hi"), None)
    assert read(asked) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert asked.manner.stop == ("<|im_end|>", "<|im_start|>")


def test_the_requests_own_template_is_filled():
    form = "{{- if .System }}[{{ .System }}] {{ end -}}\n {{ .Prompt }}:{{ .Response }} never"
    assert read(ask(text("Hi", system="Be brief.", template=form))) == "[Be brief.] Hi:"
    assert read(ask(text("Hi", template=form))) == "Hi:"
    with pytest.raises(BadUsage, match=r"range \.Messages"):
        ask(text("Hi", template="{{ range .Messages }}{{ .Content }}{{ end }}"))


def test_control_words_in_a_message_count_as_such():
    """As with llama.cpp and Ollama: the text that a template makes is one, whoever wrote its parts."""
    assert len(ask(chat("<|zh|>"), "{{ messages[0].content }}").wish.tokens) == 1


def test_context_comes_before_the_text_without_a_second_beginning():
    words = {"begins": True}
    assert ask(text("Hi", raw=True), **words).wish.tokens[0] == 0
    assert ask(text("Hi", raw=True, context=[5, 6]), **words).wish.tokens[:3] == [5, 6, 84]


@pytest.mark.parametrize("context", ["x", [1.5], [-1], [True], [2**31], {"a": 1}])
def test_context_that_is_no_list_of_tokens_is_refused(context):
    with pytest.raises(BadUsage, match="context"):
        ask(text("Hi", context=context))


def test_a_broken_template_fails_chats_and_lets_raw_texts_pass():
    speech = Speech(Words(template="{% if %}"))
    assert (speech.tools, speech.thinks) == (False, False)
    assert speech.ask(text("Hi", raw=True)).wish.tokens
    for _ in range(2):
        with pytest.raises(LoadFailed, match="cannot be understood"):
            speech.ask(chat("Hi"))


def test_a_system_that_the_template_refuses_goes_into_the_first_question():
    messages = (Message(role="system", content="Be brief."), Message(role="user", content="Hi"))
    asked = ask(Prompt(model="m", messages=messages), families.GEMMA)
    assert "user\nBe brief.\n\nHi<end_of_turn>" in read(asked)
    assert asked.flags == ("system-merged",)
    with pytest.raises(BadUsage, match="alternate"):
        ask(Prompt(model="m", messages=(*messages, Message(role="user", content="Hi"))), families.GEMMA)


LONG = [f"{number:03} {'x' * 40}" for number in range(21)]


def test_a_chat_that_is_too_long_loses_its_oldest_messages():
    messages = (Message(role="system", content="Be brief."), *chat(*LONG).messages)
    asked = ask(Prompt(model="m", messages=messages), families.QWEN3, context=500)
    said = read(asked)
    assert said.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n")
    assert LONG[-1] in said
    assert LONG[0] not in said
    assert asked.flags == ("prompt-truncated",)
    assert 350 < len(asked.wish.tokens) < 500


def test_as_much_of_a_long_chat_stays_as_fits():
    whole = len(ask(chat(*LONG), families.QWEN3).wish.tokens)
    assert ask(chat(*LONG), families.QWEN3, context=whole + 1).flags == ()
    cut = ask(chat(*LONG), families.QWEN3, context=whole)
    assert cut.flags == ("prompt-truncated",)
    assert LONG[2] in read(cut)
    assert LONG[1] not in read(cut)


@pytest.mark.parametrize("context", range(60, 1400, 67))
def test_no_question_is_lost_that_would_have_fitted(context):
    whole = [len(ask(chat(*LONG[oldest:])).wish.tokens) for oldest in range(0, len(LONG), 2)]
    fitting = [size for size in whole if size < context]
    if fitting:
        assert len(ask(chat(*LONG), context=context).wish.tokens) == max(fitting)
    else:
        with pytest.raises(ContextExceeded):
            ask(chat(*LONG), context=context)


def test_a_chat_is_not_cut_where_that_is_not_wanted():
    with pytest.raises(ContextExceeded, match=r"exceeds the available context size \(500 tokens\)") as caught:
        ask(chat(*LONG, extra={"truncate": False}), context=500)
    assert caught.value.status == 400


def test_one_message_that_is_too_long_is_refused_with_numbers():
    with pytest.raises(
        ContextExceeded, match=r"request \(\d+ tokens\) exceeds the available context size \(500 tokens\)"
    ):
        ask(chat("a", "b", "x" * 1000), context=500)


def test_an_answer_to_a_tool_is_kept_together_with_its_question():
    messages = (*chat(*LONG[:4]).messages, Message(role="user", content="q"), Message(role="assistant", content="c"),
                Message(role="tool", content="r"))  # fmt: skip
    said = read(ask(Prompt(model="m", messages=messages), PLAIN, context=100))
    assert said.startswith("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nc")


def test_a_text_that_is_too_long_loses_its_middle_or_is_refused():
    said = "a" * 4 + "m" * 2000 + "z" * 600
    asked = ask(text(said, raw=True), context=1000)
    assert read(asked) == "aaaa" + "z" * 498
    assert asked.flags == ("prompt-truncated",)
    with pytest.raises(ContextExceeded):
        ask(text(said, raw=True, truncate=False), context=1000)


def test_history_of_calls_and_thoughts_reaches_the_template():
    messages = (
        Message(role="user", content="Weather?"),
        Message(role="assistant", thinking="hm", tool_calls=(ToolCall(name="get", arguments={"c": "é"}, id="c1"),)),
        Message(role="tool", content="sun", tool_name="get", tool_call_id="c1"),
    )
    source = "{% for m in messages %}{{ m | tojson }}\n{% endfor %}"
    lines = read(ask(Prompt(model="m", messages=messages), source)).splitlines()
    assert lines[1] == (
        '{"role": "assistant", "content": "", "reasoning_content": "hm", "thinking": "hm", "tool_calls": '
        '[{"type": "function", "function": {"name": "get", "arguments": {"c": "é"}}, "id": "c1"}]}'
    )
    assert lines[2] == '{"role": "tool", "content": "sun", "name": "get", "tool_name": "get", "tool_call_id": "c1"}'


def test_marks_without_text_are_looked_up():
    asked = Speech(Words(template=families.MISTRAL, marks=("[TOOL_CALLS]", "[ARGS]"))).ask(chat("Hi", tools=(TOOL,)))
    assert asked.manner.marks == {100_000: b"[TOOL_CALLS]", 100_001: b"[ARGS]"}
    assert asked.manner.style == "list"


def test_what_a_scripted_model_says_is_told_whole():
    whole = gather(answer(chat("<|think|>")))
    assert (whole.thinking, whole.text, whole.tokens_thinking) == ("Let me think", "Forty-two", 5)
