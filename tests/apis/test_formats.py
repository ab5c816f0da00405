"""What every format promises: what is written reads back the same, recordings come out as they were, fuzz is named."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ollascope.apis.errors import read_error, refusal
from ollascope.apis.formats import WIRES, answer_reader, answer_writer, read_request, write_request
from ollascope.apis.models import ProgressReader, read_card, read_models, read_openai_models, read_order, read_version
from ollascope.apis.openai_write import finish_reason
from ollascope.apis.routes import find
from ollascope.apis.writing import Stamp, gather
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble, Unsupported
from ollascope.words.prompt import Prompt
from tests.apis import strategies
from tests.apis.test_transcripts import ANSWERS, read, reader_of
from tests.apis.transcripts import exchanges, objects, shape

STAMP = Stamp(model="demo:latest", id="01HZX5", now_ns=lambda: 1_795_226_158_123_456_700)
USAGE = {"stream_options": {"include_usage": True}}
COMPLETE = [
    one
    for one in ANSWERS
    if one.server.startswith("ollama")
    and not one.is_cut
    and "invalid-utf8" not in one.name
    and one.name not in {"runner-killed", "chat-600-messages-too-long", "chat-too-long-truncated"}  # requests not kept
]
WRITTEN = [  # 0.24 repeats the role in every delta; the writer does as 0.32
    one
    for one in COMPLETE
    if not (one.server == "ollama-0.24.0" and one.path == "/v1/chat/completions" and "event" in one.content_type)
]
SHORTENED = "characters, beginning"
TYPED = [
    one
    for one in exchanges()
    if one.server.startswith("ollama")
    and (found := find(one.method, one.path))
    and found.route.answers
    and one.status is not None
    and SHORTENED not in json.dumps(one.sent)
]


def by_id(one):
    return one.id


def written(api, action, prompt, chunks):
    writer = answer_writer(api, action, prompt, STAMP)
    return b"".join(writer.write(chunk) for chunk in chunks), writer.content_type


def back(api, action, prompt, chunks):
    body, kind = written(api, action, prompt, chunks)
    found, trouble = read(answer_reader(api, action, kind), [body])
    assert trouble is None
    return found


@pytest.mark.parametrize("one", WRITTEN, ids=by_id)
def test_recorded_answer_is_written_as_it_was(one):
    route = find(one.method, one.path).route
    chunks, _ = read(reader_of(one), [one.body])
    prompt = read_request(route.api, route.action, one.request)
    body, kind = written(route.api, route.action, prompt, chunks)
    assert kind == one.content_type
    assert [json.dumps(shape(value)) for value in objects(body)] == [
        json.dumps(shape(value)) for value in objects(one.body)
    ]
    assert frame_of(body) == frame_of(one.body)
    assert [plain(value) for value in objects(body)] == [plain(value) for value in objects(one.body)]


def frame_of(body):
    """What stands around the JSON: event names, `[DONE]`, empty lines."""
    return [line for line in body.split(b"\n") if not line.startswith((b"{", b"data: {"))]


def plain(value):
    """A value without what differs from one answer to the next."""
    if isinstance(value, dict):
        usage = {"usage"} if value.get("id", "").startswith("msg_") and value.get("content") == [] else set()
        volatile = {"id", "created", "created_at", "model", "system_fingerprint", *usage}  # the first usage is a guess
        return {key: plain(item) for key, item in value.items() if key not in volatile}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


@pytest.mark.parametrize("one", TYPED, ids=by_id)
def test_recorded_request_is_taken_or_refused_as_it_was(one):
    route = find(one.method, one.path).route
    try:
        prompt = read_request(route.api, route.action, one.request)
    except Trouble as trouble:
        reply = refusal(route.api, trouble)
        assert reply.status == one.status
        assert without_id(reply.body) == without_id(one.body)
        return
    assert prompt.model == json.loads(one.request.decode("utf-8", "replace"))["model"]
    if one.status >= 400:  # what a server finds out later: no such model, cannot do it, no room, too long
        assert read_error(one.status, one.body).code in {
            "model-missing", "unsupported", "engine-busy", "context-exceeded", "engine-crashed", "bad-usage",
        }  # fmt: skip


def without_id(body):
    value = json.loads(body)
    value.pop("request_id", None)
    return value


@pytest.mark.parametrize("one", [one for one in TYPED if one.status == 200], ids=by_id)
def test_recorded_request_is_written_as_it_was(one):
    route = find(one.method, one.path).route
    prompt = read_request(route.api, route.action, one.request)
    sent = json.loads(one.request.decode("utf-8", "replace"))
    again = json.loads(write_request(route.api, route.action, prompt))
    if route.api == "openai" and sent.get("stream"):
        sent.setdefault("stream_options", {"include_usage": True})
    if "max_completion_tokens" in sent:
        sent["max_tokens"] = sent.pop("max_completion_tokens")
    for form in (sent, again):
        form.get("response_format", {}).get("json_schema", {}).pop("name", None)
    if not any(isinstance(message.get("content"), list) for message in sent.get("messages", [])):
        assert again == sent


@given(strategies.OLLAMA, st.booleans())
def test_ollama_chunks_are_the_same_when_read_back(chunks, chat):
    prompt = Prompt(model="m", messages=("x",), text="x", operation="chat" if chat else "generate")
    assert back("ollama", prompt.operation, prompt, chunks) == chunks
    assert back("ollama", prompt.operation, replace(prompt, stream=False), chunks) == [gather(chunks)]


@given(strategies.OPENAI)
def test_openai_chunks_are_the_same_when_read_back(chunks):
    prompt = Prompt(model="m", extra=USAGE)
    assert back("openai", "chat", prompt, chunks) == chunks
    assert back("openai", "chat", replace(prompt, stream=False), chunks) == [gather(chunks)]


@given(strategies.OPENAI)
def test_openai_stream_without_usage_has_no_counts(chunks):
    last = back("openai", "chat", Prompt(model="m"), chunks)[-1]
    assert last == Chunk(done=True, reason=chunks[-1].reason, extra=chunks[-1].extra)


@given(strategies.COMPLETION)
def test_completion_chunks_are_the_same_when_read_back(chunks):
    prompt = Prompt(model="m", operation="generate", text="x", extra=USAGE)
    chunks[-1] = replace(chunks[-1], extra={})
    assert back("openai", "generate", prompt, chunks) == chunks
    assert back("openai", "generate", replace(prompt, stream=False), chunks) == [gather(chunks)]


@given(strategies.ANTHROPIC)
def test_anthropic_chunks_are_the_same_when_read_back(chunks):
    prompt = Prompt(model="m")
    assert back("anthropic", "chat", prompt, chunks) == chunks
    assert back("anthropic", "chat", replace(prompt, stream=False), chunks) == [gather(chunks)]


@given(strategies.EMBEDDINGS)
def test_embeddings_are_the_same_when_read_back(chunk):
    prompt = Prompt(model="m", operation="embed", stream=False)
    assert back("ollama", "embed", prompt, [chunk]) == [chunk]
    assert back("openai", "embed", prompt, [chunk]) == [chunk]
    assert back("openai", "embed", replace(prompt, extra={"encoding_format": "base64"}), [chunk]) == [chunk]
    assert back("ollama", "embeddings", prompt, [chunk]) == [Chunk(vectors=chunk.vectors[:1], done=True)]


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [True, False])
def test_answer_with_calls_ends_because_of_them(api, stream):
    calls = (strategies.ToolCall(name="f", id="c", arguments={"a": 1}),)
    found = back(
        api, "chat", Prompt(model="m", stream=stream), [Chunk(tool_calls=calls), Chunk(done=True, reason="stop")]
    )
    assert found[-1].reason == "tool_calls"
    assert finish_reason(found[-1], called=True) == "tool_calls"


@given(strategies.OLLAMA_CHAT)
def test_ollama_chat_prompt_is_the_same_when_read_back(prompt):
    assert read_request("ollama", "chat", write_request("ollama", "chat", prompt)) == prompt


@given(strategies.OLLAMA_GENERATE)
def test_ollama_generate_prompt_is_the_same_when_read_back(prompt):
    assert read_request("ollama", "generate", write_request("ollama", "generate", prompt)) == prompt


@given(strategies.EMBED)
def test_embedding_prompt_is_the_same_when_read_back(prompt):
    assert read_request("ollama", "embed", write_request("ollama", "embed", prompt)) == prompt
    assert read_request("openai", "embed", write_request("openai", "embed", prompt)) == prompt
    first = replace(prompt, inputs=prompt.inputs[:1])
    assert read_request("ollama", "embeddings", write_request("ollama", "embeddings", prompt)) == first


@given(strategies.OPENAI_CHAT, strategies.OPENAI_COMPLETION)
def test_openai_prompt_is_the_same_when_read_back(chat, completion):
    for action, prompt in (("chat", chat), ("generate", completion)):
        found = read_request("openai", action, write_request("openai", action, prompt))
        expected = replace(prompt, extra={**prompt.extra, **(USAGE if prompt.stream else {})})
        assert found == expected


@given(strategies.ANTHROPIC_CHAT)
def test_anthropic_prompt_is_the_same_when_read_back(prompt):
    found = read_request("anthropic", "chat", write_request("anthropic", "chat", prompt))
    extra = {key: value for key, value in found.extra.items() if key != "thinking"}
    assert replace(found, extra=extra) == prompt


def test_format_that_does_not_exist_is_a_named_error():
    with pytest.raises(Unsupported, match="anthropic has no embed"):
        read_request("anthropic", "embed", b"{}")


KINDS = ("application/json", "application/x-ndjson", "text/event-stream", "")
NASTY = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"message":{"content":"x"},"done":true,"eval_count":' + b"9" * 5000 + b"}",
    b'{"message":{"content":"x"},"done":true,"eval_count":1' + b"0" * 400 + b"}",
    b'{"embeddings":[[1' + b"0" * 400 + b"]]}",
    b'{"embeddings":[[1e999]]}',
    b'{"message":{"content":"\\ud800"},"done":true,"total_duration":1e308}',
    b'{"message":{"content":NaN},"done":true}',
    b'{"done":true,"response":"\xff\xfe"}',
    b'\xff\xfe{\x00"\x00',
    b"data: [DONE]\n\ndata: [DONE]\n\n",
    b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":{}}}]}}]}\n\n',
    b'data: {"choices":[null]}\n\n',
    b'error: {"message":"x"}\n\n',
    b"error: }{\n\n",
    b'{"error":null}',
    b'{"error":[[[]]]}',
    b"null",
]


@given(st.sampled_from(sorted(WIRES)), st.sampled_from(KINDS), st.binary(max_size=200))
def test_arbitrary_bytes_are_an_answer_or_a_named_error(key, kind, data):
    read(answer_reader(*key, kind), [data, b"\n\n"])


@pytest.mark.parametrize("key", sorted(WIRES))
@pytest.mark.parametrize("data", NASTY)
def test_nasty_bytes_are_an_answer_or_a_named_error(key, data):
    for kind in KINDS:
        for framed in (data, b"data: " + data):
            read(answer_reader(*key, kind), [framed, b"\n\n"])
    named_only(read_request, *key, data)
    named_only(read_error, 500, data)
    named_only(read_models, data)
    read(ProgressReader(), [data])


JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.just([])
    | st.just({})
    | st.just([{}])
    | st.just([None])
    | st.just({"a": [1]})
)


@given(st.data())
def test_mutated_answers_are_answers_or_named_errors(data):
    one = data.draw(st.sampled_from([one for one in ANSWERS if len(one.body) < 20_000]))
    read(reader_of(one), [mutate(one.body, data)])


@given(st.data())
def test_answers_with_wrong_types_are_answers_or_named_errors(data):
    one = data.draw(st.sampled_from([one for one in ANSWERS if 0 < len(one.body) < 20_000]))
    values = [data.draw(st.just(value)) for value in objects(one.body)]
    body = b"".join(b"data: " + json.dumps(spoil(value, data)).encode() + b"\n\n" for value in values)
    route = find(one.method, one.path).route
    read(answer_reader(route.api, route.action, "text/event-stream"), [body])


@given(st.data())
def test_requests_with_wrong_types_are_prompts_or_named_errors(data):
    one = data.draw(st.sampled_from(TYPED))
    route = find(one.method, one.path).route
    try:
        sent = json.loads(one.request)
    except ValueError:
        return
    named_only(round_trip, route.api, route.action, json.dumps(spoil(sent, data)).encode())


def round_trip(api, action, body):
    """A request that is taken can also be written, and its answer too."""
    prompt = read_request(api, action, body)
    write_request(api, action, prompt)
    written(api, action, prompt, [Chunk(text="x"), Chunk(done=True, reason="stop")])


@given(st.data())
def test_mutated_requests_are_prompts_or_named_errors(data):
    one = data.draw(st.sampled_from(TYPED))
    route = find(one.method, one.path).route
    named_only(round_trip, route.api, route.action, mutate(one.request, data))


@given(st.data())
def test_mutated_lists_and_cards_are_values_or_named_errors(data):
    known = {"tags": read_models, "ps": read_models, "show": read_card, "version": read_version}
    known |= {"models": read_openai_models}
    pool = [one for one in exchanges() if (found := find(one.method, one.path)) and found.route.action in known]
    one = data.draw(st.sampled_from([one for one in pool if one.status == 200 and one.body and one.method == "GET"]))
    action = find(one.method, one.path).route.action
    named_only(known[action], json.dumps(spoil(json.loads(one.body), data)).encode())
    named_only(known[action], mutate(one.body, data))
    named_only(
        read_order, data.draw(st.sampled_from(["show", "pull", "create", "copy", "delete"])), mutate(b"{}", data)
    )


@example(500, b'{"error":{"error":{"error":{"error":{"error":"deep"}}}}}')
@example(404, b"")
@example(200, b"<html>")
@given(st.integers(0, 999), st.binary(max_size=60))
def test_any_refusal_is_a_named_error(status, body):
    trouble = read_error(status, body)
    assert isinstance(trouble, Trouble)
    assert trouble.message
    assert trouble.hint


def named_only(function, *arguments):
    try:
        function(*arguments)
    except Trouble:
        return


def mutate(body, data):
    """A few bytes removed, doubled or replaced."""
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        if not changed:
            return bytes(changed)
        at = data.draw(st.integers(0, len(changed) - 1))
        length = data.draw(st.integers(0, 8))
        changed[at : at + length] = data.draw(st.binary(max_size=8) | st.just(bytes(changed[at : at + length]) * 2))
    return bytes(changed)


def spoil(value, data):
    """A value with something in it replaced by something else."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: spoil(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], spoil(value[at], data), *value[at + 1 :]]
    return data.draw(JUNK)
