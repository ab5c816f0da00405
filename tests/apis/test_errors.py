"""Errors both ways: every coat comes off, and every API puts on its own."""

import json

import pytest

from ollascope.apis.errors import (
    FORBIDDEN,
    METHOD_UNKNOWN,
    PATH_UNKNOWN,
    answer_status,
    busy,
    crashed,
    missing,
    overflow,
    read_error,
    read_error_line,
    refusal,
    unable,
)
from ollascope.words.errors import (
    AccessDenied,
    BadUsage,
    EngineCrashed,
    InferenceFailed,
    OutOfMemory,
    RateLimited,
    TimedOut,
    Trouble,
    every_error,
)
from tests.apis.transcripts import named


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, {"error": "model requires more system memory (9 GiB) than is available (3 GiB)"}, "out-of-memory"),
        (500, {"error": "llama runner process has terminated: cudaMalloc failed: out of memory"}, "out-of-memory"),
        (500, {"error": "llama runner process has terminated: exit status 2"}, "engine-crashed"),
        (500, {"error": "llama runner process has terminated: error loading model: bad magic"}, "load-failed"),
        (500, {"error": "timed out waiting for llama runner to start"}, "load-failed"),
        (500, {"error": "something else"}, "inference-failed"),
        (500, {"error": "no room in the pool"}, "inference-failed"),
        (507, {"error": "write blob: no space left on device"}, "disk-full"),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "engine-busy"),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "engine-busy"),
        (429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, "rate-limited"),
        (401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, "access-denied"),
        (401, {"error": "model not found or unauthorized"}, "access-denied"),
        (403, None, "access-denied"),
        (404, {"detail": "Not Found"}, "unsupported"),
        (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, "model-missing"),
        (404, {"error": {"message": "The model 'x' does not exist", "code": "model_not_found"}}, "model-missing"),
        (400, {"object": "error", "message": "This model's maximum context length is 4096"}, "context-exceeded"),
        (422, {"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, "bad-usage"),
        (413, "too large", "too-large"),
        (405, "405 method not allowed", "unsupported"),
        (408, "", "timeout"),
        (504, "<html>gateway timeout</html>", "timeout"),
        (502, "<html>Bad Gateway</html>", "connect-failed"),
        (302, "", "answer-malformed"),
        (
            500,
            {"error": json.dumps({"error": {"message": "x", "type": "exceed_context_size_error"}})},
            "context-exceeded",
        ),
    ],
)
def test_what_servers_say_becomes_a_named_error(status, body, code):
    data = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    trouble = read_error(status, data)
    assert trouble.code == code
    assert trouble.status == (status if status >= 400 else 502)


def test_long_page_of_words_is_shortened():
    assert len(read_error(500, b"x y\n" * 10_000).message) <= 500


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("an error was encountered while running the model: unexpected EOF", "engine-crashed"),
        ("model runner has unexpectedly stopped, this may be due to resource limitations", "engine-crashed"),
        ({"code": 500, "message": "boom", "type": "server_error"}, "inference-failed"),
        ({"code": 400, "message": "too long", "type": "exceed_context_size_error"}, "context-exceeded"),
        (None, "inference-failed"),
        (7, "inference-failed"),
        ([], "inference-failed"),
    ],
)
def test_error_in_mid_stream_is_a_named_one(value, code):
    assert read_error_line(value).code == code


def test_words_of_the_real_server_are_ours():
    assert refusal("ollama", missing("scriptd")).body == named("ollama-0.32.15", "error-absent-model").body
    assert refusal("openai", missing("absent")).body == named("ollama-0.32.15", "v1-chat-absent-model").body.strip()
    full = refusal("ollama", busy())
    assert (full.status, full.body) == (503, named("ollama-0.32.15", "queue-unloaded-4").body)
    died = refusal("ollama", crashed())
    assert (died.status, died.body) == (500, named("ollama-0.24.0", "runner-killed").body)
    cannot = refusal("ollama", unable("plain", "thinking"))
    assert (cannot.status, cannot.body) == (400, named("ollama-0.32.15", "generate-think-unsupported").body)
    assert overflow(30019, 2048).message in named("ollama-0.32.15", "error-prompt-too-long").body.decode()
    assert (PATH_UNKNOWN.body, METHOD_UNKNOWN.body, FORBIDDEN.body) == (
        named("ollama-0.32.15", "not-found-path").body,
        named("ollama-0.32.15", "wrong-method").body,
        named("ollama-0.32.15", "error-foreign-host").body,
    )


def test_missing_model_names_those_that_look_like_it():
    assert "scripted, slow" in missing("scriptd", ["scripted", "slow"]).hint


@pytest.mark.parametrize("api", ["ollama", "openai", "anthropic"])
@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_every_error_has_a_body_in_every_api(api, kind):
    reply = refusal(api, kind("it broke", hint="mend it"), with_hint=True)
    value = json.loads(reply.body)
    assert 400 <= reply.status < 600
    inner = value["error"] if api == "ollama" else value["error"]["message"]
    assert inner == "it broke (mend it)"
    assert read_error(reply.status, reply.body).message == inner


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (OutOfMemory("x", hint="y"), 500),
        (EngineCrashed("x", hint="y"), 500),
        (InferenceFailed("x", hint="y"), 500),
        (TimedOut("x", hint="y"), 504),
        (BadUsage("x", hint="y"), 400),
        (BadUsage("x", hint="y", status=500), 500),
        (unable("m", "embeddings", status=501), 501),
    ],
)
def test_status_is_that_of_the_real_servers(trouble, status):
    assert answer_status(trouble) == status


def test_clients_of_openai_and_anthropic_know_their_limits_by_type():
    limited = json.loads(refusal("openai", RateLimited("x", hint="y")).body)["error"]
    assert (limited["type"], limited["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    denied = json.loads(refusal("anthropic", AccessDenied("x", hint="y"), request_id="req_1").body)
    assert denied == {
        "type": "error",
        "error": {"type": "authentication_error", "message": "x"},
        "request_id": "req_1",
    }


def test_status_of_one_error_does_not_change_its_class():
    BadUsage("x", hint="y", status=500)
    assert BadUsage.status == 400
    assert Trouble.status == 500
