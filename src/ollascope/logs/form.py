"""One log record as facts, as a line of JSON, and as a line for a person; whatever it says, it stays one line."""

import contextlib
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ollascope.words.clock import utc_text
from ollascope.words.record import Json

Facts = dict[str, Json]
Redact = Callable[[str], str]

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
RUN: ContextVar[str | None] = ContextVar("run", default=None)
LEVELS = ("debug", "info", "warning", "error", "critical")
Level = Literal["debug", "info", "warning", "error", "critical"]
COLOURS = {"debug": 2, "warning": 33, "error": 31, "critical": 41}
LONGEST_TEXT = 16_384
MOST_FIELDS = 40
FIRST = ("time", "level", "room", "message")
SELDOM = frozenset({*FIRST, "traceback", "template", "logger", "pid"})
KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request", "run", "template"}
BAD_RANGES = (
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C), (0x180E, 0x180E), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
)  # fmt: skip
BAD_LETTERS = {
    code: f"\\u{code:04x}" for first, last in BAD_RANGES for code in range(first, last + 1)
} | {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x1B: "\\x1b"}  # fmt: skip


@contextmanager
def bound(*, request: str | None = None, run: str | None = None) -> Iterator[None]:
    """Whatever is logged within carries these ids, also in tasks that start within."""
    marks = [(variable, variable.set(value)) for variable, value in ((REQUEST, request), (RUN, run)) if value]
    try:
        yield
    finally:
        for variable, mark in reversed(marks):
            variable.reset(mark)


def printable(text: str) -> str:
    """A text that stays on its line and cannot steer a terminal or turn the reading direction around."""
    return text.translate(BAD_LETTERS)


def facts_of(record: logging.LogRecord, redact: Redact) -> Facts:
    """What a record says, without secrets; fields given as `extra` stand beside the rest."""
    said = vars(record)
    facts: Facts = {
        "time": utc_text(record.created),
        "level": record.levelname.lower(),
        "room": room_of(record.name),
        "message": _clean(str(record.msg), redact),
    }
    for name in ("request", "run", "template"):
        if said.get(name):
            facts[name] = _clean(str(said[name]), redact)
    facts["logger"], facts["pid"] = printable(record.name[:200]), record.process
    facts |= _extra(said, redact)
    if record.exc_text:
        facts["traceback"] = redact(record.exc_text[-LONGEST_TEXT:])
    return facts


def json_line(facts: Facts) -> str:
    """The facts as one line of JSON."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def pretty_line(facts: Mapping[str, Json], *, colours: bool = False) -> str:
    """The facts for a person: time, level, room, message, the rest as name=value; a traceback on lines of its own."""
    level = str(facts.get("level", ""))
    mark = COLOURS.get(level) if colours else None
    word = f"\x1b[{mark}m{level:8}\x1b[0m" if mark else f"{level:8}"
    rest = [
        f"{name}={value}"
        for name, value in facts.items()
        if name not in {*FIRST, "traceback", "template", "logger", "pid"}
    ]
    line = f"{clock_text(str(facts.get('time', '')))} {word} {facts.get('room', '')}: {facts.get('message', '')}"
    line = "  ".join([line, *(printable(text) for text in rest)])
    trace = facts.get("traceback")
    return line if trace is None else "\n".join([line, *(f"    {printable(row)}" for row in str(trace).splitlines())])


def clock_text(at: str) -> str:
    """The instant in this machine's own time."""
    try:
        return datetime.fromisoformat(at).astimezone().isoformat(sep=" ", timespec="milliseconds")[:23]
    except ValueError:
        return at


def instant(at: object) -> float | None:
    """The second at which a line was written."""
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def room_of(logger: str) -> str:
    """`ollascope.gateway.relay` speaks for the room gateway; other libraries go by their first name."""
    parts = logger.split(".")
    return printable(parts[1] if parts[0] == "ollascope" and len(parts) > 1 else parts[0])[:60]


def trace_text(record: logging.LogRecord) -> str | None:
    """The traceback that a record carries, as text."""
    if record.exc_text or not record.exc_info:
        return record.exc_text
    kind, error, frames = record.exc_info
    return "".join(traceback.format_exception(kind, error, frames)) if kind else None


def plain(value: object) -> bool | int | float | str | None:
    """A value that JSON can hold; of a thing that cannot be written down, what kind of thing it is."""
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON has no endless numbers
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple | dict):
        with contextlib.suppress(ValueError, TypeError, RecursionError, RuntimeError):
            return json.dumps(value, ensure_ascii=False, default=lambda thing: f"<{type(thing).__name__}>")
    return f"<{type(value).__name__}>"


def _extra(said: Mapping[str, object], redact: Redact) -> Facts:
    found: Facts = {}
    for name, value in said.items():
        if name in KNOWN or len(found) >= MOST_FIELDS:
            continue
        key = printable(str(name))[:60]
        simple = plain(value)
        found[key] = _clean(redact(f"{name}={simple}").partition("=")[2], redact) if isinstance(simple, str) else simple
    return found


def _clean(text: str, redact: Redact) -> str:
    kept = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return printable(redact(kept))
