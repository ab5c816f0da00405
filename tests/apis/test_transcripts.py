"""Every recorded answer of three real servers: read with the recorded cuts and all others, and what it says is true."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.errors import read_error
from ollascope.apis.formats import answer_reader
from ollascope.apis.models import ProgressReader
from ollascope.apis.reading import replay
from ollascope.apis.routes import find
from ollascope.apis.writing import gather
from ollascope.words.errors import (
    AnswerUnfinished,
    EngineCrashed,
    Trouble,
)
from tests.apis.transcripts import exchanges, named, objects

ALL = exchanges()
ANSWERS = [one for one in ALL if one.status == 200 and (found := find(one.method, one.path)) and found.route.answers]
PROGRESS = [
    one
    for one in ALL
    if one.status == 200 and (found := find(one.method, one.path)) and found.route.action in {"pull", "create"}
]
REFUSED = [one for one in ALL if one.status is not None and one.status >= 400]
SMALL = 20_000
WITHOUT_END = {"generate-invalid-utf8-stream", "generate-invalid-utf8-whole", "v1-chat-invalid-utf8-stream"}


def by_id(one):
    return one.id


def reader_of(one):
    route = find(one.method, one.path).route
    return answer_reader(route.api, route.action, one.content_type)


def read(reader, pieces):
    """Chunks and the error they end with, as far as it goes."""
    chunks = []
    try:
        for data in pieces:
            chunks += reader.feed(data)
        chunks += reader.finish()
    except Trouble as trouble:
        return chunks, (type(trouble), trouble.message)
    return chunks, None


def test_every_route_has_its_transcripts():
    assert len(ALL) > 450
    assert len(ANSWERS) > 240
    assert len(PROGRESS) > 30
    assert len(REFUSED) > 90


def told(one):
    """Text, thinking, tool names, reason and counts as the file says them, found without the code under test."""
    values = list(objects(one.body))
    api = find(one.method, one.path).route.api
    return {"ollama": told_by_ollama, "openai": told_by_openai, "anthropic": told_by_anthropic}[api](values)


def told_by_ollama(values):
    said = [value.get("message", value) for value in values]
    last = values[-1]
    return {
        "text": "".join(part.get("content") or part.get("response") or "" for part in said),
        "thinking": "".join(part.get("thinking", "") for part in said),
        "calls": [call["function"]["name"] for part in said for call in part.get("tool_calls", [])],
        "arguments": [call["function"]["arguments"] for part in said for call in part.get("tool_calls", [])],
        "logprobs": [item["logprob"] for value in values for item in value.get("logprobs", [])],
        "reason": last.get("done_reason"),
        "tokens": (last.get("prompt_eval_count"), last.get("eval_count")),
        "nanoseconds": [
            last.get(key) for key in ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
        ],
    }


def told_by_openai(values):
    choices = [choice for value in values for choice in value.get("choices", [])]
    said = [choice.get("delta") or choice.get("message") or choice for choice in choices]
    calls = [call for part in said for call in part.get("tool_calls") or []]
    usage = [value["usage"] for value in values if value.get("usage", {}).get("total_tokens")]
    timings = [value["timings"] for value in values if "timings" in value]
    counts = (usage[-1]["prompt_tokens"], usage[-1].get("completion_tokens")) if usage else (None, None)
    if not usage and timings:
        counts = (timings[-1]["cache_n"] + timings[-1]["prompt_n"], timings[-1]["predicted_n"])
    arguments = "".join(call["function"]["arguments"] for call in calls)
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    return {
        "text": "".join(part.get("content") or part.get("text") or "" for part in said),
        "thinking": "".join(part.get("reasoning") or part.get("reasoning_content") or "" for part in said),
        "calls": [call["function"]["name"] for call in calls if "name" in call["function"]],
        "arguments": [json.loads(text + "}") for text in arguments.split("}") if text],
        "logprobs": [
            item["logprob"] for choice in choices for item in (choice.get("logprobs") or {}).get("content", [])
        ],
        "reason": reasons[-1] if reasons else None,
        "tokens": counts,
        "nanoseconds": None,
    }


def told_by_anthropic(values):
    blocks = [block for value in values for block in value.get("content", [])]
    blocks += [value["delta"] for value in values if value.get("type") == "content_block_delta"]
    starts = [value["content_block"] for value in values if "content_block" in value]
    usage, reason = {}, None
    for value in values:
        usage |= value.get("message", {}).get("usage", {}) | value.get("usage", {})
        reason = value.get("delta", {}).get("stop_reason") or value.get("stop_reason") or reason
    arguments = [block["input"] for block in blocks if "input" in block]
    arguments += [json.loads(block["partial_json"]) for block in blocks if "partial_json" in block]
    words = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
    return {
        "text": "".join(block.get("text", "") for block in blocks),
        "thinking": "".join(block.get("thinking", "") for block in blocks),
        "calls": [block["name"] for block in blocks + starts if "name" in block],
        "arguments": arguments,
        "logprobs": [],
        "reason": words[reason],
        "tokens": (usage["input_tokens"] + usage.get("cache_read_input_tokens", 0), usage["output_tokens"]),
        "nanoseconds": None,
    }


@pytest.mark.parametrize("one", [one for one in ANSWERS if not one.is_cut], ids=by_id)
def test_answer_says_what_the_file_says(one):
    chunks, trouble = read(reader_of(one), [data for _, data in one.pieces])
    if one.name in WITHOUT_END:
        assert trouble[0] is AnswerUnfinished
        return
    if one.id == "ollama-0.32.15/runner-killed":
        assert trouble[0] is EngineCrashed
        assert len(chunks) == 49
        return
    assert trouble is None
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    whole, truth = gather(chunks), told(one)
    assert whole.text == truth["text"]
    assert whole.thinking == truth["thinking"]
    assert [call.name for call in whole.tool_calls] == truth["calls"]
    assert [call.arguments for call in whole.tool_calls] == truth["arguments"]
    assert [item.logprob for item in whole.logprobs] == truth["logprobs"]
    assert whole.reason == truth["reason"]
    assert (whole.tokens_in, whole.tokens_out) == truth["tokens"]
    if truth["nanoseconds"]:
        seconds = (whole.total_s, whole.load_s, whole.prefill_s, whole.decode_s)
        assert [None if value is None else round(value * 1e9) for value in seconds] == truth["nanoseconds"]


@pytest.mark.parametrize(
    "one", [one for one in ANSWERS if one.path.startswith("/api/") and "emb" not in one.path], ids=by_id
)
def test_ollama_line_is_one_chunk(one):
    chunks, trouble = read(reader_of(one), [data for _, data in one.pieces])
    lines = [value for value in objects(one.body) if "error" not in value]
    assert len(chunks) == len(lines) or trouble[0] is AnswerUnfinished


@pytest.mark.parametrize("one", [one for one in ANSWERS if one.is_cut], ids=by_id)
def test_cut_answer_keeps_what_came_and_is_unfinished(one):
    chunks, trouble = read(reader_of(one), [data for _, data in one.pieces])
    assert len(chunks) >= len(one.pieces)
    assert trouble[0] is AnswerUnfinished


@pytest.mark.parametrize("one", ANSWERS, ids=by_id)
def test_cuts_change_nothing(one):
    recorded = read(reader_of(one), [data for _, data in one.pieces])
    body = one.body
    assert read(reader_of(one), [body]) == recorded
    assert read(reader_of(one), [body[at : at + 1] for at in range(len(body))]) == recorded
    count = 300 if len(body) > SMALL else 15
    for at in range(0, len(body), len(body) // count + 1):
        assert read(reader_of(one), [body[:at], b"", body[at:]]) == recorded


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("one", [one for one in ANSWERS if len(one.body) < SMALL], ids=by_id)
def test_cut_in_two_at_every_byte_changes_nothing(one):
    body = one.body
    recorded = read(reader_of(one), [body])
    for at in range(len(body)):
        assert read(reader_of(one), [body[:at], body[at:]]) == recorded


@given(st.data())
def test_any_cuts_of_any_answer_change_nothing(data):
    one = data.draw(st.sampled_from(ANSWERS))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(one.body)), max_size=12)))
    edges = [0, *cuts, len(one.body)]
    pieces = [one.body[start:end] for start, end in pairwise(edges)]
    assert read(reader_of(one), pieces) == read(reader_of(one), [one.body])


def test_pieces_are_stamped_first_and_parsed_later():
    one = named("ollama-0.32.15", "v1-chat-stream-usage")
    stamped = list(replay(reader_of(one), one.pieces))
    assert [at for at, _ in stamped[:3]] == [at for at, _ in one.pieces[:3]]
    assert stamped[-1][0] == one.pieces[-1][0]
    assert stamped[-1][1].tokens_out == 8


@pytest.mark.parametrize("one", PROGRESS, ids=by_id)
def test_progress_ends_in_success_or_a_named_error(one):
    steps, trouble = read(ProgressReader(), [data for _, data in one.pieces])
    values = list(objects(one.body))
    assert [step.status for step in steps] == [value["status"] for value in values if "status" in value]
    assert [step.completed for step in steps] == [value.get("completed") for value in values if "status" in value]
    if "error" in values[-1]:
        assert trouble[1] == values[-1]["error"]
        assert trouble[0].code not in {"failed", "inference-failed"}
    elif one.is_cut:
        assert trouble[0] is AnswerUnfinished
    else:
        assert trouble is None
        assert steps[-1].success


EXPECTED = {
    "blob-head-absent": "unsupported",
    "blob-post-wrong-digest": "bad-usage",
    "chat-embedding-model": "unsupported",
    "chat-too-long": "context-exceeded",
    "chat-tool-unsupported": "unsupported",
    "copy-absent": "model-missing",
    "cors-preflight-foreign": "access-denied",
    "create-no-name": "bad-usage",
    "create-nothing": "bad-usage",
    "delete-absent": "model-missing",
    "embed-empty-text": {"context-exceeded", "bad-usage"},
    "embed-not-an-embedding-model": "unsupported",
    "embed-too-long": "context-exceeded",
    "embed-wrong-type": "bad-usage",
    "embeddings-not-an-embedding-model": "unsupported",
    "embeddings-off": "unsupported",
    "error-absent-model": "model-missing",
    "error-absent-model-chat": "model-missing",
    "error-foreign-host": "access-denied",
    "error-foreign-origin": "access-denied",
    "error-no-model": "model-missing",
    "error-path": "unsupported",
    "error-prompt-too-long": "context-exceeded",
    "generate-images-unsupported": "unsupported",
    "generate-no-model-at-all": "model-missing",
    "generate-suffix": "unsupported",
    "generate-think-unsupported": "unsupported",
    "messages-absent-model": "model-missing",
    "messages-count-tokens": "unsupported",
    "not-found-path": "unsupported",
    "pull-absent-whole": "model-missing",
    "queue-unloaded-4": "engine-busy",
    "queue-unloaded-5": "engine-busy",
    "queue-unloaded-6": "engine-busy",
    "runner-killed": "engine-crashed",
    "runner-plain-metrics": "unsupported",
    "show-absent": "model-missing",
    "v1-chat-absent-model": "model-missing",
    "v1-chat-absent-model-stream": "model-missing",
    "v1-chat-image-unsupported": "unsupported",
    "v1-model-absent": "model-missing",
    "wrong-method": "unsupported",
}


@pytest.mark.parametrize("one", REFUSED, ids=by_id)
def test_recorded_error_is_a_named_one_with_its_status(one):
    trouble = read_error(one.status, one.body)
    wanted = EXPECTED.get(one.name, "bad-usage")
    assert trouble.code in (wanted if isinstance(wanted, set) else {wanted})
    assert trouble.status == one.status
    assert trouble.message
    assert trouble.hint
    assert "{" not in trouble.message[:1]
