"""What the real Ollama and llama-server said with the scripted models is what speech makes of the same tokens."""

from dataclasses import replace

import pytest

from ollascope.apis.formats import answer_reader, read_request
from ollascope.apis.ollama_request import only_loads
from ollascope.apis.routes import find
from ollascope.apis.writing import gather
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt
from tests.contracts.transcripts import Exchange, exchanges, named
from tests.serve.llamacpp.speech.scripted import KNOWING, PLAIN, Words, answer

OLLAMA, LLAMA = "ollama-0.32.15", "llama-server"
MODELS = {"scripted": KNOWING, "slow": PLAIN, "plain": PLAIN}

# exchange: what is different, and why
DIFFERS = {
    "generate-think-false": (
        {"text"},
        "we leave out thoughts that were not wanted; the real one tells them with their tags",
    ),
    "v1-chat-think-none": ({"text"}, "the same"),
    "chat-600-messages-too-long": (
        {"tokens_in"},
        "what stays of a long chat begins with a question, not with an answer",
    ),
    "chat-too-long-truncated": ({"tokens_in"}, "the same"),
    "chat-tool-unknown": ({"text"}, "a call of a tool that was not offered is told as text; the real one loses it"),
}
# what hangs on the engine and not on the telling
ELSEWHERE = {
    "chat-schema-forced": "held to the schema by the grammar",
    "chat-schema-forced-think-true": "held to the schema by the grammar",
    "chat-schema-forced-think-false": "held to the schema by the grammar",
    "chat-schema-forced-plain": "held to the schema by the grammar",
    "context-end-shift": "we end at the end of the context; the real one forgets the beginning and goes on",
    "context-end-no-shift": "num_ctx is the house's",
    "v1-chat-max-completion-tokens": "we honour it",
    "runner-killed": "no answer",
    "generate-num-predict-minus-1": "no end",
    "cancel-in-decode": "no end",
    "error-not-utf8": "the body is repaired by the reader of requests",
    "chat-cancelled": "no end",
}


def _asked(exchange: Exchange) -> Prompt | None:
    route = find(exchange.method, exchange.path)
    if route is None or not route.route.answers or exchange.answer.status != 200:
        return None
    prompt = read_request(route.route.api, route.route.action, exchange.body)
    return None if prompt.operation == "embed" or only_loads(prompt) else prompt


def _heard(exchange: Exchange) -> Chunk:
    route = find(exchange.method, exchange.path)
    assert route is not None
    reader = answer_reader(route.route.api, route.route.action, exchange.answer.header("content-type"))
    return gather([*reader.feed(exchange.answer.body), *reader.finish()])


def _model(prompt: Prompt) -> str:
    return prompt.model.partition(":")[0]


RECORDED = [
    (exchange, prompt)
    for exchange in exchanges(OLLAMA)
    if (prompt := _asked(exchange)) and exchange.name not in ELSEWHERE and _model(prompt) in MODELS
]


def _ours(prompt: Prompt, exchange: Exchange) -> Chunk:
    words = Words(template=MODELS[_model(prompt)], context=2049)  # Ollama fills a context of 2048 to the last token
    return gather(answer(prompt, words))


def _meaning(whole: Chunk) -> dict[str, object]:
    return {
        "text": whole.text,
        "thinking": whole.thinking,
        "calls": [(call.name, call.arguments) for call in whole.tool_calls],
        "reason": "stop" if whole.reason == "tool_calls" else whole.reason,
        "tokens_in": whole.tokens_in,
        "tokens_out": whole.tokens_out,
        "logprobs": [(one.token, one.token_bytes) for one in whole.logprobs],
    }


def test_there_is_enough_to_compare():
    assert len(RECORDED) > 60


@pytest.mark.parametrize(("exchange", "prompt"), RECORDED, ids=[exchange.name for exchange, _ in RECORDED])
def test_answer_is_what_the_real_one_said(exchange, prompt):
    real, ours = _meaning(_heard(exchange)), _meaning(_ours(prompt, exchange))
    if exchange.path.startswith("/v1/completions") or exchange.name.startswith("messages-"):
        real = {**real, "logprobs": ours["logprobs"]}
    different = {key for key in real if real[key] != ours[key] and real[key] is not None}
    allowed, _reason = DIFFERS.get(exchange.name, (set(), ""))
    assert different == allowed, {key: (real[key], ours[key]) for key in different}


@pytest.mark.parametrize(
    ("exchange", "prompt"),
    [(exchange, prompt) for exchange, prompt in RECORDED if exchange.answer.media == "application/x-ndjson"],
    ids=lambda one: getattr(one, "name", ""),
)
def test_pieces_are_those_of_the_real_one(exchange, prompt):
    words = Words(template=MODELS[_model(prompt)], context=2049)
    ours = [(one.text, one.thinking, len(one.tool_calls)) for one in answer(prompt, words)]
    real = []
    for event in exchange.answer.events:
        part = event.get("message", event)
        real.append(
            (part.get("content", part.get("response", "")), part.get("thinking", ""), len(part.get("tool_calls", ())))
        )
    # The real one sends pieces without anything in them for the marks of thoughts on /api/generate.
    assert [one for one in ours if any(one)] == [one for one in real if any(one)]


def test_context_goes_on_where_the_answer_ended():
    prompt = Prompt(model="scripted", operation="generate", text="Hi", extra={"context": [10, 11, 12]})
    whole = gather(answer(prompt))
    real = _heard(named(OLLAMA, "generate-context-back"))
    ours = whole.extra["context"]
    assert whole.tokens_in == real.tokens_in
    assert isinstance(ours, list)
    assert (
        ours[: whole.tokens_in] == real.extra["context"][: whole.tokens_in]
    )  # then ours has the tokens as they were said


LLAMA_DIFFERS = {
    "chat-schema-forced": "a grammar of the engine; the real one was not held to it",
    "chat-too-long": "it refuses, we leave out what is old where we can",
    "completions-stream": "a text becomes a message of the user, as with Ollama; here it went to the model as it was",
}
LLAMAS = [
    (exchange, prompt)
    for exchange in exchanges(LLAMA)
    if exchange.leaves_after is None
    and isinstance(exchange.sent, dict)
    and exchange.name not in LLAMA_DIFFERS
    and (prompt := _asked(replace(exchange, sent={"model": "any", **exchange.sent})))
]


@pytest.mark.parametrize(("exchange", "prompt"), LLAMAS, ids=[exchange.name for exchange, _ in LLAMAS])
def test_answer_is_what_llama_server_said(exchange, prompt):
    template = named(LLAMA, "props").answer.events[0]["chat_template"]
    real = _heard(exchange)
    ours = gather(answer(prompt, Words(template=template, context=1025)))
    assert ours.text.strip() == real.text.strip()  # it cuts blanks off
    assert ours.thinking.strip() == real.thinking.strip()
    assert [(call.name, call.arguments) for call in ours.tool_calls] == [
        (call.name, call.arguments) for call in real.tool_calls
    ]
    assert ours.tokens_in == (real.tokens_in or ours.tokens_in)
    assert ours.tokens_out == (real.tokens_out or ours.tokens_out)


REFUSED = ("chat-tool-unsupported", "generate-suffix", "generate-images-unsupported", "generate-think-unsupported",
           "error-prompt-too-long", "v1-chat-image-unsupported")  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_has_the_status_and_the_words_of_the_real_one(name):
    exchange = named(OLLAMA, name)
    route = find(exchange.method, exchange.path)
    assert route is not None
    prompt = read_request(route.route.api, route.route.action, exchange.body)
    with pytest.raises(Trouble) as caught:
        answer(prompt, Words(template=MODELS[_model(prompt)], context=2048))
    real = exchange.answer.body.decode().replace("registry.ollama.ai/library/", "").replace(":latest", "")
    assert caught.value.message.replace('"', "").replace(":latest", "") in real.replace("\\", "").replace('"', "")
