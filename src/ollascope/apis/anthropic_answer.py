"""Anthropic's answers both ways: the events of a stream and the whole message, to Chunks and from them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ollascope.apis.body import count, encode, entries, entry, kept, read_object, words
from ollascope.apis.errors import answer_status, error_object, read_error_line
from ollascope.apis.openai_read import Fragments
from ollascope.apis.parts import after_end, call_id, piece, without_end, write_arguments
from ollascope.apis.writing import Gathered, Stamp
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json

JSON_TYPE: Final = "application/json"
_READ_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_WRITTEN_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "load": "end_turn",
    "unload": "end_turn",
}


class AnthropicAnswer:
    """Events of a stream of /v1/messages."""

    def __init__(self) -> None:
        self._done = False
        self._reason: str | None = None
        self._usage: dict[str, Json] = {}
        self._calls = Fragments()

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        data = read_object(payload)
        kind = data.get("type")
        if kind == "ping":
            return
        if self._done:
            raise after_end()
        if kind == "content_block_delta":
            chunks.append(self._grow(count(data.get("index")) or 0, entry(data.get("delta"))))
        elif kind == "error" or "error" in data:
            raise read_error_line(data.get("error"))
        elif kind == "content_block_start":
            self._begin(count(data.get("index")) or 0, entry(data.get("content_block")), chunks)
        elif kind == "content_block_stop":
            self._give(self._calls.rest(), chunks)
        elif kind == "message_start":
            self._note(entry(data.get("message")).get("usage"))
        elif kind == "message_delta":
            self._reason = words(entry(data.get("delta")).get("stop_reason")) or self._reason
            self._note(data.get("usage"))
        elif kind == "message_stop":
            self._finish(chunks)

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            self._finish(chunks)

    def _begin(self, index: int, block: Mapping[str, Json], chunks: list[Chunk]) -> None:
        if block.get("type") == "tool_use":
            start = {"index": index, "id": block.get("id"), "function": {"name": block.get("name")}}
            self._give(self._calls.add([start]), chunks)
            if arguments := entry(block.get("input")):
                self._give(self._calls.add([_fragment(index, encode(arguments).decode())]), chunks)
        elif text := words(block.get("text")):
            chunks.append(Chunk(text=text))
        elif thinking := words(block.get("thinking")):
            chunks.append(Chunk(thinking=thinking))

    def _grow(self, index: int, delta: Mapping[str, Json]) -> Chunk:
        if text := words(delta.get("text")):
            return piece(text)
        if thinking := words(delta.get("thinking")):
            return Chunk(thinking=thinking)
        if (fragment := delta.get("partial_json")) is not None:
            calls = self._calls.add([_fragment(index, words(fragment))])
            return Chunk(tool_calls=calls) if calls else piece("")
        return piece("")

    def _give(self, calls: tuple[ToolCall, ...], chunks: list[Chunk]) -> None:
        if calls:
            chunks.append(Chunk(tool_calls=calls))

    def _note(self, usage: Json) -> None:
        self._usage.update(kept({key: entry(usage).get(key) for key in _COUNTS}))

    def _finish(self, chunks: list[Chunk]) -> None:
        if self._reason is None:
            raise without_end()
        self._done = True
        self._give(self._calls.rest(), chunks)
        chunks.append(_close(Chunk(), self._reason, self._usage))


class AnthropicWhole:
    """The body of an answer that is not streamed."""

    def __init__(self) -> None:
        self._done = False

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        data = read_object(payload)
        if data.get("type") == "error" or "error" in data:
            raise read_error_line(data.get("error"))
        reason = words(data.get("stop_reason"))
        if not reason:
            raise without_end()
        blocks = entries(data.get("content"))
        chunk = Chunk(
            text="".join(words(block.get("text")) for block in blocks),
            thinking="".join(words(block.get("thinking")) for block in blocks),
            tool_calls=tuple(_read_call(block) for block in blocks if block.get("type") == "tool_use"),
        )
        self._done = True
        chunks.append(_close(chunk, reason, entry(data.get("usage"))))

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            raise without_end()


class AnthropicEvents:
    """A streamed answer: a block for each stretch of thinking or text and for each tool call."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._begun = False
        self._block: str | None = None
        self._index = 0
        self._calls = 0

    def write(self, chunk: Chunk) -> bytes:
        events = [] if self._begun else [self._start(chunk)]
        self._begun = True
        if chunk.thinking:
            events += self._delta("thinking", chunk.thinking)
        if chunk.text:
            events += self._delta("text", chunk.text)
        for call in chunk.tool_calls:
            events += self._call(call)
        if chunk.done:
            events += self._stop(chunk)
        return b"".join(events)

    def fail(self, trouble: Trouble) -> bytes:
        return _event("error", error_object("anthropic", answer_status(trouble), trouble.message))

    def _start(self, chunk: Chunk) -> bytes:
        usage: dict[str, Json] = {**_usage(chunk), "output_tokens": 0}
        return _event("message_start", {"message": {**_head(self._stamp), "content": [], "usage": usage}})

    def _delta(self, kind: str, text: str) -> Iterator[bytes]:
        if self._block != kind:
            yield from self._close()
            self._block = kind
            yield self._open({"type": kind, kind: ""})
        yield self._piece({"type": f"{kind}_delta", kind: text})

    def _call(self, call: ToolCall) -> Iterator[bytes]:
        yield from self._close()
        self._block = "tool_use"
        yield self._open(_use(call, self._stamp.id, self._calls) | {"input": {}})
        self._calls += 1
        yield self._piece({"type": "input_json_delta", "partial_json": write_arguments(call)})
        yield from self._close()

    def _stop(self, chunk: Chunk) -> Iterator[bytes]:
        yield from self._close()
        reason = _written_reason(chunk, called=self._calls > 0)
        yield _event("message_delta", {"delta": {"stop_reason": reason}, "usage": _usage(chunk)})
        yield _event("message_stop", {})

    def _close(self) -> Iterator[bytes]:
        if self._block is not None:
            yield _event("content_block_stop", {"index": self._index})
            self._index += 1
            self._block = None

    def _open(self, block: Mapping[str, Json]) -> bytes:
        return _event("content_block_start", {"index": self._index, "content_block": block})

    def _piece(self, delta: Mapping[str, Json]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})


class AnthropicObject:
    """An answer in one message."""

    content_type = JSON_TYPE

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._gathered = Gathered()

    def write(self, chunk: Chunk) -> bytes:
        self._gathered.add(chunk)
        return self._body(self._gathered.whole(chunk)) if chunk.done else b""

    def fail(self, trouble: Trouble) -> bytes:
        return encode(error_object("anthropic", answer_status(trouble), trouble.message)) + b"\n"

    def _body(self, chunk: Chunk) -> bytes:
        blocks: list[Json] = []
        if chunk.thinking:
            blocks.append({"type": "thinking", "thinking": chunk.thinking})
        if chunk.text:
            blocks.append({"type": "text", "text": chunk.text})
        blocks += [_use(call, self._stamp.id, number) for number, call in enumerate(chunk.tool_calls)]
        reason = _written_reason(chunk, called=bool(chunk.tool_calls))
        end: dict[str, Json] = {"content": blocks, "stop_reason": reason, "usage": _usage(chunk)}
        return encode({**_head(self._stamp), **end}) + b"\n"


_COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def _close(chunk: Chunk, reason: str, usage: Mapping[str, Json]) -> Chunk:
    """The last Chunk; this API counts cached tokens beside the others, a Chunk counts them among them."""
    uncached, tokens_out = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    cached, created = (count(usage.get(key)) for key in _COUNTS[2:])
    tokens_in = None if uncached is None else uncached + (cached or 0) + (created or 0)
    return replace(
        chunk,
        done=True,
        reason=_READ_REASONS.get(reason, reason),
        tokens_in=tokens_in or None,
        tokens_cached=cached,
        tokens_out=tokens_out if tokens_in or tokens_out else None,
    )


def _read_call(block: Mapping[str, Json]) -> ToolCall:
    return ToolCall(
        name=words(block.get("name")), id=words(block.get("id")) or None, arguments=entry(block.get("input"))
    )


def _fragment(index: int, text: str) -> dict[str, Json]:
    return {"index": index, "function": {"arguments": text}}


def _head(stamp: Stamp) -> dict[str, Json]:
    return {"id": f"msg_{stamp.id}", "type": "message", "role": "assistant", "model": stamp.model}


def _use(call: ToolCall, answer_id: str, number: int) -> dict[str, Json]:
    name = call.id or call_id(answer_id, number)
    return {"type": "tool_use", "id": name, "name": call.name, "input": dict(call.arguments)}


def _usage(chunk: Chunk) -> dict[str, Json]:
    tokens_in, cached = chunk.tokens_in or 0, chunk.tokens_cached
    counts: dict[str, Json] = {
        "input_tokens": max(0, tokens_in - (cached or 0)),
        "output_tokens": chunk.tokens_out or 0,
    }
    return counts if cached is None else {**counts, "cache_read_input_tokens": cached}


def _written_reason(chunk: Chunk, *, called: bool) -> str:
    reason = "tool_calls" if called and chunk.reason in {None, "stop"} else chunk.reason or "stop"
    return _WRITTEN_REASONS.get(reason, reason)


def _event(kind: str, fields: Mapping[str, Json]) -> bytes:
    return f"event: {kind}\ndata: ".encode() + encode({"type": kind, **fields}) + b"\n\n"
