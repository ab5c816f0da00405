"""The fake behind our front answers what real servers answered; each difference that stays has its reason."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from ollascope.apis.formats import answer_reader
from ollascope.apis.routes import find
from ollascope.apis.writing import gather
from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.fake.library import Blob
from ollascope.engines.fake.settings import Failing, Loading, Queueing
from ollascope.pipe import run
from ollascope.serve import Serve, serving
from ollascope.serve.fake import front_of
from ollascope.words.prompt import Prompt
from tests.contracts.transcripts import Exchange, Heard, ask, differences, exchanges, named

OLLAMA, LLAMA = "ollama-0.32.15", "llama-server"
MODELS = ("slow", "scripted", "plain", "bare", "scripted-q8", "scripted-q4", "vectors", "r89")
QUICK = Fake(ttft_s=0, gap_s=0, models=MODELS)
TEXT_DIGEST = "sha256:9c70add8f8499c4a3d67f66ba6b6811ac7f231882b729636215f267294d371e6"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which we answer otherwise, in which exchanges, and why."""

    reason: str
    names: str
    pattern: str


EXPLAINED = (
    Difference(
        "we hold every answer to the schema that was asked for; the real one drops it when a model could think",
        "chat-schema-forced chat-schema-forced-think-true",
        r"body\[0\]\.message\.content",
    ),
    Difference(
        "a call of a tool that was not offered is said as text; the real one lets it disappear",
        "chat-tool-unknown",
        r"body\[0\]\.message\.content",
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
        "error-absent-model error-absent-model-chat show-absent",
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
        "our models speak UTF-8; an answer without its end is `<|fail:unfinished|>`",
        "generate-invalid-utf8-stream generate-invalid-utf8-whole v1-chat-invalid-utf8-stream",
        r"body|content-type",
    ),
    Difference(
        "of a file only its first four bytes are looked at, and weights have no type",
        "create-corrupt-gguf create-truncated-gguf create-quantize-from-f32",
        r"body",
    ),
    Difference("the fake pulls from no registry, so none can be unreachable", "pull-no-registry", r"body"),
    Difference(
        "these routes are not served",
        "status v1-responses-stream v1-responses-tool v1-responses-whole",
        r"status: 404|content-type|cache-control|body",
    ),
    Difference(
        "the runner behind Ollama is its own affair",
        "runner-health runner-metrics runner-plain-metrics runner-plain-props runner-plain-slots runner-props "
        "runner-slots runner-v1-models",
        r"status: 404|content-type|body",
    ),
)
UNANSWERED = {  # the client left before the head: there is nothing to compare
    "cancel-in-load", "cancel-in-prefill", "generate-num-predict-0", "generate-num-predict-0-ends",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """What was true when an exchange was recorded."""

    settings: Fake = QUICK
    before: Callable[[FakeSource], Awaitable[None]] | None = None


async def load_two(fake: FakeSource) -> None:
    for model in ("vectors", "slow"):
        turn = fake.begin(Prompt(model=model, operation="embed" if model == "vectors" else "generate", text=""))
        await turn.enter()
        turn.leave("ok")


async def send_files(fake: FakeSource) -> None:
    for exchange in exchanges(OLLAMA):
        files = exchange.sent.get("files", {}) if isinstance(exchange.sent, dict) else {}
        for digest in files.values():
            if set(digest.partition(":")[2]) != {"0"}:
                fake.library.blobs[digest] = Blob(size=4, start=b"text" if digest == TEXT_DIGEST else b"GGUF")


async def copy_second(fake: FakeSource) -> None:
    fake.library.copy("scripted", "second")


async def crowd(fake: FakeSource) -> None:
    turns = [fake.begin(Prompt(model="slow", operation="generate", text="<|loop|>")) for _ in range(3)]
    WAITING.extend(asyncio.ensure_future(turn.enter()) for turn in turns)
    await asyncio.sleep(0)


WAITING: list["asyncio.Future[None]"] = []
CROWDED = replace(
    QUICK, queue=Queueing(slots=1, depth=2, manners="ollama"), loading=Loading(load_s=20)
)  # fmt: skip
SCENES = {
    "tags-empty": Scene(replace(QUICK, models=())),
    "v1-models-empty": Scene(replace(QUICK, models=())),
    "delete": Scene(before=copy_second),
    "runner-killed": Scene(replace(QUICK, failures=Failing(kind="line", after=49))),
    **dict.fromkeys(("queue-unloaded-4", "queue-unloaded-5", "queue-unloaded-6"), Scene(CROWDED, crowd)),
    **{name: Scene(before=load_two) for one in exchanges(OLLAMA)
       if "ps-" in (name := one.name) and name not in {"ps-empty", "queue-unloaded-ps-while-busy"}},
    **{one.name: Scene(before=send_files) for one in exchanges(OLLAMA) if one.name.startswith(("create-", "blob-"))},
}  # fmt: skip


@cache
def found(exchange: Exchange) -> tuple[str, ...]:
    """The differences of our answer, each exchange asked once."""
    return tuple(differences(exchange, run(answered(exchange))))


async def answered(exchange: Exchange) -> Heard:
    scene = SCENES.get(exchange.name, Scene())
    fake = FakeSource(scene.settings)
    if scene.before:
        await scene.before(fake)
    async with serving(front_of(fake, Serve()), Serve(drain_s=0), 0) as address:
        heard = await ask(address, exchange)
    for task in WAITING:
        task.cancel()
    WAITING.clear()
    return heard


def explanations(exchange: Exchange) -> list[Difference]:
    return [one for one in EXPLAINED if exchange.name in one.names.split()]


REPLAYED = [one for one in exchanges(OLLAMA) if one.name not in UNANSWERED]


@pytest.mark.parametrize("exchange", REPLAYED, ids=lambda one: one.name)
def test_answer_is_the_recorded_one(exchange):
    known = [one.pattern for one in explanations(exchange)]
    assert [line for line in found(exchange) if not any(re.match(pattern, line) for pattern in known)] == []


@pytest.mark.parametrize(("name", "pattern"), [(name, one.pattern) for one in EXPLAINED for name in one.names.split()])
def test_explained_difference_still_exists(name, pattern):
    assert [line for line in found(named(OLLAMA, name)) if re.match(pattern, line)]


def test_exchanges_that_cannot_be_compared_had_no_answer():
    assert {one.name for one in exchanges(OLLAMA) if one.answer.status is None} == UNANSWERED


def test_an_answer_without_a_field_is_a_difference():
    exchange = named(OLLAMA, "chat-whole")
    worse = replace(exchange.answer, body=exchange.answer.body.replace(b'"done":true,', b""))
    assert differences(exchange, worse) == ["body[0].done: missing"]


def test_an_answer_in_another_order_is_a_difference():
    exchange = named(OLLAMA, "chat-stream")
    first, second, *rest = exchange.answer.body.splitlines(keepends=True)
    assert differences(exchange, replace(exchange.answer, body=second + first + b"".join(rest))) != []


# llama-server says the same in other words: what its answers mean is compared, read by the same reader as ours.

SAME_MEANING = [
    one for one in exchanges(LLAMA)
    if (route := find(one.method, one.path)) and route.route.answers and one.answer.status == 200
    and one.leaves_after is None
]  # fmt: skip
REFUSED = [
    one for one in exchanges(LLAMA)
    if (route := find(one.method, one.path)) and route.route.answers and one.answer.status != 200
]  # fmt: skip
LLAMA_REFUSES = {
    "error-bad-json": "what a client did wrong is 400, not 500",
    "chat-too-long": "a chat that is too long is cut to the context, as Ollama does",
}
LLAMA_DIFFERS = {
    "chat-schema-forced": "it does not hold its own template's thinking to the schema and calls all of it thinking",
}


def meaning(exchange: Exchange, heard: Heard) -> dict[str, object]:
    route = find(exchange.method, exchange.path)
    assert route is not None
    reader = answer_reader(route.route.api, route.route.action, heard.header("content-type"))
    whole = gather([*reader.feed(heard.body), *reader.finish()])
    return {
        "text": whole.text.strip(),
        "thinking": whole.thinking.strip(),
        "calls": [(call.name, call.arguments) for call in whole.tool_calls],
        "reason": whole.reason,
        "tokens_out": whole.tokens_out,
        "logprobs": len(whole.logprobs) > 0,
    }


def replayed(exchange: Exchange) -> Heard:
    sent = exchange.sent
    if isinstance(sent, dict):
        model = "plain" if "embeddings" in exchange.path else "any"
        usage = {"stream_options": {"include_usage": True}} if sent.get("stream") else {}
        sent = {"model": model, **sent, **usage}

    async def asked() -> Heard:
        fake = FakeSource(replace(QUICK, models=("any", "plain"), answer=replace(QUICK.answer, context=4096)))
        async with serving(front_of(fake, Serve()), Serve(drain_s=0), 0) as address:
            return await ask(address, replace(exchange, sent=sent))

    return run(asked())


def other_meaning(exchange: Exchange) -> list[str]:
    ours, real = meaning(exchange, replayed(exchange)), meaning(exchange, exchange.answer)
    return [f"{key}: {ours[key]!r} for {real[key]!r}" for key in real if ours[key] != real[key]]


@pytest.mark.parametrize("exchange", SAME_MEANING, ids=lambda one: one.name)
def test_answer_means_what_the_one_of_llama_server_means(exchange):
    found = other_meaning(exchange)
    assert bool(found) == (exchange.name in LLAMA_DIFFERS), found


@pytest.mark.parametrize("exchange", REFUSED, ids=lambda one: one.name)
def test_refusal_has_the_status_of_the_one_of_llama_server(exchange):
    ours = replayed(exchange).status
    assert (ours != exchange.answer.status) == (exchange.name in LLAMA_REFUSES), ours
