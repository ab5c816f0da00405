"""The settings in force as a page shows them: by section, with where each came from and how to change it."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from shlex import quote

from ollascope.settings.fields import variable
from ollascope.settings.findings import DEFAULT, HIDDEN
from ollascope.settings.load import Entry
from ollascope.words.record import Json
from ollascope.words.setting import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One setting; a secret has neither a value nor a command line, which other users could read."""

    key: str
    value: str
    default: str
    meaning: str
    origin: str
    is_set: bool
    secret: bool
    variable: str
    command: str
    bounds: str = ""

    def to_json(self) -> dict[str, Json]:
        """As a program reads it."""
        return {"key": self.key, "value": self.value, "default": self.default, "meaning": self.meaning,
                "origin": self.origin, "set": self.is_set, "secret": self.secret,
                "variable": self.variable}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The settings of one section."""

    name: str
    entries: Sequence[Shown]


def groups_of(
    entries: Iterable[Entry], things: Collection[str], text: str = "", *, only_set: bool = False
) -> list[Group]:
    """The settings that are meant, by section: those with all words of the text in key, value, meaning or origin.

    `things` are the keys of lists that only a settings file can hold.
    """
    words = text.casefold().split()
    found: dict[str, list[Shown]] = {}
    for entry in entries:
        one = shown_of(entry, things)
        said = f"{one.key} {one.value} {one.meaning} {one.origin}".casefold()
        if (one.is_set or not only_set) and all(word in said for word in words):
            found.setdefault(one.key.partition(".")[0].partition("[")[0], []).append(one)
    return [Group(name=name, entries=kept) for name, kept in found.items()]


def shown_of(entry: Entry, things: Collection[str] = ()) -> Shown:
    """One setting as it may be shown."""
    secret = isinstance(entry.raw, Secret)
    in_file = "[" in entry.key or entry.key in things
    return Shown(
        key=entry.key,
        value=entry.value,
        default=entry.default,
        meaning=entry.meaning,
        origin=str(entry.origin),
        is_set=entry.origin != DEFAULT,
        secret=secret,
        variable="" if in_file else variable(entry.key),
        command="" if secret or in_file else _command(entry),
        bounds=_bounds(entry),
    )


def _command(entry: Entry) -> str:
    """The command line that starts everything with this value, to be changed where it is pasted."""
    text = entry.value
    if HIDDEN in text:
        return ""
    if isinstance(entry.raw, tuple):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(entry.raw)
        text = line.getvalue()
    return f"ollascope --set {quote(f'{entry.key}={text}')} up"


def _bounds(entry: Entry) -> str:
    low, high = entry.rule.minimum, entry.rule.maximum
    if low is not None and high is not None:
        return f"{low:g} … {high:g}"
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""
