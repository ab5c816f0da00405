"""The columns of traces by the names that Mooncake, BurstGPT, Azure and others give them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ollascope.bench.shapes.lines import wrong_line
from ollascope.words.errors import BadUsage

SECONDS = ("at_s", "timestamp", "timestamp_s", "time", "time_s", "arrival_time", "arrived_at")
MILLISECONDS = ("at_ms", "timestamp_ms", "time_ms", "arrival_time_ms")
TOKENS_IN = ("tokens_in", "input_length", "input_tokens", "prompt_tokens", "request_tokens", "context_tokens")
TOKENS_OUT = (
    "tokens_out",
    "output_length",
    "output_tokens",
    "completion_tokens",
    "response_tokens",
    "generated_tokens",
)
MARK_OF_MILLISECONDS = "hash_ids"  # only Mooncake's traces have it, and their timestamp counts milliseconds
MOST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Under which names a file has what, and how its times are read."""

    at: str
    form: str  # seconds, milliseconds, dates
    tokens_in: str | None = None
    tokens_out: str | None = None

    def time(self, path: Path, number: int, row: Mapping[str, object]) -> float:
        """The time of a row in seconds, from wherever the file counts."""
        value = row.get(self.at)
        if self.form == "dates":
            return _date(path, number, self.at, value)
        seconds = _number(path, number, self.at, value)
        return seconds / 1000 if self.form == "milliseconds" else seconds

    def count(self, path: Path, number: int, row: Mapping[str, object], name: str) -> int:
        """A count of tokens of a row."""
        value = _number(path, number, name, row.get(name))
        if value != int(value) or not 0 <= value <= MOST_TOKENS:
            what = f"{name} is {row.get(name)}, which is no count of tokens"
            raise wrong_line(path, number, what, f"give whole numbers from 0 to {MOST_TOKENS:,}")
        return int(value)


def find_columns(path: Path, row: Mapping[str, object]) -> Columns:
    """The columns of a file, from its first row."""
    named = {_plain(name): name for name in row}
    at = _first(named, (*SECONDS, *MILLISECONDS))
    if at is None:
        raise BadUsage(
            f"{path} names no time of its requests; it has {', '.join(map(str, list(row)[:12])) or 'nothing'}",
            hint=f"name one at_s (seconds) or timestamp_ms; known are {', '.join((*SECONDS, *MILLISECONDS))}",
        )
    value = row.get(at)
    milliseconds = _plain(at) in set(map(_plain, MILLISECONDS)) or MARK_OF_MILLISECONDS in row
    dates = isinstance(value, str) and not _is_number(value)
    form = "dates" if dates else "milliseconds" if milliseconds else "seconds"
    return Columns(at=at, form=form, tokens_in=_first(named, TOKENS_IN), tokens_out=_first(named, TOKENS_OUT))


def _first(named: Mapping[str, str], known: Iterable[str]) -> str | None:
    return next((named[_plain(name)] for name in known if _plain(name) in named), None)


def _plain(name: str) -> str:
    """`Request tokens`, `request_tokens` and `RequestTokens` are one name."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _number(path: Path, number: int, name: str, value: object) -> float:
    if isinstance(value, str) and _is_number(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        shown = "not there" if value is None else f"{str(value)[:40]!r}, which is no number"
        raise wrong_line(path, number, f"{name} is {shown}", "give every row a number there, or leave the column out")
    return float(value)


def _date(path: Path, number: int, name: str, value: object) -> float:
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        what = f"{name} is {str(value)[:40]!r}, which is neither seconds nor a date"
        raise wrong_line(path, number, what, "write dates as in 2026-11-21 18:17:03.979") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
