"""Records as lines and back, twenty times as quick as `words/record.py`, which says what the lines mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar, cast, get_args, get_type_hints

import orjson

from ollascope.words import record
from ollascope.words.call import Call, Gaps
from ollascope.words.errors import RecordInvalid
from ollascope.words.record import HINT, Json
from ollascope.words.sample import Sample

Value = TypeVar("Value")

END = b"\n"
EMPTY: tuple[()] = ()
GAPS, GAPS_END = b'"gaps":[[', b"]]"  # within a text their quotation marks would have a backslash
MOST_SEEN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What was learnt of a Call after it was written; `sent_at` is that of the Call and leads to its day."""

    id: str
    sent_at: float
    flags: tuple[str, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


Record = Call | Sample | Amendment

_NAMES = tuple(entry.name for entry in fields(Call) if entry.name != record.EXTRA)
_values = attrgetter(*_NAMES)
_ROWS = frozenset({"gaps", "flags"})  # what JSON has as a list


def encode(value: Record) -> bytes:
    """One record as a line."""
    if type(value) is Call and not value.extra:
        line = _quick(value)
        if line is not None and b"null" not in line:  # as a number without an end would be told
            return line + END
    return record.dumps(value).encode(errors="replace") + END


def decode_call(line: bytes) -> Call:
    """A line as a Call; whatever is out of the ordinary takes the slow and careful way."""
    data = parse(line)
    if not _EXACT.issuperset(zip(data, map(type, data.values()), strict=True)):
        return record.from_json(Call, data)
    gaps, flags = data.get("gaps"), data.get("flags")
    if gaps is not None:
        data["gaps"] = _gaps(gaps, data)
    if flags is not None:
        data["flags"] = _texts(flags, data)
    if not data.keys() >= _REQUIRED:
        return record.from_json(Call, data)
    return Call(**data)


def decode(cls: type[Value], line: bytes) -> Value:
    """A line as a value of a class."""
    return record.from_json(cls, parse(line))


def parse(line: bytes) -> dict[str, Any]:
    """A line as the object it holds."""
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecordInvalid(f"not a line of JSON ({error})", hint=HINT) from error
    if type(data) is not dict:
        raise RecordInvalid("a line that holds no object", hint=HINT)
    return data


class Row:
    """The line of a Call as it is: a tenth of the cost of a Call, for who only reads figures from it."""

    __dict__: dict[str, Any]
    unread = b""

    @cached_property
    def gaps(self) -> Gaps:
        """The gaps, read when they are asked for."""
        try:
            return tuple((int(number), int(count)) for number, count in orjson.loads(self.unread or b"[]"))
        except (ValueError, TypeError):
            return EMPTY


for _entry in fields(Call):
    if _entry.name != "gaps":
        setattr(Row, _entry.name, EMPTY if _entry.name in _ROWS else None)


def decode_row(line: bytes) -> Call:
    """A line as something whose fields read as a Call's; only flags, gaps and what is unknown may be odd."""
    gaps = b""
    start = line.find(GAPS)
    if start >= 0:  # to read dozens of gaps that few figures need would cost as much as all the rest
        end = line.find(GAPS_END, start)
        start += len(GAPS) - 1
        gaps = line[start - 1 : end + 2]
        line = line[:start] + line[end + 1 :]
    data = parse(line)
    kinds = (*data, *map(type, data.values()))
    if kinds not in _seen and not _is_ordinary(data, kinds):
        return record.from_json(Call, data)
    row = Row()
    row.__dict__ = data
    if gaps:
        data.pop("gaps", None)
        data["unread"] = gaps
    return cast("Call", row)


def _is_ordinary(data: dict[str, Any], kinds: tuple[object, ...]) -> bool:
    """Whether each field has a type that it may have; the same few combinations come again and again."""
    if not _NEAR.issuperset(zip(data, map(type, data.values()), strict=True)) or not data.keys() >= _REQUIRED:
        return False
    if len(_seen) < MOST_SEEN:
        _seen.add(kinds)
    return True


def _quick(call: Call) -> bytes | None:
    known = {
        name: item for name, item in zip(_NAMES, _values(call), strict=True) if item is not None and item is not EMPTY
    }
    try:
        return orjson.dumps(known)
    except TypeError:  # half a character, as a client may send it in a model's name
        return None


def _gaps(gaps: list[object], data: Mapping[str, Any]) -> Gaps:
    pairs = [pair for pair in gaps if type(pair) is list and len(pair) == 2]
    if len(pairs) < len(gaps) or not all(type(number) is int for pair in pairs for number in pair):
        return record.from_json(Call, data).gaps
    return tuple((number, count) for number, count in pairs)


def _texts(flags: list[object], data: Mapping[str, Any]) -> tuple[str, ...]:
    if not all(type(flag) is str for flag in flags):
        return record.from_json(Call, data).flags
    return tuple(cast("list[str]", flags))


def _types(hint: Any) -> set[type]:
    """The types that JSON has for a field of this type."""
    found: set[type] = set()
    for part in get_args(hint) or (hint,):
        found |= {part} if isinstance(part, type) and part in {str, int, float, bool, type(None)} else set()
    return found


def _table() -> dict[str, set[type]]:
    hints = get_type_hints(Call)
    return {name: {list} if name in _ROWS else _types(hints[name]) for name in _NAMES if name != "load_cause"}


_seen: set[tuple[object, ...]] = set()
_REQUIRED = frozenset({"id", "sent_at", "source", "outcome"})
_EXACT = frozenset((name, kind) for name, kinds in _table().items() for kind in kinds)
_NEAR = _EXACT | {(name, int) for name, kinds in _table().items() if float in kinds} | {("load_cause", str)}
