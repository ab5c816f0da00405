"""What an Ollama has in memory: where each model lies, the context in force, until when, how many it serves at once."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from ollascope.apis.models import Model
from ollascope.host.processes import Known
from ollascope.words.record import Json

FOREVER_YEARS: Final = 100  # a lifetime of -1 is written as a time beyond all use
PARALLEL: Final = ("-np", "--parallel")
CONTEXT: Final = ("-c", "--ctx-size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One model in memory; None is not known."""

    name: str
    size_bytes: int | None = None
    gpu_ratio: float | None = None  # the share of it that lies in graphics memory
    context: int | None = None  # tokens that one request may fill
    expires_at: str | None = None
    expires_s: float | None = None  # from now; infinite for one that stays
    parallel: int | None = None  # requests served at once
    details: Mapping[str, Json]

    @property
    def place(self) -> str:
        """Where it lies: `100% GPU`, `100% CPU`, `62% GPU, 38% CPU`."""
        if self.gpu_ratio is None:
            return "unknown"
        percent = round(self.gpu_ratio * 100)
        if 0 < self.gpu_ratio < 1:
            percent = min(99, max(1, percent))
        parts = [(percent, "GPU"), (100 - percent, "CPU")]
        return ", ".join(f"{share}% {name}" for share, name in parts if share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What stands in the command line of a runner: the context of all slots together, and their number."""

    context: int | None
    parallel: int


def read_state(models: Iterable[Model], now: float, runners: Iterable[Known] = ()) -> tuple[Loaded, ...]:
    """What `ps` told at this instant, and what the command lines of its runners add, where they can be seen."""
    launches = [launch for runner in runners if (launch := read_launch(runner)) is not None]
    return tuple(_loaded(model, now, launches) for model in models)


def read_launch(runner: Known) -> Launch | None:
    """The slots of a runner by its command line, as Ollama 0.30 and later starts it."""
    if runner.role != "runner":
        return None
    parallel = _number_after(runner.command, PARALLEL)
    return Launch(context=_number_after(runner.command, CONTEXT), parallel=parallel) if parallel else None


def still_loaded(model: Model, date: str | None) -> bool:
    """Whether a model that `ps` names is in memory by the server's own clock: some name one that has just left it."""
    until, now = instant_of(model.expires_at), _http_instant(date)
    return until is None or now is None or until >= now + 1  # that clock has whole seconds


def instant_of(text: str | None) -> float | None:
    """Seconds since 1970 of a time as Ollama writes it, with nanoseconds; one of no sensible year is none."""
    if not text:
        return None
    head, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    plain = f"{head}.{rest[:digits][:6]:0<6}{rest[digits:]}" if dot else text
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    if moment.year < 1970:  # Go's time of nothing is in the year 1
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _loaded(model: Model, now: float, launches: list[Launch]) -> Loaded:
    until = instant_of(model.expires_at)
    left = None if until is None else until - now
    if left is not None and left > FOREVER_YEARS * 365 * 86_400:
        left = math.inf
    return Loaded(
        name=model.name,
        size_bytes=model.size,
        gpu_ratio=gpu_ratio(model),
        context=model.context_length,
        expires_at=model.expires_at,
        expires_s=left,
        parallel=_parallel(model.context_length, launches),
        details=model.details,
    )


def gpu_ratio(model: Model) -> float | None:
    """The share of a loaded model in graphics memory."""
    if not model.size or model.size_vram is None:
        return None
    return min(1.0, model.size_vram / model.size)


def _parallel(context: int | None, launches: list[Launch]) -> int | None:
    """The runner of a model is the one with its context for each slot; where several fit they must agree."""
    fitting = {one.parallel for one in launches if context is not None and one.context == context * one.parallel}
    found = fitting or {one.parallel for one in launches}
    return found.pop() if len(found) == 1 else None


def _number_after(command: tuple[str, ...], names: tuple[str, ...]) -> int | None:
    for word, following in zip(command, (*command[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        said = value if equals else following
        if name in names and said.isascii() and said.isdigit() and len(said) < 12:
            return int(said)
    return None


def _http_instant(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
