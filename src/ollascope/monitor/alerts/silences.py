"""Silences: alerts that go on standing, and of which nobody is told for a while."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ollascope.monitor.alerts.state import Held
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

LONGEST_S = 366 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Which alerts nobody is told of, until when, and why."""

    id: str
    since: float
    until: float
    match: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """All silences that still matter."""

    all: tuple[Silence, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


def read_match(words: Iterable[str]) -> dict[str, str]:
    """What is meant by `name=slow*` or `model=qwen3:8b`; a word without = is a name."""
    found: dict[str, str] = {}
    for word in words:
        key, _, pattern = word.partition("=") if "=" in word else ("name", "=", word)
        if not key.strip() or not pattern.strip():
            raise BadUsage(f"{word[:80]!r} says nothing", hint="write it as in name=slow* or model=qwen3:8b")
        found[key.strip()] = pattern.strip()
    if not found:
        raise BadUsage("it is not said which alerts to silence", hint="name one, as in name=slow* or name=* for all")
    return found


def is_silenced(held: Held, silences: Iterable[Silence], now: float) -> bool:
    """Whether a silence holds for it at this moment."""
    return any(each.since <= now < each.until and matches(held, each.match) for each in silences)


def matches(held: Held, match: Mapping[str, str]) -> bool:
    """Whether an alert has all these labels; name, kind, severity and id count as labels, * stands for any letters."""
    words = {**held.labels, "name": held.name, "kind": held.kind, "severity": held.severity, "id": held.id}
    return all(key in words and fnmatchcase(words[key], pattern) for key, pattern in match.items())
