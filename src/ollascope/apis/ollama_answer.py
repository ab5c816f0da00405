"""Ollama's answers both ways: lines of chat and generate, whole answers and embeddings, to Chunks and from them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ollascope.apis.body import (
    count,
    encode,
    entries,
    entry,
    kept,
    kind_of,
    malformed,
    measure,
    quote,
    read_object,
    utf8,
    words,
)
from ollascope.apis.errors import answer_status, error_object, read_error_line
from ollascope.apis.parts import (
    LITERAL,
    PLAIN,
    after_end,
    call_id,
    piece,
    read_call,
    read_logprobs,
    read_vectors,
    text_piece,
    thought_piece,
    without_end,
    write_logprobs,
)
from ollascope.apis.writing import Gathered, Stamp, instant
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json

NANO: Final = 1_000_000_000
JSON_TYPE: Final = "application/json; charset=utf-8"

# Most lines are just this: to match one costs a fraction of parsing it. What does not match is parsed.
_TOLD: Final = rb'":"(?:(%b)|","thinking":"(%b))"' % (LITERAL, LITERAL)  # odd groups were said, even ones thought
_PLAIN: Final = re.compile(
    rb'\{"model":"%b*+","created_at":"%b*+",' % (PLAIN, PLAIN)
    + rb'(?:"message":\{"role":"assistant","content%b\}|"response%b),"done":false\}\r?\n?' % (_TOLD, _TOLD)
)

_KNOWN: Final = frozenset(
    (
        "model",
        "created_at",
        "message",
        "response",
        "thinking",
        "tool_calls",
        "logprobs",
        "done",
        "done_reason",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_cached_count",
        "prompt_eval_duration",
        "eval_count",
        "eval_duration",
        "embedding",
        "embeddings",
    )
)


class OllamaAnswer:
    """Lines of /api/chat and /api/generate."""

    def __init__(self) -> None:
        self._done = False

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        if (plain := _PLAIN.fullmatch(payload)) and not self._done:
            told = plain.lastindex or 0
            chunks.append((text_piece if told % 2 else thought_piece)(plain[told]))
            return
        data = read_object(payload)
        if self._done:
            raise after_end()
        if "error" in data:
            raise read_error_line(data["error"])
        message = data.get("message")
        if message is None and "response" not in data:
            raise malformed("the answer holds a line with neither message nor response")
        part = data if message is None else entry(message)
        done = data.get("done")
        if done is False and len(data) == 4 and "model" in data and "created_at" in data and _is_plain(part):
            text = words(part.get("content") if part is not data else part["response"])
            chunks.append(piece(text))
        elif done is True or done is False:
            self._done = done
            chunks.append(_read(data, part, done=done))
        else:
            raise malformed(f"the answer holds {kind_of(done)} where `done` is true or false")

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            raise without_end()


class OllamaEmbedding:
    """The body of /api/embed or /api/embeddings."""

    def __init__(self) -> None:
        self._done = False

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        data = read_object(payload)
        if "error" in data:
            raise read_error_line(data["error"])
        if "embeddings" in data:
            vectors = read_vectors(data["embeddings"])
        elif "embedding" in data:
            vectors = read_vectors([data["embedding"]]) if data["embedding"] else ()
        else:
            raise malformed("the answer holds no embeddings")
        self._done = True
        chunks.append(_final(data, Chunk(vectors=vectors)))

    def end(self, chunks: list[Chunk]) -> None:
        if not self._done:
            raise without_end()


class OllamaLines:
    """A streamed answer of /api/chat or /api/generate: one line a Chunk."""

    content_type = "application/x-ndjson"

    def __init__(self, stamp: Stamp, *, chat: bool) -> None:
        self._stamp = stamp
        self._chat = chat
        self._calls = 0
        self._head = f'{{"model":{quote(stamp.model)},"created_at":"'
        self._text = '","message":{"role":"assistant","content":' if chat else '","response":'
        self._tail = '},"done":false}\n' if chat else ',"done":false}\n'

    def write(self, chunk: Chunk) -> bytes:
        if chunk.done or chunk.thinking or chunk.tool_calls or chunk.logprobs or chunk.extra:
            return encode(self.line(chunk)) + b"\n"
        at = instant(self._stamp.now_ns())
        return utf8(f"{self._head}{at}{self._text}{quote(chunk.text)}{self._tail}")

    def line(self, chunk: Chunk) -> dict[str, Json]:
        """The line of one Chunk as an object, its fields in the real one's order."""
        written: dict[str, Json] = {"model": self._stamp.model, "created_at": instant(self._stamp.now_ns())}
        said: dict[str, Json] = {"role": "assistant", "content": chunk.text} if self._chat else {"response": chunk.text}
        if chunk.thinking:
            said["thinking"] = chunk.thinking
        calls: list[Json] = [self._call(call) for call in chunk.tool_calls]
        if self._chat:
            if calls:
                said["tool_calls"] = calls
            written["message"] = said
        else:
            written.update(said)
        written["done"] = chunk.done
        if chunk.done and chunk.reason:
            written["done_reason"] = "stop" if chunk.reason == "tool_calls" else chunk.reason
        if calls and not self._chat:
            written["tool_calls"] = calls
        logprobs: dict[str, Json] = {"logprobs": write_logprobs(chunk.logprobs)} if chunk.logprobs else {}
        counts = _counted(chunk) if chunk.done else {}
        return (
            {**written, **chunk.extra, **logprobs, **counts}
            if self._chat
            else ({**written, **chunk.extra, **counts, **logprobs})
        )

    def fail(self, trouble: Trouble) -> bytes:
        return encode(error_object("ollama", answer_status(trouble), trouble.message)) + b"\n"

    def _call(self, call: ToolCall) -> dict[str, Json]:
        number = self._calls
        self._calls += 1
        function: dict[str, Json] = {"index": number, "name": call.name, "arguments": dict(call.arguments)}
        return {"id": call.id or call_id(self._stamp.id, number), "function": {**function, **call.extra}}


class OllamaWhole:
    """An answer of /api/chat or /api/generate in one object."""

    content_type = JSON_TYPE

    def __init__(self, stamp: Stamp, *, chat: bool) -> None:
        self._lines = OllamaLines(stamp, chat=chat)
        self._gathered = Gathered()

    def write(self, chunk: Chunk) -> bytes:
        self._gathered.add(chunk)
        return encode(self._lines.line(self._gathered.whole(chunk))) if chunk.done else b""

    def fail(self, trouble: Trouble) -> bytes:
        return self._lines.fail(trouble).rstrip()


class OllamaEmbed:
    """The answer of /api/embed, or of /api/embeddings: its first vector and nothing else."""

    content_type = JSON_TYPE

    def __init__(self, stamp: Stamp, *, one: bool) -> None:
        self._stamp = stamp
        self._one = one

    def write(self, chunk: Chunk) -> bytes:
        vectors = [list(vector) for vector in chunk.vectors]
        if self._one:
            return encode({"embedding": vectors[0] if vectors else []})
        known = {**_counted(chunk), "eval_count": None, "eval_duration": None, "prompt_eval_duration": None}
        return encode({"model": self._stamp.model, "embeddings": vectors, **chunk.extra, **kept(known)})

    def fail(self, trouble: Trouble) -> bytes:
        return encode(error_object("ollama", answer_status(trouble), trouble.message))


def _is_plain(part: Mapping[str, Json]) -> bool:
    return "thinking" not in part and "tool_calls" not in part and "logprobs" not in part


def _read(data: Mapping[str, Json], part: Mapping[str, Json], *, done: bool) -> Chunk:
    chunk = Chunk(
        text=words(part.get("content") if part is not data else part.get("response")),
        thinking=words(part.get("thinking")),
        tool_calls=tuple(read_call(call) for call in entries(part.get("tool_calls"))),
        logprobs=read_logprobs(data.get("logprobs")),
        extra={key: value for key, value in data.items() if key not in _KNOWN},
    )
    return _final(data, chunk) if done else chunk


def _final(data: Mapping[str, Json], chunk: Chunk) -> Chunk:
    """The last Chunk: what was said, and what the engine counted and timed."""
    return replace(
        chunk,
        done=True,
        reason=words(data.get("done_reason")) or None,
        tokens_in=count(data.get("prompt_eval_count")),
        tokens_cached=count(data.get("prompt_eval_cached_count")),
        tokens_out=count(data.get("eval_count")),
        load_s=_seconds(data.get("load_duration")),
        prefill_s=_seconds(data.get("prompt_eval_duration")),
        decode_s=_seconds(data.get("eval_duration")),
        total_s=_seconds(data.get("total_duration")),
    )


def _seconds(nanoseconds: Json) -> float | None:
    value = measure(nanoseconds)
    return None if value is None else value / NANO


def _counted(chunk: Chunk) -> dict[str, Json]:
    """Counts and times of a last Chunk; zero is left out as Ollama does, except of what was cached."""
    known: dict[str, Json] = {
        "total_duration": _nanoseconds(chunk.total_s),
        "load_duration": _nanoseconds(chunk.load_s),
        "prompt_eval_count": chunk.tokens_in or None,
        "prompt_eval_cached_count": chunk.tokens_cached,
        "prompt_eval_duration": _nanoseconds(chunk.prefill_s),
        "eval_count": chunk.tokens_out or None,
        "eval_duration": _nanoseconds(chunk.decode_s),
    }
    return kept(known)


def _nanoseconds(seconds: float | None) -> int | None:
    return round(seconds * NANO) or None if seconds is not None else None
