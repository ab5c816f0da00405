"""What many log lines add up to: how many of each level, which errors how often, which messages most."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ollascope.logs.form import Facts, instant
from ollascope.logs.search import rank
from ollascope.words.record import Json

BAD = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One code of errors: how often it came, and how often an hour."""

    code: str
    count: int
    per_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """One message, its changing parts left out, and how often it came."""

    level: str
    room: str
    message: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The sum of some lines; rates need a span of time."""

    lines: int
    span_s: float | None
    levels: dict[str, int]
    failures: tuple[Failure, ...]
    messages: tuple[Repeated, ...]

    def to_json(self) -> dict[str, Json]:
        return {
            "lines": self.lines,
            "span_s": self.span_s,
            "levels": dict(self.levels),
            "errors": [{"code": one.code, "count": one.count, "per_hour": one.per_hour} for one in self.failures],
            "messages": [
                {"level": one.level, "room": one.room, "message": one.message, "count": one.count}
                for one in self.messages
            ],
        }


def tally(lines: Iterable[Facts], top: int = 20) -> Tally:
    """Add lines up. An error's code is its field `code`, else the kind of its exception, else its room."""
    levels: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    messages: Counter[tuple[str, str, str]] = Counter()
    first: float | None = None
    latest: float | None = None
    for facts in lines:
        level = str(facts.get("level", ""))
        levels[level] += 1
        if rank(level) >= rank(BAD):
            codes[_code(facts)] += 1
        said = facts.get("template") or facts.get("message") or ""
        messages[level, str(facts.get("room", "")), str(said)] += 1
        at = instant(facts.get("time"))
        if at is not None:
            first = at if first is None else min(first, at)
            latest = at if latest is None else max(latest, at)
    span = None if first is None or latest is None or latest <= first else latest - first
    return Tally(
        lines=sum(levels.values()),
        span_s=span,
        levels={level: levels[level] for level in sorted(levels, key=rank)},
        failures=tuple(
            Failure(code=code, count=count, per_hour=None if span is None else count * 3600 / span)
            for code, count in codes.most_common()
        ),
        messages=tuple(
            Repeated(level=level, room=room, message=message, count=count)
            for (level, room, message), count in messages.most_common(top)
        ),
    )


def _code(facts: Facts) -> str:
    if code := facts.get("code"):
        return str(code)
    rows = [row for row in str(facts.get("traceback", "")).splitlines() if row and not row.startswith(" ")]
    kind = rows[-1].partition(":")[0] if rows else ""
    return (
        kind.rpartition(".")[2] if kind.replace(".", "").isidentifier() else f"without a code, in {facts.get('room')}"
    )
