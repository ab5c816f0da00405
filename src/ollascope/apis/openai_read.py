"""OpenAI's answers: events and bodies of chat and completions, and embeddings, to Chunks.

Read from Ollama, llama-server and their like: thinking as `reasoning` or `reasoning_content`, tool calls whole or in
fragments, token counts before or after the end of the text, and llama.cpp's `timings`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ollascope.apis.body import count, entries, entry, malformed, measure, read_object, words
from ollascope.apis.errors import read_error_line
from ollascope.apis.parts import (
    LITERAL,
    PLAIN,
    after_end,
    is_whole_object,
    piece,
    read_arguments,
    read_call,
    read_logprobs,
    read_vectors,
    text_piece,
    thought_piece,
    without_end,
)
from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.errors import TooLarge
from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json

CALL_LIMIT: Final = 4 * 1024 * 1024  # characters of tool calls in fragments
CALL_SIZE: Final = 128  # what a fragment costs beside its text

EXTRAS: Final = 64  # unknown fields that are kept of a stream

_PLAIN: Final = frozenset(("id", "object", "created", "model", "system_fingerprint", "choices"))
_KNOWN: Final = _PLAIN | {"usage", "timings"}

# Most events are just this, in the order of one server or another: to match one costs a fraction of parsing it.
# What does not match is parsed. Groups are never possessive: Python 3.11.2 takes them wrongly.
# Of its groups the odd ones are said, the even one is thought.
_ABOUT: Final = (
    rb'"(?:(?:id|object|model|system_fingerprint)":"%b*+"|created":[1-9][0-9]{0,17}+|system_fingerprint":null)' % PLAIN
)
_BESIDE: Final = rb'"(?:index":0|finish_reason":null|logprobs":null)'
_THOUGHT: Final = rb'(?:"content":(?:""|null),)?"reasoning(?:_content)?":"(%b)"' % LITERAL
_DELTA: Final = rb'"delta":\{(?:"role":"assistant",)?(?:"content":"(%b)"|%b)\}' % (LITERAL, _THOUGHT)
_CHOICE: Final = rb'\{(?:%b,)*(?:%b|"text":"(%b)")(?:,%b)*\}' % (_BESIDE, _DELTA, LITERAL, _BESIDE)
_USUAL: Final = re.compile(rb'\{(?:%b,)*"choices":\[%b\](?:,%b)*\}' % (_ABOUT, _CHOICE, _ABOUT))


class OpenAiAnswer:
    """Events of a stream of /v1/chat/completions or /v1/completions."""

    def __init__(self) -> None:
        self._done = False
        self._ended = False
        self._reason: str | None = None
        self._usage: Mapping[str, Json] = {}
        self._timings: Mapping[str, Json] = {}
        self._extra: dict[str, Json] = {}
        self._calls = Fragments()

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        if (usual := _USUAL.fullmatch(payload)) and not self._done:
            told = usual.lastindex or 0
            chunks.append((text_piece if told % 2 else thought_piece)(usual[told]))
            return
        if payload.strip() == b"[DONE]":
            self._finish(chunks)
            return
        data = read_object(payload)
        if self._done:
            raise after_end()
        if "error" in data:
            raise read_error_line(data["error"])
        if "choices" not in data:
            raise malformed("the answer holds an event without choices")
        if not _PLAIN.issuperset(data):
            self._note(data)
        for choice in entries(data["choices"]):
            if not choice.get("index"):  # a Call is about one answer; `n` asks for more of them
                self._choose(choice, chunks)

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            self._finish(chunks)

    def _note(self, data: Mapping[str, Json]) -> None:
        self._usage = entry(data.get("usage")) or self._usage
        self._timings = entry(data.get("timings")) or self._timings
        if len(self._extra) < EXTRAS:
            self._extra.update((key, value) for key, value in data.items() if key not in _KNOWN)

    def _choose(self, choice: Mapping[str, Json], chunks: list[Chunk]) -> None:
        reason = choice.get("finish_reason")
        delta = choice.get("delta")
        said = entry(delta) if delta is not None else choice
        text = words(said.get("content") if delta is not None else said.get("text"))
        thinking = words(said.get("reasoning") or said.get("reasoning_content")) if len(said) > 1 or not text else ""
        fragments = said.get("tool_calls")
        calls = self._calls.add(fragments) if fragments else ()
        logprobs = read_choice_logprobs(choice["logprobs"]) if choice.get("logprobs") else ()
        if reason is not None:
            self._reason = words(reason)
            self._ended = True
        if thinking or calls or logprobs:
            chunks.append(Chunk(text=text, thinking=thinking, tool_calls=calls, logprobs=logprobs))
        elif text or reason is None:
            chunks.append(piece(text))

    def _finish(self, chunks: list[Chunk]) -> None:
        if self._done:
            raise after_end()
        if not self._ended:
            raise without_end()
        self._done = True
        last = Chunk(tool_calls=self._calls.rest(), reason=self._reason, extra=self._extra)
        chunks.append(close(last, self._usage, self._timings))


def only_counts(payload: bytes) -> bool:
    """This event of a stream holds token counts and nothing else: not for a client that did not ask for them."""
    data = read_object(payload) if b'"usage"' in payload else {}
    return data.get("choices") == [] and "error" not in data


class OpenAiWhole:
    """The body of an answer that is not streamed."""

    def __init__(self) -> None:
        self._done = False

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        data = read_object(payload)
        if "error" in data and "choices" not in data:
            raise read_error_line(data["error"])
        choices = entries(data.get("choices"))
        if not choices:
            raise malformed("the answer holds no choices")
        choice = choices[0]
        if choice.get("finish_reason") is None:
            raise without_end()
        message = choice.get("message")
        said = entry(message) if message is not None else {"content": choice.get("text")}
        chunk = Chunk(
            text=words(said.get("content")),
            thinking=words(said.get("reasoning") or said.get("reasoning_content")),
            tool_calls=tuple(read_call(call) for call in entries(said.get("tool_calls"))),
            logprobs=read_choice_logprobs(choice.get("logprobs")),
            reason=words(choice["finish_reason"]),
            extra={key: value for key, value in data.items() if key not in _KNOWN},
        )
        self._done = True
        chunks.append(close(chunk, entry(data.get("usage")), entry(data.get("timings"))))

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            raise without_end()


class OpenAiEmbedding:
    """The body of /v1/embeddings, its vectors in the order of the texts."""

    def __init__(self) -> None:
        self._done = False

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        data = read_object(payload)
        if "error" in data and "data" not in data:
            raise read_error_line(data["error"])
        items = entries(data.get("data"))
        if "data" not in data:
            raise malformed("the answer holds no embeddings")
        items.sort(key=lambda item: count(item.get("index")) or 0)
        chunk = Chunk(vectors=read_vectors([item.get("embedding") for item in items]))
        self._done = True
        chunks.append(close(chunk, {**entry(data.get("usage")), "completion_tokens": None}, {}))

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            raise without_end()


@dataclass(slots=True)
class Growing:
    """A tool call of which fragments have come."""

    name: str = ""
    id: str | None = None
    texts: list[str] = field(default_factory=list)
    depth: int = 0

    def add(self, name: str, call_id: str, text: str) -> None:
        self.name = self.name or name
        self.id = self.id or call_id or None
        if text:
            self.texts.append(text)
        self.depth += text.count("{") - text.count("}")

    @property
    def may_be_whole(self) -> bool:
        """Worth a try: its braces match, or it came in one piece; braces inside texts only delay it to the end."""
        return self.depth == 0 or len(self.texts) == 1

    def call(self) -> ToolCall:
        arguments, extra = read_arguments("".join(self.texts))
        return ToolCall(name=self.name, id=self.id, arguments=arguments, extra=extra)


class Fragments:
    """Tool calls that come in fragments: each is given out when its arguments are complete, or the next one begins."""

    def __init__(self) -> None:
        self._index = -1
        self._open: Growing | None = None
        self._size = 0

    def add(self, value: Json) -> tuple[ToolCall, ...]:
        whole: list[ToolCall] = []
        for place, item in enumerate(entries(value)):
            index = count(item.get("index"))
            self._grow(place if index is None else index, item, whole)
        return tuple(whole)

    def rest(self) -> tuple[ToolCall, ...]:
        """What is still open at the end, with whatever arguments it has."""
        call = () if self._open is None else (self._open.call(),)
        self._open = None
        return call

    def _grow(self, index: int, item: Mapping[str, Json], whole: list[ToolCall]) -> None:
        function = entry(item.get("function"))
        name, call_id = words(function.get("name")), words(item.get("id"))
        arguments = function.get("arguments")
        if index != self._index or (self._open is not None and self._open.id and call_id not in {"", self._open.id}):
            whole.extend(self.rest())
            self._index = index
        if isinstance(arguments, dict):  # some servers send an object where a text belongs
            whole.append(read_call(item))
            return
        text = words(arguments)
        if self._open is None and not name and not text.strip():  # nothing but space behind a complete call
            return
        growing = self._open or Growing()
        growing.add(name, call_id, text)
        self._size += len(text) + CALL_SIZE
        if self._size > CALL_LIMIT:
            raise TooLarge("the answer's tool calls are too long", hint="the model runs wild; give it a token limit")
        self._open = growing
        if text.endswith("}") and growing.may_be_whole and is_whole_object("".join(growing.texts)):
            whole.extend(self.rest())


def read_choice_logprobs(value: Json) -> tuple[Logprob, ...]:
    """Log probabilities of a choice; those of the older completions come as parallel lists."""
    data = entry(value)
    if "tokens" not in data:
        return read_logprobs(data.get("content"))
    tokens, numbers = data.get("tokens"), data.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(numbers, list):
        raise malformed("the answer holds something else where log probabilities belong")
    pairs = [{"token": token, "logprob": number or 0.0} for token, number in zip(tokens, numbers, strict=False)]
    return read_logprobs(pairs)


def close(chunk: Chunk, usage: Mapping[str, Json], timings: Mapping[str, Json]) -> Chunk:
    """The last Chunk: usage first, llama.cpp's timings for what it leaves out; all-zero usage counts for nothing."""
    cached, prompt = count(timings.get("cache_n")), count(timings.get("prompt_n"))
    tokens_in, tokens_out = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    if not tokens_in and not tokens_out:
        tokens_in = None if prompt is None else prompt + (cached or 0)
        tokens_out = count(timings.get("predicted_n"))
    details = entry(usage.get("prompt_tokens_details"))
    if (told := count(details.get("cached_tokens"))) is not None:
        cached = told
    return replace(
        chunk,
        done=True,
        tokens_in=tokens_in,
        tokens_cached=cached,
        tokens_out=tokens_out,
        tokens_thinking=count(entry(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        prefill_s=_seconds(timings.get("prompt_ms")),
        decode_s=_seconds(timings.get("predicted_ms")),
    )


def _seconds(milliseconds: Json) -> float | None:
    value = measure(milliseconds)
    return None if value is None else value / 1000
