"""The models of a server and those in memory, as rows of a table and as facts for a program."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ollascope.apis.models import Model
from ollascope.console.show import size_text
from ollascope.engines.engine import Capabilities
from ollascope.engines.ollama.state import Loaded
from ollascope.logs.form import printable
from ollascope.words.record import Json

UNKNOWN: Final = "-"
HEADERS: Final = ("name", "size", "parameters", "quantisation", "context", "can", "runs at")
MEMORY_HEADERS: Final = ("name", "size", "where", "context", "for", "at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One model of a server; None is not known."""

    name: str
    size_bytes: int | None = None
    parameters: str | None = None
    quantisation: str | None = None
    context: int | None = None
    can: tuple[str, ...] = ()
    runs_at: str | None = None  # the host of a model that this server only passes on to
    modified_at: str | None = None
    digest: str | None = None


def listed(model: Model, able: Capabilities | None = None) -> Listed:
    """What the list tells of a model, and what was asked about it beside the list."""
    details = model.details
    context = _whole(details.get("context_length")) or _meta_context(model)
    can = model.capabilities or (_words(able) if able else ())
    remote = model.extra.get("remote_host")
    return Listed(
        name=model.name,
        size_bytes=model.size,
        parameters=_text(details.get("parameter_size")),
        quantisation=_text(details.get("quantization_level")),
        context=context or (able.context_length if able else None),
        can=tuple(can),
        runs_at=_text(remote),
        modified_at=model.modified_at,
        digest=model.digest,
    )


def rows_of(models: Iterable[Listed]) -> list[tuple[str, ...]]:
    """A row for each model."""
    return [tuple(map(printable, _row(one))) for one in models]


def facts_of(one: Listed) -> dict[str, Json]:
    return {
        "name": one.name,
        "size_bytes": one.size_bytes,
        "parameters": one.parameters,
        "quantisation": one.quantisation,
        "context": one.context,
        "capabilities": list(one.can),
        "runs_at": one.runs_at,
        "modified_at": one.modified_at,
        "digest": one.digest,
    }


def memory_rows(models: Sequence[Loaded]) -> list[tuple[str, ...]]:
    """A row for each model in memory."""
    return [
        (
            printable(one.name),
            _size(one.size_bytes),
            UNKNOWN if one.gpu_ratio is None else one.place,
            str(one.context or UNKNOWN),
            _left(one.expires_s),
            str(one.parallel or UNKNOWN),
        )
        for one in models
    ]


def memory_facts(one: Loaded) -> dict[str, Json]:
    left = one.expires_s
    return {
        "name": one.name,
        "size_bytes": one.size_bytes,
        "gpu_ratio": one.gpu_ratio,
        "context": one.context,
        "expires_at": one.expires_at,
        "expires_s": left if left is not None and math.isfinite(left) else None,
        "stays": left is not None and math.isinf(left),
        "parallel": one.parallel,
    }


def span_text(seconds: float) -> str:
    """A stretch of time as people say it: 45 s, 4 min, 1 h 12 min, 3 d."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    hours, minutes_left = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours} h {minutes_left} min" if minutes_left else f"{hours} h"


def _row(one: Listed) -> tuple[str, ...]:
    return (
        one.name,
        _size(one.size_bytes),
        one.parameters or UNKNOWN,
        one.quantisation or UNKNOWN,
        str(one.context or UNKNOWN),
        ", ".join(one.can) or UNKNOWN,
        one.runs_at or "",
    )


def _size(count: int | None) -> str:
    return UNKNOWN if count is None else size_text(count)


def _left(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    return "always" if math.isinf(seconds) else span_text(seconds)


def _words(able: Capabilities) -> tuple[str, ...]:
    """Abilities by the words that Ollama has for them; what is not known is left out."""
    if all(known is None for known in (able.tools, able.thinking, able.images)):
        return ()
    said = (
        ("completion", "chat" in able.operations),
        ("embedding", "embed" in able.operations),
        ("vision", able.images),
        ("tools", able.tools),
        ("thinking", able.thinking),
    )
    return tuple(word for word, there in said if there)


def _meta_context(model: Model) -> int | None:
    """Where servers of the OpenAI API tell it."""
    meta = model.extra.get("meta")
    trained = meta.get("n_ctx_train") if isinstance(meta, dict) else None
    return _whole(model.extra.get("max_model_len")) or _whole(trained)


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value and value != "unknown" else None
