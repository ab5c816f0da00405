"""Answers of the three APIs beside the plain case: what is left out, cut up, doubled or only guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis import ollama_answer, openai_read
from ollascope.apis.formats import answer_reader, answer_writer
from ollascope.apis.openai_read import only_counts
from ollascope.apis.openai_request import with_usage
from ollascope.apis.reading import Events
from ollascope.apis.writing import Stamp, gather, instant
from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.errors import AnswerMalformed, AnswerUnfinished, EngineCrashed, InferenceFailed, TooLarge, Trouble
from ollascope.words.prompt import Message, Prompt, ToolCall
from tests.apis.transcripts import named, objects

STAMP = Stamp(model="m", id="01HZX5", now_ns=lambda: 1_795_226_158_120_000_000)
ASKED = Prompt(model="m", messages=(Message(role="user", content="x"),), text="x")
USAGE = Prompt(model="m", extra={"stream_options": {"include_usage": True}})
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
DONE = b"data: [DONE]\n\n"


def line(**fields):
    return json.dumps({"model": "m", "created_at": "t", **fields}).encode() + b"\n"


def event(value):
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def delta(_reason=None, **said):
    return event({"id": "1", "choices": [{"index": 0, "delta": said, "finish_reason": _reason}]})


def read(api, action, kind, *pieces):
    reader = answer_reader(api, action, kind)
    return [chunk for piece in pieces for chunk in reader.feed(piece)] + reader.finish()


def write(api, action, prompt, *chunks):
    writer = answer_writer(api, action, prompt, STAMP)
    return b"".join(writer.write(chunk) for chunk in chunks)


def last_line(chunk):
    return json.loads(write("ollama", "chat", ASKED, chunk))


@pytest.mark.parametrize(("cached", "absent"), [(None, True), (0, False), (7, False)])
def test_cached_prompt_tokens_have_three_states(cached, absent):
    written = last_line(Chunk(done=True, tokens_in=9, tokens_cached=cached))
    assert ("prompt_eval_cached_count" not in written) == absent
    [chunk] = read("ollama", "chat", "application/x-ndjson", json.dumps(written).encode())
    assert chunk.tokens_cached == cached


@pytest.mark.parametrize("cached", [None, 0, 7])
def test_cached_prompt_tokens_have_three_states_in_the_other_apis(cached):
    chunk = Chunk(done=True, reason="stop", tokens_in=9, tokens_out=1, tokens_cached=cached)
    for api, kind in (("openai", SSE), ("anthropic", SSE)):
        [found] = read(api, "chat", kind, write(api, "chat", USAGE, chunk))
        assert (found.tokens_in, found.tokens_cached) == (9, cached)


def test_ollama_leaves_zero_out():
    written = last_line(Chunk(done=True, tokens_in=0, tokens_out=0, total_s=0.0, load_s=None))
    assert list(written) == ["model", "created_at", "message", "done"]


def test_instants_are_go_s():
    assert instant(1_795_226_158_000_000_000) == "2026-11-21T01:55:58Z"
    assert instant(1_795_226_158_120_000_000) == "2026-11-21T01:55:58.12Z"
    assert instant(1_795_226_158_000_000_001) == "2026-11-21T01:55:58.000000001Z"


def test_each_line_says_when_it_was_written():
    ticks = iter([1_000_000_000_000_000_000, 1_000_000_001_500_000_000])
    writer = answer_writer("ollama", "generate", ASKED, Stamp(model="m", id="1", now_ns=lambda: next(ticks)))
    lines = [json.loads(writer.write(Chunk(text=text))) for text in "ab"]
    assert [one["created_at"] for one in lines] == ["2001-09-09T01:46:40Z", "2001-09-09T01:46:41.5Z"]


def test_answer_that_only_loads_comes_whole_though_a_stream_was_asked_for():
    writer = answer_writer("ollama", "chat", Prompt(model="m"), STAMP)
    assert writer.content_type == "application/json; charset=utf-8"
    assert json.loads(writer.write(Chunk(done=True, reason="load")))["done_reason"] == "load"


def test_ollama_answers_with_no_end_are_unfinished():
    with pytest.raises(AnswerUnfinished):
        read("ollama", "chat", "application/x-ndjson", line(message={"content": "a"}, done=False))
    with pytest.raises(AnswerUnfinished):
        read("ollama", "generate", "application/json", line(response="a", done=False))
    with pytest.raises(AnswerUnfinished):
        read("ollama", "embed", "application/json")


def test_line_after_the_last_one_is_malformed():
    end = line(response="", done=True)
    with pytest.raises(AnswerMalformed, match="goes on"):
        read("ollama", "generate", "application/x-ndjson", end, end)


@pytest.mark.parametrize(
    "fields",
    [
        {"done": False},
        {"response": "a"},
        {"response": "a", "done": "yes"},
        {"response": 7, "done": False},
        {"message": "a", "done": False},
        {"message": {"content": []}, "done": False},
        {"message": {"tool_calls": [7]}, "done": False},
        {"message": {"tool_calls": [{"function": {"name": "f", "arguments": [1]}}]}, "done": False},
        {"response": "", "done": True, "eval_count": "8"},
        {"response": "", "done": True, "eval_duration": True},
        {"response": "", "done": True, "logprobs": [{"token": "a"}]},
        {"response": "", "done": True, "logprobs": [{"token": "a", "logprob": 0, "bytes": [256]}]},
    ],
)
def test_ollama_line_of_a_wrong_shape_is_malformed(fields):
    with pytest.raises(AnswerMalformed):
        read("ollama", "chat", "application/x-ndjson", line(**fields))


def test_counts_that_make_no_sense_are_not_measured():
    [chunk] = read(
        "ollama",
        "chat",
        "application/json",
        line(message={}, done=True, eval_count=-1, total_duration=-5, load_duration=None),
    )
    assert (chunk.tokens_out, chunk.total_s, chunk.load_s) == (None, None, None)


def test_ollama_s_own_fields_go_to_extra_and_back():
    [chunk] = read(
        "ollama", "generate", "application/json", line(response="", done=True, context=[1, 2], remote_host="h")
    )
    assert chunk.extra == {"context": [1, 2], "remote_host": "h"}
    assert json.loads(write("ollama", "generate", ASKED, chunk))["context"] == [1, 2]
    assert b"context" not in write("openai", "chat", USAGE, chunk)


def test_calls_without_an_id_get_one_and_are_numbered_through():
    calls = [Chunk(tool_calls=(ToolCall(name="f"),)), Chunk(tool_calls=(ToolCall(name="g"),)), Chunk(done=True)]
    for api in ("ollama", "openai"):
        values = list(objects(write(api, "chat", ASKED, *calls)))
        said = [value.get("message") or value["choices"][0]["delta"] for value in values[:2]]
        made = [one["tool_calls"][0] for one in said]
        assert len({call["id"] for call in made}) == 2
        assert [call.get("index", call["function"].get("index")) for call in made] == [0, 1]


def test_openai_tool_call_in_fragments_is_given_when_it_is_whole():
    chunks = read(
        "openai",
        "chat",
        SSE,
        delta(role="assistant", content=None),
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x": "}'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{", "y": {}}'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": " "}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}}]),
        delta(_reason="tool_calls"),
    )
    assert [call for chunk in chunks for call in chunk.tool_calls] == [
        ToolCall(name="f", id="a", arguments={"x": "}{", "y": {}}),
        ToolCall(name="g", id="b"),
    ]
    assert chunks[2].tool_calls


def test_tool_call_cut_by_the_limit_keeps_what_it_had():
    cut = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x": '}}
    chunks = read("openai", "chat", SSE, delta(tool_calls=[cut]), delta(_reason="length"))
    assert chunks[-1].tool_calls == (ToolCall(name="f", id="a", extra={"arguments_text": '{"x": '}),)
    assert b'"arguments":"{\\"x\\": "' in write("openai", "chat", USAGE, chunks[-1])


def test_two_calls_without_numbers_are_two():
    calls = [delta(tool_calls=[{"id": one, "function": {"name": "f", "arguments": "{}"}}]) for one in "ab"]
    assert len(gather(read("openai", "chat", SSE, *calls, delta(_reason="tool_calls"))).tool_calls) == 2


def test_name_repeated_in_every_fragment_is_one_name():
    parts = [
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": t}}]) for t in ('{"x":', "1}")
    ]
    [call] = gather(read("openai", "chat", SSE, *parts, delta(_reason="tool_calls"))).tool_calls
    assert call == ToolCall(name="f", id="a", arguments={"x": 1})


def test_endless_tool_call_is_refused():
    part = delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "x" * 100_000}}])
    with pytest.raises(TooLarge):
        read("openai", "chat", SSE, *[part] * 60)


def test_openai_usage_may_come_before_or_after_the_end_or_in_every_event():
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    zero = dict.fromkeys(usage, 0)
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    for events in (
        [{"choices": [end], "usage": usage}],
        [{"choices": [end]}, {"choices": [], "usage": usage}],
        [
            {"choices": [], "usage": usage},
            {"choices": [end], "usage": zero | {"prompt_tokens": 3, "completion_tokens": 2}},
        ],
    ):
        chunks = read("openai", "chat", SSE, *map(event, events), event(b"[DONE]"))
        assert (chunks[-1].tokens_in, chunks[-1].tokens_out) == (3, 2)


def test_all_zero_usage_is_not_a_measurement():
    whole = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 0}}
    [chunk] = read("openai", "chat", "application/json", json.dumps(whole).encode())
    assert (chunk.tokens_in, chunk.tokens_out) == (None, None)


def test_text_beside_the_reason_is_not_lost():
    chunks = read("openai", "chat", SSE, delta(_reason="stop", content="a"), event(b"[DONE]"))
    assert [(chunk.text, chunk.done) for chunk in chunks] == [("a", False), ("", True)]


def test_openai_stream_ends_with_its_reason_even_without_the_last_word():
    assert read("openai", "chat", SSE, delta(_reason="stop"))[-1].done
    with pytest.raises(AnswerUnfinished):
        read("openai", "chat", SSE, delta(content="a"))
    with pytest.raises(AnswerUnfinished):
        read("openai", "chat", SSE, delta(content="a"), event(b"[DONE]"))
    with pytest.raises(AnswerUnfinished):
        read("openai", "chat", "application/x-ndjson")
    with pytest.raises(AnswerMalformed, match="goes on"):
        read("openai", "chat", SSE, delta(_reason="stop"), event(b"[DONE]"), delta(content="a"))


def test_second_answer_of_n_is_left_out():
    second = event({"choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": None}]})
    chunks = read("openai", "chat", SSE, delta(content="a"), second, delta(_reason="stop"))
    assert gather(chunks).text == "a"


def test_older_logprobs_of_completions_are_read():
    old = {"tokens": ["a", "b"], "token_logprobs": [None, -1.5]}
    body = {"choices": [{"text": "ab", "logprobs": old, "finish_reason": "stop"}]}
    [chunk] = read("openai", "generate", "application/json", json.dumps(body).encode())
    assert chunk.logprobs == (Logprob(token="a", logprob=0.0), Logprob(token="b", logprob=-1.5))


def test_probability_of_zero_is_written_as_the_apis_do():
    chunk = Chunk(text="a", logprobs=(Logprob(token="a", logprob=float("-inf")),))
    assert json.loads(write("ollama", "generate", ASKED, chunk))["logprobs"][0]["logprob"] == -9999.0


def test_openai_embeddings_come_in_the_order_of_the_texts():
    data = [{"index": 1, "embedding": [1]}, {"index": 0, "embedding": [0]}]
    [chunk] = read("openai", "embed", "application/json", json.dumps({"data": data}).encode())
    assert chunk.vectors == ((0.0,), (1.0,))


@pytest.mark.parametrize("vector", ["%%%", "AAA", [None], [True], [[1]], 7, None, "AACAfw=="])
def test_embedding_of_a_wrong_shape_is_malformed(vector):
    with pytest.raises(AnswerMalformed):
        read("openai", "embed", "application/json", json.dumps({"data": [{"embedding": vector}]}).encode())
    with pytest.raises(AnswerMalformed):
        read("ollama", "embed", "application/json", json.dumps({"embeddings": [vector]}).encode())


def test_anthropic_pings_and_unknown_events_are_passed_over():
    recorded = named("ollama-0.32.15", "messages-stream").body
    noise = b'event: ping\ndata: {"type":"ping"}\n\nevent: new\ndata: {"type":"new_kind"}\n\n'
    first, rest = recorded.split(b"\n\n", 1)
    assert read("anthropic", "chat", SSE, first + b"\n\n" + noise + rest) == read("anthropic", "chat", SSE, recorded)


def test_anthropic_counts_cached_tokens_beside_the_others():
    chunks = read("anthropic", "chat", SSE, named("llama-server", "messages-stream").body)
    assert (chunks[-1].tokens_in, chunks[-1].tokens_cached, chunks[-1].tokens_out) == (23, 22, 8)


def test_anthropic_tool_input_in_fragments_is_one_call():
    def typed(kind, **fields):
        return event({"type": kind, **fields})

    chunks = read(
        "anthropic",
        "chat",
        SSE,
        typed("content_block_start", index=0, content_block={"type": "tool_use", "id": "a", "name": "f", "input": {}}),
        *[typed("content_block_delta", index=0, delta={"partial_json": text}) for text in ("", '{"x"', ": 1}")],
        typed("content_block_stop", index=0),
        typed("content_block_start", index=1, content_block={"type": "tool_use", "id": "b", "name": "g", "input": {}}),
        typed("content_block_stop", index=1),
        typed("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 4}),
        typed("message_stop"),
    )
    assert gather(chunks).tool_calls == (ToolCall(name="f", id="a", arguments={"x": 1}), ToolCall(name="g", id="b"))
    assert chunks[-1].reason == "tool_calls"


@pytest.mark.parametrize(("api", "kind"), [("ollama", "application/x-ndjson"), ("openai", SSE), ("anthropic", SSE)])
def test_failure_in_mid_stream_reaches_the_client_as_a_named_error(api, kind):
    writer = answer_writer(api, "chat", ASKED, STAMP)
    sent = writer.write(Chunk(text="a")) + writer.fail(
        EngineCrashed("an error was encountered while running the model: unexpected EOF", hint="x")
    )
    reader = answer_reader(api, "chat", kind)
    assert [chunk.text for chunk in reader.feed(sent)] == ["a"]
    with pytest.raises(EngineCrashed):
        reader.finish()


def test_ollama_s_failure_in_mid_stream_is_the_recorded_line():
    failed = answer_writer("ollama", "chat", ASKED, STAMP).fail(
        EngineCrashed("an error was encountered while running the model: unexpected EOF", hint="x")
    )
    assert named("ollama-0.32.15", "runner-killed").pieces[-1][1] == failed


def test_llama_cpp_s_failure_in_mid_stream_is_named():
    with pytest.raises(InferenceFailed, match="boom"):
        read("openai", "chat", SSE, delta(content="a"), b'error: {"code":500,"message":"boom"}\n\n')


@pytest.mark.parametrize("api", ["ollama", "openai", "anthropic"])
@pytest.mark.parametrize("stream", [True, False])
def test_half_a_surrogate_pair_can_be_sent(api, stream):
    prompt = Prompt(model="m", messages=ASKED.messages, stream=stream)
    body = write(api, "chat", prompt, Chunk(text="a"), Chunk(text="x\ud800"), Chunk(done=True, reason="stop"))
    assert "x\ufffd" in body.decode()


def test_who_passes_a_stream_on_can_ask_for_its_counts_and_keep_them_to_itself():
    asked = json.loads(with_usage(b'{"model":"m","stream":true,"stream_options":{"x":1},"temperature":0.5}'))
    assert asked == {
        "model": "m",
        "stream": True,
        "stream_options": {"x": 1, "include_usage": True},
        "temperature": 0.5,
    }
    for name in ("v1-chat-stream-usage", "v1-completions-stream"):
        payloads = list(Events().feed(named("ollama-0.32.15", name).body))
        assert [only_counts(payload) for payload in payloads] == [False] * 8 + [True, False]


# The form that most pieces have is matched; with a space in front of it nothing matches, and it is parsed.


def told(api, action, form, spaced):
    """What the piece and the end behind it give, or the error."""
    kind, end = (NDJSON, line(response="", done=True)) if api == "ollama" else (SSE, delta("stop") + DONE)
    form = b" " * spaced + form
    try:
        return read(api, action, kind, (form if api == "ollama" else b"data: " + form) + b"\n\n", end)
    except Trouble as trouble:
        return type(trouble), trouble.message


def ordinary(text, api, *, thinks=False):
    """A piece as the servers write it."""
    if api == "ollama":
        said = b'"","thinking":%b' % text if thinks else text
        return b'{"model":"m","created_at":"t","message":{"role":"assistant","content":%b},"done":false}' % said
    said = b'"reasoning_content":%b' % text if thinks else b'"content":%b' % text
    about = b'"id":"1","object":"chat.completion.chunk","created":1795226158,"model":"m","system_fingerprint":"f"'
    return b'{%b,"choices":[{"index":0,"delta":{%b},"finish_reason":null}]}' % (about, said)


LITERALS = st.builds(
    lambda text, plain: json.dumps(text, ensure_ascii=not plain).encode("utf-8", "surrogatepass"),
    st.text(alphabet=st.characters() | st.sampled_from('"\\/\b\n\t<\x7f\ud83d\ude00é你'), max_size=80), st.booleans(),
)  # fmt: skip


@given(LITERALS, st.sampled_from(["ollama", "openai"]), st.booleans())
def test_piece_of_the_usual_form_is_read_as_if_it_were_parsed(text, api, thinks):
    form = ordinary(text, api, thinks=thinks)
    found = told(api, "chat", form, spaced=False)
    assert found == told(api, "chat", form, spaced=True)
    assert found[0] == Chunk(**{"thinking" if thinks else "text": found[0].thinking + found[0].text})


@pytest.mark.parametrize("api", ["ollama", "openai"])
@pytest.mark.parametrize("thinks", [False, True])
def test_piece_of_almost_the_usual_form_is_read_as_if_it_were_parsed(api, thinks):
    form = ordinary(b'"a\\n"', api, thinks=thinks)
    for at in range(len(form)):
        for snippet in (b"", b'"', b"\\", b"\\u00", b",", b"}", b"{", b"0", b"1", b"\xff", b"\x01", b" ", b"null"):
            for rest in (form[at:], form[at + 1 :]):
                spoiled = form[:at] + snippet + rest
                assert told(api, "chat", spoiled, spaced=False) == told(api, "chat", spoiled, spaced=True), spoiled


@pytest.mark.parametrize(("server", "name", "action"), [
    ("ollama-0.32.15", "chat-stream", "chat"), ("ollama-0.32.15", "chat-think-stream", "chat"),
    ("ollama-0.24.0", "v1-chat-stream", "chat"), ("ollama-0.32.15", "v1-chat-think-stream", "chat"),
    ("llama-server", "chat-stream", "chat"), ("llama-server", "completions-stream", "generate"),
])  # fmt: skip
def test_most_pieces_of_the_servers_have_the_usual_form(server, name, action):
    one = named(server, name)
    form = ollama_answer._PLAIN if b"data: " not in one.body else openai_read._USUAL
    pieces = [found.removeprefix(b"data: ") for found in one.body.split(b"\n")]
    usual = [found for found in pieces if form.fullmatch(found)]
    assert len(usual) >= 3
    api = "openai" if form is openai_read._USUAL else "ollama"
    assert [told(api, action, found, spaced=False) for found in usual] == [
        told(api, action, found, spaced=True) for found in usual
    ]


@pytest.mark.parametrize("api", ["ollama", "openai"])
def test_usual_piece_behind_the_end_is_refused(api):
    kind, end = (NDJSON, line(response="", done=True)) if api == "ollama" else (SSE, delta("stop") + DONE)
    form = ordinary(b'"a"', api)
    with pytest.raises(AnswerMalformed):
        read(api, "chat", kind, end, (form if api == "ollama" else b"data: " + form) + b"\n\n")
