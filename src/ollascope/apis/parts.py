"""What the formats share: log probabilities, tool calls, images, embeddings, ends without an end."""

import json
import math
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Invalid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Never

from ollascope.apis.body import Fields, count, decode, encode, entries, entry, kind_of, malformed, refuse, words
from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.errors import AnswerMalformed, AnswerUnfinished
from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json

RAW_ARGUMENTS: Final = "arguments_text"  # in a ToolCall's extra: arguments that are not a JSON object, as they came
SHORT: Final = 32  # characters of a text whose Chunk is kept for the next time
PLAIN: Final = rb'[^"\\\x00-\x1f]'  # what stands for itself in a JSON string
LITERAL: Final = rb'(?:%b{1,32}+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){0,6}' % PLAIN  # the inside of a short JSON string
LEAST: Final = -9999.0  # what the APIs write where a probability is zero


def piece(text: str) -> Chunk:
    """A Chunk of nothing but text; making one costs more than parsing its line, and words come again and again."""
    return _short_piece(text) if len(text) <= SHORT else Chunk(text=text)


@lru_cache(maxsize=4096)
def text_piece(literal: bytes) -> Chunk:
    """The Chunk of a text that `LITERAL` has found in an answer."""
    return Chunk(text=_meant(literal))


@lru_cache(maxsize=4096)
def thought_piece(literal: bytes) -> Chunk:
    """The same for a piece of thinking."""
    return Chunk(thinking=_meant(literal))


def _meant(literal: bytes) -> str:
    return words(decode(b'"%b"' % literal)) if b"\\" in literal else literal.decode("utf-8", "replace")


@lru_cache(maxsize=4096)
def _short_piece(text: str) -> Chunk:
    return Chunk(text=text)


def read_logprobs(value: object) -> tuple[Logprob, ...]:
    """The log probabilities of an answer, one entry a token."""
    return tuple(_read_logprob(item) for item in entries(value))


def write_logprobs(logprobs: Sequence[Logprob]) -> list[Json]:
    return [_write_logprob(item) for item in logprobs]


def read_arguments(text: str) -> tuple[dict[str, Json], dict[str, Json]]:
    """The arguments of a tool call given as text, and what to keep of it when it is no object."""
    if not text.strip():
        return {}, {}
    try:
        value = decode(text)
    except ValueError:
        value = None
    return (value, {}) if isinstance(value, dict) else ({}, {RAW_ARGUMENTS: text})


def is_whole_object(text: str) -> bool:
    """A tool call's arguments are complete: the fragments so far make one JSON object."""
    if not text.endswith("}"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def write_arguments(call: ToolCall) -> str:
    """The arguments of a tool call as text."""
    raw = call.extra.get(RAW_ARGUMENTS)
    return raw if isinstance(raw, str) else encode(call.arguments).decode()


def read_call(item: Mapping[str, Json]) -> ToolCall:
    """A tool call of an answer, arguments as an object (Ollama) or as text (OpenAI)."""
    function = entry(item.get("function"))
    arguments = function.get("arguments")
    extra: dict[str, Json] = {}
    if isinstance(arguments, str):
        arguments, extra = read_arguments(arguments)
    known = {"name", "arguments", "index"}
    extra.update({key: value for key, value in function.items() if key not in known})
    return ToolCall(
        name=words(function.get("name")), arguments=entry(arguments), id=words(item.get("id")) or None, extra=extra
    )


def ask_call(fields: Fields) -> ToolCall:
    """A tool call in the history of a request, arguments as an object (Ollama) or as text (OpenAI)."""
    name = fields.text("id")
    function = fields.part("function")
    arguments = function.take("arguments")
    extra: dict[str, Json] = {}
    if isinstance(arguments, str):
        arguments, extra = read_arguments(arguments)
    if arguments is not None and not isinstance(arguments, dict):
        raise refuse(f"json: cannot unmarshal {kind_of(arguments)} into Go struct field arguments of type map[string]")
    call_name = function.text("name") or ""
    rest = {key: value for key, value in function.rest().items() if key != "index"}
    return ToolCall(name=call_name, arguments=arguments or {}, id=name or None, extra={**extra, **rest})


def read_vectors(value: object) -> tuple[tuple[float, ...], ...]:
    """The embeddings of an answer: lists of numbers, or base64 of 32-bit floats."""
    if not isinstance(value, list):
        raise malformed(f"the answer holds {kind_of(value)} where embeddings belong")
    return tuple(_read_vector(item) for item in value)


def write_base64(vector: Sequence[float]) -> str:
    """An embedding as base64 of little-endian 32-bit floats."""
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def image_type(image: str) -> str:
    """The media type of an image from the first letters of its base64."""
    return next((kind for start, kind in _IMAGES if image.startswith(start)), "image/png")


def call_id(answer_id: str, number: int) -> str:
    """An id for a tool call that came without one."""
    return f"call_{answer_id[-8:].lower()}{number}"


def without_end() -> AnswerUnfinished:
    """The body is complete, the answer is not: whatever the status said, the request failed."""
    return AnswerUnfinished(
        "the answer ended without its last part",
        hint="the model or its server failed in silence; its log says more, and asking again may help",
    )


def after_end() -> AnswerMalformed:
    return malformed("the answer goes on after its last part")


_IMAGES = (("/9j/", "image/jpeg"), ("iVBOR", "image/png"), ("UklGR", "image/webp"), ("R0lGOD", "image/gif"))


def _read_logprob(item: Mapping[str, Json]) -> Logprob:
    known = {"token", "logprob", "bytes", "top_logprobs", "id"}
    raw = item.get("bytes")
    return Logprob(
        token=words(item.get("token")),
        logprob=_logarithm(item.get("logprob")),
        token_id=count(item.get("id")),
        token_bytes=_read_bytes(raw) if raw is not None else None,
        others=tuple(_read_logprob(other) for other in entries(item.get("top_logprobs"))),
        extra={key: value for key, value in item.items() if key not in known},
    )


def _write_logprob(item: Logprob) -> dict[str, Json]:
    written: dict[str, Json] = {} if item.token_id is None else {"id": item.token_id}
    written["token"] = item.token
    written["logprob"] = item.logprob if math.isfinite(item.logprob) else LEAST
    if item.token_bytes is not None:
        written["bytes"] = list(item.token_bytes)
    if item.others:
        written["top_logprobs"] = write_logprobs(item.others)
    return {**item.extra, **written}


def _logarithm(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise malformed(f"the answer holds {kind_of(value)} where a log probability belongs")
    return float(value) if abs(value) < 1e300 else LEAST


def _read_bytes(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item < 256 for item in value):
        raise malformed("the answer holds something else where the bytes of a token belong")
    return tuple(value)


def _read_vector(value: object) -> tuple[float, ...]:
    if isinstance(value, str):
        return _unpack(value)
    if not isinstance(value, list) or not {type(item) for item in value} <= {int, float}:
        _bad_vector()
    try:
        return tuple(map(float, value))
    except OverflowError:
        _bad_vector()


def _unpack(text: str) -> tuple[float, ...]:
    try:
        data = b64decode(text, validate=True)
        vector: tuple[float, ...] = struct.unpack(f"<{len(data) // 4}f", data)
    except (Base64Invalid, struct.error, ValueError):
        _bad_vector()
    return vector if all(map(math.isfinite, vector)) else _bad_vector()


def _bad_vector() -> Never:
    raise malformed("the answer holds something else where an embedding belongs")
