"""Errors both ways: what servers say, in all its coats, to named errors, and these to what each API would say."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from ollascope.apis.body import decode, encode
from ollascope.apis.routes import Api
from ollascope.words.errors import (
    AccessDenied,
    AnswerMalformed,
    BadUsage,
    Cancelled,
    ConnectFailed,
    ContextExceeded,
    DiskFull,
    EngineBusy,
    EngineCrashed,
    InferenceFailed,
    LoadFailed,
    ModelMissing,
    ModelTrouble,
    OutOfMemory,
    QuantisationFailed,
    RateLimited,
    TimedOut,
    TooLarge,
    Trouble,
    Unsupported,
)
from ollascope.words.record import Json

Kind = TypeVar("Kind", bound=Trouble)

SHOWN: Final = 500  # characters of a server's words that go into a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole HTTP answer: status, media type (none: no such header) and body."""

    status: int = 200
    content_type: str | None = "application/json; charset=utf-8"
    body: bytes = b""


PATH_UNKNOWN: Final = Reply(status=404, content_type="text/plain", body=b"404 page not found")
METHOD_UNKNOWN: Final = Reply(status=405, content_type="text/plain", body=b"405 method not allowed")
FORBIDDEN: Final = Reply(status=403, content_type=None)  # a foreign Host or Origin


def read_error(status: int, body: bytes) -> Trouble:
    """The named error of an HTTP answer that is not 2xx."""
    try:
        value = decode(body)
    except ValueError:
        value = body.decode("utf-8", "replace")
    message, kind = _undress(value)
    plain = " ".join(message.split())[:SHOWN] or f"the server answered {status} without a word"
    return _name(plain, kind, status)


def read_error_line(value: Json, *, otherwise: type[Trouble] = InferenceFailed) -> Trouble:
    """The named error of an error in the middle of a stream or inside a 200."""
    message, kind = _undress({"error": value})
    plain = " ".join(message.split())[:SHOWN] or "the server reported an error without a word"
    return _make(_by_words(plain, kind) or otherwise, plain)


def refusal(api: Api, trouble: Trouble, *, with_hint: bool = False, request_id: str | None = None) -> Reply:
    """A named error as this API would answer it."""
    status = answer_status(trouble)
    message = f"{trouble.message} ({trouble.hint})" if with_hint else trouble.message
    return Reply(status=status, body=encode(error_object(api, status, message, request_id=request_id)))


def answer_status(trouble: Trouble) -> int:
    """The HTTP status the real servers give; an error raised with a status of its own keeps it."""
    return trouble.status if "status" in vars(trouble) else _STATUSES.get(type(trouble), trouble.status)


def error_object(api: Api, status: int, message: str, *, request_id: str | None = None) -> dict[str, Json]:
    """The body of an error, or the line of one in mid-stream."""
    if api == "ollama":
        return {"error": message}
    if api == "openai":
        kind = _OPENAI_KINDS.get(status, "api_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": _OPENAI_CODES.get(status)}}
    named = {"type": _ANTHROPIC_KINDS.get(status, "api_error"), "message": message}
    return {"type": "error", "error": named, "request_id": request_id or f"req_{secrets.token_hex(12)}"}


def missing(model: str, near: Iterable[str] = (), *, status: int = 404) -> ModelMissing:
    """The server has no such model; `near` are names that look like it."""
    names = ", ".join(near)
    hint = f"did you mean {names}?" if names else "`ollascope models list` shows what is there, `models pull` gets more"
    return ModelMissing(f"model '{model}' not found", hint=hint, status=status)


def busy() -> EngineBusy:
    """The queue is full."""
    return _make(EngineBusy, "server busy, please try again.  maximum pending requests exceeded")


def crashed(*, streaming: bool = False) -> EngineCrashed:
    """The runner died: in the middle of an answer, or before its first piece."""
    if streaming:
        return _make(EngineCrashed, "an error was encountered while running the model: unexpected EOF")
    words = "this may be due to resource limitations or an internal error, check ollama server logs for details"
    return _make(EngineCrashed, f"model runner has unexpectedly stopped, {words}")


def unable(model: str, what: str, *, status: int = 400) -> Unsupported:
    """The model cannot do what was asked: chat, tools, thinking, insert, embeddings."""
    return Unsupported(f'"{model}" does not support {what}', hint=_HINTS[Unsupported], status=status)


def overflow(tokens: int, context: int) -> ContextExceeded:
    """The prompt is longer than the context."""
    length = f"request ({tokens} tokens) exceeds the available context size ({context} tokens)"
    return _make(ContextExceeded, f"{length}, try increasing it")


_STATUSES: Mapping[type[Trouble], int] = {  # where the real servers differ from the class
    OutOfMemory: 500,
    EngineCrashed: 500,
    Unsupported: 400,
}
_OPENAI_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}
_OPENAI_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}

# What servers say, in the order to look: the first words found decide.
_WORDS: tuple[tuple[type[Trouble], tuple[str, ...]], ...] = (
    (
        OutOfMemory,
        ("out of memory", "more system memory", "cudamalloc", "failed to allocate", "unable to allocate"),
    ),
    (DiskFull, ("no space left",)),
    (
        ContextExceeded,
        (
            "exceed_context_size",
            "context_length_exceeded",
            "context length",
            "context size",
            "context window",
            "prompt is too long",
        ),
    ),
    (QuantisationFailed, ("quantization is only", "unsupported quantization")),
    (
        LoadFailed,
        (
            "error loading model",
            "unable to load model",
            "failed to load",
            "unknown model architecture",
            "waiting for llama runner",
            "gguf format",
            "gguf string",
            "exceeds file size",
            "gguf magic",
        ),
    ),
    (EngineBusy, ("server busy", "maximum pending requests", "loading model", "overloaded")),
    (
        EngineCrashed,
        (
            "running the model: unexpected eof",
            "unexpectedly stopped",
            "runner process",
            "llama-server terminated",
            "connection reset",
        ),
    ),
    (
        Unsupported,
        (
            "does not support",
            "page not found",
            "file not found",
            "not_supported_error",
            "method not allowed",
            "not implemented",
        ),
    ),
    (ConnectFailed, ("connection refused", "no such host", "i/o timeout", "network is unreachable")),
    (
        ModelMissing,
        ("model_not_found", "model manifest: file does not exist", "no such model"),
    ),
    (AccessDenied, ("unauthorized", "invalid api key", "invalid_api_key", "authentication_error", "permission_error")),
    (RateLimited, ("rate limit", "rate_limit", "too many requests")),
    (
        BadUsage,
        (
            "must be of type",
            "invalid format",
            "parse_error",
            "no input provided",
            "invalid_request_error",
            "invalid model name",
            "no such file or directory",
            "cannot unmarshal",
        ),
    ),
)
_BY_STATUS: Mapping[int, type[Trouble]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: ModelMissing,
    405: Unsupported,
    408: TimedOut,
    413: TooLarge,
    429: RateLimited,
    499: Cancelled,
    501: Unsupported,
    502: ConnectFailed,
    503: EngineBusy,
    504: TimedOut,
    507: OutOfMemory,
    529: EngineBusy,
}
_HINTS: Mapping[type[Trouble], str] = {
    AccessDenied: "give a key with this right; Ollama also refuses a Host or Origin that OLLAMA_ORIGINS does not list",
    AnswerMalformed: "is this the address of a model server? `ollascope doctor` checks it",
    BadUsage: "correct the request; the message says what the server minds",
    Cancelled: "ask again",
    ConnectFailed: "check that the other server runs and that its address is right",
    ContextExceeded: "shorten the prompt, or raise num_ctx if the memory allows it",
    DiskFull: "free some space on the server's disk, then ask again",
    EngineBusy: "wait a little and try again, or give the server more slots",
    EngineCrashed: "ask again: the server restarts its runner; its log says why it ended",
    InferenceFailed: "the server's log says more",
    LoadFailed: "check the model's file with `ollascope models show`, or pull the model again",
    ModelMissing: "`ollascope models list` shows what is there, `ollascope models pull` gets more",
    ModelTrouble: "the server's log says more",
    OutOfMemory: "use a smaller model, a smaller num_ctx, or unload other models",
    QuantisationFailed: "quantise from F16 or F32 weights, to a type the server knows",
    RateLimited: "send less at once, or wait as long as the server says",
    TimedOut: "try again; if it stays, the server is overloaded or the model too large for it",
    TooLarge: "send less at once",
    Unsupported: "use a model or a server that can do it; `ollascope models show` lists what a model can",
}


def _name(message: str, kind: str, status: int) -> Trouble:
    found = _BY_STATUS.get(status)
    by_words = _by_words(message, kind)
    if status == 404 and by_words is None and "model" not in message.lower():
        found = Unsupported
    if found is None or (by_words is not None and (status in {404, 429, 503} or status >= 500)):
        found = by_words or found
    if found is None:
        found = _by_class(status)
    return _make(found, message, status=status if 400 <= status < 600 else None)


def _by_class(status: int) -> type[Trouble]:
    if 400 <= status < 500:
        return BadUsage
    return InferenceFailed if status >= 500 else AnswerMalformed


def _by_words(message: str, kind: str) -> type[Trouble] | None:
    said = f"{kind}: {message}".lower()
    if "not found" in said and "model" in said and "page not found" not in said:
        return ModelMissing
    return next((named for named, words in _WORDS if any(word in said for word in words)), None)


def _make(kind: type[Kind], message: str, *, status: int | None = None) -> Kind:
    return kind(message, hint=_HINTS.get(kind, _HINTS[ModelTrouble]), status=status)


def _undress(value: Json, depth: int = 4) -> tuple[str, str]:
    """The message and the type of an error, from under all the coats that servers put on it."""
    if depth and isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = decode(value)
        except ValueError:
            return str(value), ""
    if isinstance(value, dict) and depth:
        kind = next((item for key in ("code", "type") if isinstance(item := value.get(key), str)), "")
        for key in ("error", "message", "detail", "msg"):
            if value.get(key):
                message, inner = _undress(value[key], depth - 1)
                return message, inner or kind
        return (encode(value).decode() if value else ""), kind
    return (value, "") if isinstance(value, str) else (encode(value).decode() if value else "", "")
