"""The embedded engine answers what a real Ollama answered with the same model; each difference has its reason."""

import re
import tempfile
from functools import cache
from pathlib import Path

import pytest

from ollascope.apis.routes import find
from ollascope.pipe import run
from tests.contracts.test_transcripts import Difference
from tests.contracts.transcripts import Exchange, ask, differences, exchanges
from tests.serve.llamacpp.rooms import opened, put

OLLAMA = "ollama-0.32.15"
MODELS = ("scripted", "slow=scripted", "plain", "bare=plain", "vectors")
EVERYWHERE = (  # what is new in every answer of a kind
    r"body\[\d+\]\.prompt_eval_cached_count: more",  # Ollama tells it since 0.33
    r"body\[\d+\]\.usage\.(prompt_tokens_details|completion_tokens_details|cache_read_input_tokens): more",
    r"body\[\d+\]\.(flags|ignored_options|loose_keywords|load_cause): more",  # what was done in silence
    r"body\[\d+\]\.context",  # our file numbers its tokens otherwise, and we tell them as they were said
)
EXPLAINED = (
    Difference(
        "we hold every answer to the schema that was asked for; the real one drops it when a model could think",
        "chat-schema-forced chat-schema-forced-think-true",
        r"body\[0\]\.(message\.content|eval_count|done_reason)",
    ),
    Difference(
        "tokens that are as likely as each other are chosen in the order of the file, and our file has another",
        "chat-schema-forced-plain chat-schema-forced-think-false",
        r"body\[0\]\.(message\.content|eval_count|done_reason)",
    ),
    Difference(
        "chance: no seed was sent",
        "chat-logprobs generate-logprobs generate-logprobs-stream v1-chat-logprobs v1-chat-logprobs-stream",
        r"body.*(content|response|token|bytes)",
    ),
    Difference(
        "a call of a tool that was not offered is said as text; the real one lets it disappear",
        "chat-tool-unknown",
        r"body\[0\]\.message\.content",
    ),
    Difference(
        "thoughts that were not wanted are left out; the real one tells them with their tags",
        "generate-think-false v1-chat-think-none",
        r"body\[0\]\.(response|choices\[0\]\.message\.content)",
    ),
    Difference("no empty pieces are sent for the marks of thoughts", "generate-think", r"body"),
    Difference(
        "the answer ends where the context does; the real one forgets the beginning and goes on",
        "context-end-shift",
        r"body\[0\]\.(response|eval_count|done_reason)",
    ),
    Difference(
        "what stays of a long chat begins with a question; of a text to embed, 2048 tokens are read, not 2046",
        "chat-600-messages-too-long chat-too-long-truncated embed-too-long-truncated",
        r"body\[0\]\.prompt_eval_count",
    ),
    Difference(
        "an error has its plain text; the real one puts the runner's JSON into a string",
        "error-prompt-too-long generate-images-unsupported v1-chat-image-unsupported",
        r"body\[0\]\.error",
    ),
    Difference(
        "a model is called by the name that was asked for; the real one tells where it was pulled from",
        "chat-tool-unsupported generate-suffix",
        r"body\[0\]\.error",
    ),
    Difference(
        "names that are nearly right are told with the error",
        "error-absent-model error-absent-model-chat",
        r"body\[0\]\.error: .*did you mean scripted:latest",
    ),
    Difference(
        "what a model cannot do is 501 on both routes; 500 would mean that the server failed",
        "embeddings-not-an-embedding-model",
        r"status: 501 for 500",
    ),
    Difference(
        "what a client did wrong is 400; 500 would mean that the server failed",
        "error-bad-format error-wrong-option-type",
        r"status: 400 for 500",
    ),
    Difference(
        "max_completion_tokens is honoured; the real one ignores it and says more",
        "v1-chat-max-completion-tokens",
        r"body",
    ),
    Difference(
        "message_start guesses no tokens; the real one guesses wrong ones",
        "messages-stream messages-think-stream messages-tool-stream",
        r"body\[1\]\.message\.usage\.input_tokens: '0'",
    ),
    Difference(
        "this model is not here: what it says is not UTF-8, which tests/serve/llamacpp looks at",
        "generate-invalid-utf8-stream generate-invalid-utf8-whole v1-chat-invalid-utf8-stream",
        r"status: 404|body|content-type",
    ),
    Difference(
        "here nobody else was in the queue, and nobody killed the runner",
        "queue-unloaded-4 queue-unloaded-5 queue-unloaded-6 runner-killed",
        r"status: 200|body|content-type",
    ),
)
EVERYWHERE = (*EVERYWHERE, r"body\[\d+\]\.usage\.input_tokens")  # Anthropic's API tells cached tokens apart
CHANCE = ("chat-schema-forced", "chat-logprobs", "generate-logprobs", "v1-chat-logprobs")
UNANSWERED = {"cancel-in-load", "cancel-in-prefill", "generate-num-predict-0", "generate-num-predict-0-ends"}


def _replayed(exchange: Exchange) -> bool:
    route = find(exchange.method, exchange.path)
    return exchange.name not in UNANSWERED and route is not None and route.route.answers


REPLAYED = [one for one in exchanges(OLLAMA) if _replayed(one)]


@cache
def found() -> dict[str, tuple[str, ...]]:
    """The differences of all answers; one server answers all, as the real one did."""

    async def asked(folder: Path) -> dict[str, tuple[str, ...]]:
        async with opened(put(folder, *MODELS)) as serving:
            return {one.name: tuple(differences(one, await ask(serving.address, one))) for one in REPLAYED}

    with tempfile.TemporaryDirectory() as folder:
        return run(asked(Path(folder)))


def unexplained(exchange: Exchange) -> list[str]:
    known = [*EVERYWHERE, *(one.pattern for one in EXPLAINED if exchange.name in one.names.split())]
    return [line for line in found()[exchange.name] if not any(re.match(pattern, line) for pattern in known)]


@pytest.mark.parametrize("exchange", REPLAYED, ids=lambda one: one.name)
def test_answer_is_the_recorded_one(exchange):
    assert unexplained(exchange) == []


@pytest.mark.parametrize(("name", "pattern"), [(name, one.pattern) for one in EXPLAINED for name in one.names.split()])
def test_explained_difference_still_exists(name, pattern):
    assert name.startswith(CHANCE) or [line for line in found()[name] if re.match(pattern, line)]


def test_enough_is_compared():
    assert len(REPLAYED) > 140
