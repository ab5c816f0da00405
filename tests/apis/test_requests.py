"""Requests of the three APIs: what is refused, with which words and status, and what is understood."""

import json

import pytest

from ollascope.apis import anthropic_request, ollama_request, openai_request
from ollascope.apis.formats import read_request, write_request
from ollascope.words.errors import BadUsage, ModelMissing
from ollascope.words.prompt import Message, Prompt, ToolCall

PIXEL = "iVBORw0KGgo="


def ask(api, action, **fields):
    return read_request(api, action, json.dumps(fields).encode())


def refused(api, action, kind=BadUsage, **fields):
    with pytest.raises(kind) as caught:
        ask(api, action, **fields)
    return caught.value.status, caught.value.message


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"format": "xml"}, 500, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'),
        ({"options": {"temperature": "hot"}}, 500, 'option "temperature" must be of type float32'),
        ({"options": {"num_ctx": True}}, 500, 'option "num_ctx" must be of type integer'),
        ({"options": {"use_mmap": 1}}, 500, 'option "use_mmap" must be of type boolean'),
        ({"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
        ({"options": {"stop": [1]}}, 500, 'option "stop" must be of an array of strings'),
        ({"options": []}, 400, "json: cannot unmarshal array into Go struct field"),
        ({"think": "hard"}, 400, 'invalid think value: "hard"'),
        ({"think": 1}, 400, "invalid think value: number"),
        ({"keep_alive": "5"}, 400, 'time: missing unit in duration "5"'),
        ({"keep_alive": "5x"}, 400, 'time: invalid duration "5x"'),
        ({"keep_alive": []}, 400, "json: cannot unmarshal array into Go struct field keep_alive"),
        ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        ({"stream": "yes"}, 400, "json: cannot unmarshal string into Go struct field"),
        ({"model": "a b"}, 400, "invalid model name"),
        ({"model": "../etc"}, 400, "invalid model name"),
        ({"model": "a" * 200}, 400, "invalid model name"),
    ],
)
@pytest.mark.parametrize("action", ["chat", "generate"])
def test_ollama_refuses_in_its_own_words(action, fields, status, message):
    found = refused("ollama", action, **{"model": "m", "prompt": "x", **fields})
    assert found[0] == status
    assert found[1].startswith(message)


@pytest.mark.parametrize(
    "messages",
    [
        "hi",
        ["hi"],
        [{"role": 7}],
        [{"role": "user", "content": ["a"]}],
        [{"role": "user", "images": "x"}],
        [{"role": "assistant", "tool_calls": {}}],
        [{"role": "assistant", "tool_calls": [{"function": []}]}],
        [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": []}}]}],
    ],
)
def test_messages_of_a_wrong_shape_are_refused(messages):
    for api in ("ollama",) if "images" in str(messages) else ("ollama", "openai"):
        status, words = refused(api, "chat", model="m", messages=messages)
        assert status == 400
        assert words.startswith("json: cannot unmarshal") or "invalid message format" in words


def test_missing_model_is_told_as_each_route_does():
    assert refused("ollama", "generate", ModelMissing, prompt="x") == (404, "model '' not found")
    assert refused("ollama", "chat", messages=[]) == (400, "model is required")
    assert refused("ollama", "embed", ModelMissing, input="x")[0] == 404
    assert refused("openai", "chat", messages=[{"role": "user"}]) == (400, "model is required")
    assert refused("anthropic", "chat", max_tokens=1, messages=[{"role": "user"}]) == (400, "model is required")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "[] is too short - 'messages'"),
        ({"response_format": {"type": "xml"}}, "response_format type must be"),
        ({"reasoning_effort": "huge"}, "invalid reasoning value: 'huge'"),
        ({"stop": 7}, "stop must be a text or a list of texts"),
        ({"stop": [7]}, "stop must be a text or a list of texts"),
        (
            {"temperature": "hot"},
            "json: cannot unmarshal string into Go struct field ChatCompletionRequest.temperature",
        ),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs must be between 0 and 20"),
        ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "invalid message format"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}
                ]
            },
            "invalid image input",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "invalid image input"),
    ],
)
def test_openai_refuses_in_its_own_words(fields, message):
    status, words = refused(
        "openai", "chat", **{"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}
    )
    assert status == 400
    assert words.startswith(message)


@pytest.mark.parametrize("value", [None, [], 7, [7], [[1, 2]], {}])
def test_openai_refuses_to_embed_what_is_no_text(value):
    assert refused("openai", "embed", model="m", input=value) == (400, "invalid input")


@pytest.mark.parametrize("value", [7, [7], ["a", None], {}])
def test_ollama_refuses_to_embed_what_is_no_text(value):
    assert refused("ollama", "embed", model="m", input=value) == (400, "invalid input type")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_tokens": 0}, "max_tokens is required and must be positive"),
        ({"messages": []}, "messages is required"),
        ({"thinking": {"type": "maybe"}}, "thinking.type must be"),
        ({"thinking": {"type": {}}}, "thinking.type must be"),
        ({"system": 7}, "json: cannot unmarshal number"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, "unsupported content block: video"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]}, "invalid image"),
    ],
)
def test_anthropic_refuses_in_its_own_words(fields, message):
    start = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    status, words = refused("anthropic", "chat", **{**start, **fields})
    assert status == 400
    assert words.startswith(message)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("1h30m", 5400), ("-1s", -1), ("300ms", 0.3), ("0", 0), ("1.5h", 5400), ("2µs", 2e-6)],
)
def test_durations_are_go_s(text, seconds):
    assert ollama_request.duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("keep_alive", "seconds"), [(None, 300), (-1, float("inf")), ("-1m", float("inf")), (0, 0), (90, 90), ("2m", 120)]
)
def test_lifetime_of_a_model(keep_alive, seconds):
    assert ollama_request.lifetime_s(keep_alive, default=300) == seconds


def test_request_without_words_only_loads():
    assert ollama_request.only_loads(ask("ollama", "chat", model="m"))
    assert ollama_request.only_loads(ask("ollama", "generate", model="m", prompt="", keep_alive=0))
    assert not ollama_request.only_loads(ask("ollama", "generate", model="m", prompt="x"))
    assert not ollama_request.only_loads(ask("ollama", "chat", model="m", messages=[{"role": "user", "content": ""}]))


def test_names_of_models():
    good = ("m", "qwen3:0.6b", "hf.co/unsloth/Qwen3-0.6B-GGUF:Q4_K_M", "localhost:5000/lib/plain", "a/b")
    assert all(map(ollama_request.valid_name, good))
    assert not any(map(ollama_request.valid_name, ("", "a b", "a:", "/a", "a//b", "a\n", "ä", ":x", "-a")))


def test_options_of_a_prompt_have_one_name_in_every_api():
    common = {"max_tokens": 9, "stop": ("END",), "seed": 3}
    one = ask("ollama", "chat", model="m", options={"num_predict": 9, "stop": ["END"], "seed": 3, "temperature": 0.5})
    two = ask(
        "openai", "chat", model="m", max_tokens=9, stop="END", seed=3, temperature=0.5, messages=[{"role": "user"}]
    )
    three = ask(
        "anthropic",
        "chat",
        model="m",
        max_tokens=9,
        stop_sequences=["END"],
        temperature=0.5,
        messages=[{"role": "user"}],
    )
    for prompt in (one, two, three):
        assert prompt.options == {"temperature": 0.5}
        assert (prompt.max_tokens, prompt.stop) == (common["max_tokens"], common["stop"])
    assert (one.seed, two.seed) == (3, 3)


def test_unknown_fields_pass_through():
    sent = {"model": "m", "x_new": {"a": [1]}, "messages": [{"role": "user", "content": "x", "x_inner": 1}]}
    for api in ("ollama", "openai"):
        prompt = ask(api, "chat", **sent)
        assert prompt.extra == {"x_new": {"a": [1]}}
        assert json.loads(write_request(api, "chat", prompt))["messages"][0]["x_inner"] == 1


def test_conversation_means_the_same_in_every_api():
    call = ToolCall(name="add", id="c1", arguments={"a": 1})
    prompt = Prompt(
        model="m",
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content="What is it?", images=(PIXEL,)),
            Message(role="assistant", thinking="Hm.", tool_calls=(call,)),
            Message(role="tool", content="2", tool_call_id="c1"),
        ),
        tools=({"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}},),
        max_tokens=10,
        stream=False,
    )
    for api in ("ollama", "openai", "anthropic"):
        assert read_request(api, "chat", write_request(api, "chat", prompt)) == prompt


def test_openai_content_in_parts_is_joined():
    parts = [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        {"type": "text", "text": "b"},
    ]
    message = ask("openai", "chat", model="m", messages=[{"role": "user", "content": parts}]).messages[0]
    assert (message.content, message.images) == ("ab", (PIXEL,))


def test_stream_asks_for_its_counts_unless_the_caller_said_otherwise():
    stream = json.loads(write_request("openai", "chat", Prompt(model="m")))
    assert stream["stream_options"] == {"include_usage": True}
    own = Prompt(model="m", extra={"stream_options": {"include_usage": False}})
    assert json.loads(write_request("openai", "chat", own))["stream_options"] == {"include_usage": False}
    assert "stream_options" not in json.loads(write_request("openai", "chat", Prompt(model="m", stream=False)))


def test_options_that_a_format_cannot_carry_are_named():
    prompt = Prompt(model="m", options={"num_ctx": 4096, "temperature": 1}, seed=1)
    assert openai_request.ignored_options(prompt) == ("num_ctx",)
    assert anthropic_request.ignored_options(prompt) == ("num_ctx", "seed")
    assert "num_ctx" not in json.loads(write_request("openai", "chat", prompt))


def test_both_limits_of_openai_are_understood():
    start = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    assert ask("openai", "chat", **start, max_completion_tokens=5).max_tokens == 5
    assert ask("openai", "chat", **start, max_completion_tokens=5, max_tokens=7).max_tokens == 7


def test_effort_is_a_way_to_think():
    start = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    assert ask("openai", "chat", **start, reasoning_effort="none").think is False
    assert ask("openai", "chat", **start, reasoning_effort="high").think == "high"
    assert json.loads(write_request("openai", "chat", Prompt(model="m", think=True)))["reasoning_effort"] == "medium"


def test_results_of_tools_share_one_message_of_anthropic():
    prompt = Prompt(
        model="m",
        messages=(
            Message(role="tool", content="1", tool_call_id="a"),
            Message(role="tool", content="2", tool_call_id="b"),
            Message(role="user", content="and?"),
        ),
    )
    sent = json.loads(write_request("anthropic", "chat", prompt))["messages"]
    assert [(message["role"], len(message["content"])) for message in sent] == [("user", 2), ("user", 4)]


def test_budget_for_thinking_is_kept():
    thinking = {"type": "enabled", "budget_tokens": 1024}
    prompt = ask("anthropic", "chat", model="m", max_tokens=2048, messages=[{"role": "user"}], thinking=thinking)
    assert prompt.think is True
    assert json.loads(write_request("anthropic", "chat", prompt))["thinking"] == thinking
