"""OpenAI's answers from Chunks: events with usage on request and `[DONE]`, whole bodies, embeddings."""

from typing import Final

from ollascope.apis.body import encode, kept, quote, utf8
from ollascope.apis.errors import answer_status, error_object
from ollascope.apis.parts import call_id, write_arguments, write_base64, write_logprobs
from ollascope.apis.writing import Gathered, Stamp
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json

FINGERPRINT: Final = "fp_ollascope"
DONE: Final = b"data: [DONE]\n\n"
JSON_TYPE: Final = "application/json"
OLLAMA_ONLY: Final = frozenset(("context", "remote_model", "remote_host"))  # means nothing to a client of this API


class OpenAiEvents:
    """A streamed answer of /v1/chat/completions or /v1/completions; usage, if asked for, stands before `[DONE]`."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, *, chat: bool, usage: bool) -> None:
        self._chat = chat
        self._usage = usage
        self._calls = Calls(stamp.id)
        self._roled = False
        self._head = head(stamp, "chat.completion.chunk" if chat else "text_completion", chat=chat)
        self._parts: tuple[str, str] | None = None  # what stands around the text of most pieces

    def write(self, chunk: Chunk) -> bytes:
        plain = not (chunk.done or chunk.thinking or chunk.tool_calls or chunk.logprobs or chunk.extra)
        if plain and self._parts is not None:
            return utf8(f"{self._parts[0]}{quote(chunk.text)}{self._parts[1]}")
        if plain:
            first = self._event(chunk)
            self._parts = self._around()
            return first
        if not chunk.done:
            return self._event(chunk)
        said = chunk.text or chunk.thinking or chunk.tool_calls or chunk.logprobs
        before = self._event(chunk) if said else b""
        return before + self._last(chunk) + DONE

    def fail(self, trouble: Trouble) -> bytes:
        return _event(error_object("openai", answer_status(trouble), trouble.message))

    def _around(self) -> tuple[str, str]:
        before, name, after = self._event(Chunk()).decode().partition('"content":' if self._chat else '"text":')
        return before + name, after[2:]

    def _event(self, chunk: Chunk) -> bytes:
        if not self._chat:
            return self._completion(chunk.text, None, chunk)
        delta: dict[str, Json] = {} if self._roled else {"role": "assistant"}
        self._roled = True
        delta["content"] = chunk.text
        if chunk.thinking:
            delta["reasoning"] = chunk.thinking
        if chunk.tool_calls:
            delta["tool_calls"] = self._calls.write(chunk.tool_calls)
        choice: dict[str, Json] = {"index": 0, "delta": delta, "finish_reason": None, **_logprobs(chunk)}
        return _event({**self._head, "choices": [choice], **_extra(chunk)})

    def _completion(self, text: str, reason: str | None, chunk: Chunk) -> bytes:
        logprobs = {} if reason else _logprobs(chunk)
        choice: dict[str, Json] = {"text": text, "index": 0, "finish_reason": reason, **logprobs}
        zero: dict[str, Json] = {"usage": usage(Chunk())} if self._usage else {}
        return _event(self._mixed([choice]) | zero)

    def _last(self, chunk: Chunk) -> bytes:
        reason = finish_reason(chunk, called=self._calls.number > 0)
        if self._chat:
            delta: dict[str, Json] = {} if self._roled else {"role": "assistant", "content": ""}
            choice: dict[str, Json] = {"index": 0, "delta": delta, "finish_reason": reason}
            event = _event({**self._head, "choices": [choice], **_extra(chunk)})
        else:
            event = self._completion("", reason, chunk)
        if self._usage:
            event += _event(self._mixed([]) | {"usage": usage(chunk)})
        return event

    def _mixed(self, choices: list[Json]) -> dict[str, Json]:
        """Head and choices, in the order of each route."""
        if self._chat:
            return {**self._head, "choices": choices}
        first = {key: self._head[key] for key in ("id", "object", "created")}
        return {**first, "choices": choices, **self._head}


class OpenAiObject:
    """An answer of /v1/chat/completions or /v1/completions in one object."""

    content_type = JSON_TYPE

    def __init__(self, stamp: Stamp, *, chat: bool) -> None:
        self._chat = chat
        self._calls = Calls(stamp.id)
        self._head = head(stamp, "chat.completion" if chat else "text_completion", chat=chat)
        self._gathered = Gathered()

    def write(self, chunk: Chunk) -> bytes:
        self._gathered.add(chunk)
        return self._body(self._gathered.whole(chunk)) if chunk.done else b""

    def fail(self, trouble: Trouble) -> bytes:
        return encode(error_object("openai", answer_status(trouble), trouble.message)) + b"\n"

    def _body(self, chunk: Chunk) -> bytes:
        reason = finish_reason(chunk, called=bool(chunk.tool_calls))
        choice: dict[str, Json] = {"index": 0, "message": self._message(chunk), "finish_reason": reason}
        if not self._chat:
            choice = {"text": chunk.text, "index": 0, "finish_reason": reason}
        choices: list[Json] = [{**choice, **_logprobs(chunk)}]
        return encode({**self._head, "choices": choices, "usage": usage(chunk), **_extra(chunk)}) + b"\n"

    def _message(self, chunk: Chunk) -> dict[str, Json]:
        message: dict[str, Json] = {"role": "assistant", "content": chunk.text}
        if chunk.thinking:
            message["reasoning"] = chunk.thinking
        if chunk.tool_calls:
            message["tool_calls"] = self._calls.write(chunk.tool_calls)
        return message


class OpenAiVectors:
    """The answer of /v1/embeddings, as lists of numbers or as base64."""

    content_type = JSON_TYPE

    def __init__(self, stamp: Stamp, *, base64: bool) -> None:
        self._stamp = stamp
        self._base64 = base64

    def write(self, chunk: Chunk) -> bytes:
        data: list[Json] = [
            {"object": "embedding", "embedding": write_base64(vector) if self._base64 else list(vector), "index": at}
            for at, vector in enumerate(chunk.vectors)
        ]
        tokens = chunk.tokens_in or 0
        counts: dict[str, Json] = {"prompt_tokens": tokens, "total_tokens": tokens}
        return encode({"object": "list", "data": data, "model": self._stamp.model, "usage": counts}) + b"\n"

    def fail(self, trouble: Trouble) -> bytes:
        return encode(error_object("openai", answer_status(trouble), trouble.message)) + b"\n"


class Calls:
    """Numbers the tool calls of one answer and gives an id to each that has none."""

    def __init__(self, answer_id: str) -> None:
        self._id = answer_id
        self.number = 0

    def write(self, calls: tuple[ToolCall, ...]) -> list[Json]:
        return [self._call(call) for call in calls]

    def _call(self, call: ToolCall) -> dict[str, Json]:
        number = self.number
        self.number += 1
        function: dict[str, Json] = {"name": call.name, "arguments": write_arguments(call)}
        name = call.id or call_id(self._id, number)
        return {"id": name, "index": number, "type": "function", "function": function}


def head(stamp: Stamp, kind: str, *, chat: bool) -> dict[str, Json]:
    """What every event of an answer begins with."""
    return {
        "id": f"{'chatcmpl' if chat else 'cmpl'}-{stamp.id}",
        "object": kind,
        "created": stamp.now_ns() // 1_000_000_000,
        "model": stamp.model,
        "system_fingerprint": FINGERPRINT,
    }


def usage(chunk: Chunk) -> dict[str, Json]:
    """The token counts; the details only where they were measured."""
    tokens_in, tokens_out = chunk.tokens_in or 0, chunk.tokens_out or 0
    cached = None if chunk.tokens_cached is None else {"cached_tokens": chunk.tokens_cached}
    thinking = None if chunk.tokens_thinking is None else {"reasoning_tokens": chunk.tokens_thinking}
    counts = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    return {**counts, **kept({"prompt_tokens_details": cached, "completion_tokens_details": thinking})}


def finish_reason(chunk: Chunk, *, called: bool) -> str:
    """Why the answer ended: a complete one with tool calls ends because of them."""
    reason = chunk.reason or "stop"
    if reason in {"load", "unload"}:
        return "stop"
    return "tool_calls" if called and reason == "stop" else reason


def _logprobs(chunk: Chunk) -> dict[str, Json]:
    return {"logprobs": {"content": write_logprobs(chunk.logprobs)}} if chunk.logprobs else {}


def _extra(chunk: Chunk) -> dict[str, Json]:
    return {key: value for key, value in chunk.extra.items() if key not in OLLAMA_ONLY}


def _event(value: dict[str, Json]) -> bytes:
    return b"data: " + encode(value) + b"\n\n"
