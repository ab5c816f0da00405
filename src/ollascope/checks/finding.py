"""What a check gets to look at, what it says, and how what all of them say is shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ollascope.console.show import say, table
from ollascope.settings import findings as wrong
from ollascope.settings.findings import printable
from ollascope.settings.load import Settings
from ollascope.words.clock import Clock
from ollascope.words.record import Json

State = Literal["ok", "warning", "problem", "unknown"]
Facts = dict[str, Json]

SEVERITY: tuple[State, ...] = ("ok", "unknown", "warning", "problem")
COLOURS = {"ok": "green", "unknown": "cyan", "warning": "yellow", "problem": "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check says: the fact in a line, what to do about it, and the figures behind it."""

    id: str
    state: State
    text: str
    hint: str = ""
    facts: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        return {"id": self.id, "state": self.state, "text": self.text, "hint": self.hint, "facts": self.facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a check gets to look at; wrong settings have their defaults and stand in `mistakes`."""

    settings: Settings
    mistakes: Sequence[wrong.Finding] = ()
    settings_file: Path | None = None  # the one that is looked for; it may be absent
    clock: Clock = field(default_factory=Clock)
    root: Path = Path("/")  # where /proc, /sys and /etc are looked for
    own_ports: frozenset[int] = frozenset()  # that the process which asks has open itself


def worst(findings: Sequence[Finding]) -> State:
    """The state that matters most; not knowing weighs less than a warning."""
    return max((finding.state for finding in findings), key=SEVERITY.index, default="ok")


def render(findings: Sequence[Finding]) -> None:
    """All findings as a table, and under it a line that counts them."""
    # Names of programs, packages and files are foreign text, which must not act on a terminal.
    rows = [(each.state, each.id, *(printable(text) for text in (each.text, each.hint))) for each in findings]
    table(("state", "check", "what was found", "what to do"), rows, COLOURS)
    say(closing(findings))


def closing(findings: Sequence[Finding]) -> str:
    """The count in words: 10 checks: 8 ok, 1 warning, 1 problem."""
    counts = Counter(finding.state for finding in findings)
    parts = [f"{counts[state]} {_plural(state, counts[state])}" for state in SEVERITY if counts[state]]
    return f"{len(findings)} {_plural('check', len(findings))}: {', '.join(parts) or 'nothing was checked'}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 or word in {"ok", "unknown"} else word + "s"
