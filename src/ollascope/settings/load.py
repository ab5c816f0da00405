"""The settings in force: defaults, then the file, then the environment, then the flags; each value with its origin."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from ollascope.settings.data import Data, usual_cache, usual_folder
from ollascope.settings.fields import Field, fields_of, resolve
from ollascope.settings.files import is_absent, read
from ollascope.settings.findings import (
    DEFAULT,
    HIDDEN,
    LISTED,
    Finding,
    Mistakes,
    Origin,
    looks_secret,
    printable,
)
from ollascope.settings.layers import PREFIX, Given, Layer, from_environment, from_file, from_flags, plain_secrets
from ollascope.settings.scalars import path_of
from ollascope.words.errors import BadSettings
from ollascope.words.record import Json
from ollascope.words.setting import Rule, Secret

Section = TypeVar("Section")

FILE_NAME = "settings.yaml"
HINT = "`ollascope settings check` tells the same and more; `ollascope settings show` lists every key"

_OURS = frozenset({"OLLASCOPE_DATA", "OLLASCOPE_SETTINGS", "OLLAMA_HOST", "HOME", "XDG_DATA_HOME"})
_SCREEN = frozenset({
    "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "TERM", "TERM_PROGRAM", "TMUX", "STY", "VTE_VERSION",
    "KONSOLE_VERSION", "WT_SESSION",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the settings come from; `required` is false for the usual file, which may be absent."""

    file: Path | None = None
    required: bool = True
    data_folder: Path | None = None
    assignments: tuple[str, ...] = field(default=(), repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of_process(
        cls, *, file: Path | None = None, data_folder: Path | None = None, assignments: tuple[str, ...] = ()
    ) -> "Sources":
        """The sources of this process; nothing else reads its environment."""
        ours = {name: text for name, text in os.environ.items() if name in _OURS or name.startswith(PREFIX)}
        named = file or _named_file(ours)
        usual = None if named else _usual_file(ours, data_folder, assignments)
        return cls(
            file=named or usual,
            required=named is not None,
            data_folder=data_folder,
            assignments=assignments,
            environ=ours,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value in force: as it may be shown, what it means, and where it came from."""

    key: str
    value: str
    default: str
    meaning: str
    origin: Origin
    rule: Rule
    raw: object = field(repr=False)
    raw_default: object = field(repr=False)

    @property
    def plain(self) -> Json:
        """The value as JSON has it; of a secret only whether there is one."""
        return self.value if isinstance(self.raw, Secret) else _plain(self.raw)

    @property
    def default_plain(self) -> Json:
        """The default as JSON has it."""
        return _plain(self.raw_default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every section as its typed value, and every value with its origin."""

    _sections: Mapping[type, object]
    _entries: tuple[Entry, ...]
    _usual: Path | None = None
    _file: Path | None = None
    _files: tuple[Path, ...] = ()

    def of(self, cls: type[Section]) -> Section:
        """The section that a class declares."""
        found = self._sections[cls]
        assert isinstance(found, cls)
        return found

    def entries(self) -> tuple[Entry, ...]:
        """Every value in force, in the order of the sections."""
        return self._entries

    def files(self) -> tuple[Path, ...]:
        """The files that secrets were read from."""
        return self._files

    @property
    def file(self) -> Path | None:
        """The settings file in force, if there is one."""
        return self._file

    @property
    def data_folder(self) -> Path:
        """The folder that everything Ollascope keeps lies in."""
        data = self._sections.get(Data)
        folder = data.folder if isinstance(data, Data) else None
        if folder := folder or self._usual:
            return folder
        raise BadSettings("there is no home folder to keep data in", hint="set OLLASCOPE_DATA to a folder")


def cache_folder() -> Path | None:
    """Where this user's Ollascope keeps what it can make again, whatever the data folder; none without a home."""
    return usual_cache(os.environ, sys.platform)


def screen() -> dict[str, str]:
    """What the environment says of the person's screen: where it is and what their terminal can do."""
    return {name: text for name, text in os.environ.items() if name in _SCREEN}


def load(sections: Mapping[str, str], sources: Sources) -> Settings:
    """The settings in force, or every mistake in them at once."""
    settings, mistakes = examine(sections, sources)
    if mistakes:
        raise BadSettings("\n".join([*heading(mistakes), *map(str, mistakes)]), hint=HINT)
    return settings


def heading(mistakes: tuple[Finding, ...], where: str = "the settings") -> list[str]:
    """A line above several mistakes, so that each of them begins with its place."""
    count = f"more than {LISTED}" if len(mistakes) > LISTED else str(len(mistakes))
    return [f"{count} mistakes in {where}"] if len(mistakes) > 1 else []


def examine(sections: Mapping[str, str], sources: Sources) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings with the default in place of every wrong value, and the mistakes."""
    classes, mistakes = resolve(sections), Mistakes()
    given: Layer = {}
    file = sources.file if sources.file and (sources.required or not is_absent(sources.file)) else None
    if file is not None:
        given |= _of_file(file, classes, mistakes)
    given |= from_environment(sources.environ, classes, mistakes)
    given |= from_flags(sources.assignments, classes, mistakes)
    if sources.data_folder is not None:
        given |= _of_data_flag(sources.data_folder, mistakes)
    built: dict[type, object] = {cls: build(cls, f"{name}.", given) for name, cls in classes.items()}
    entries = tuple(entry for name, cls in classes.items() for entry in _entries(cls, f"{name}.", given))
    _keep_order(entries, mistakes)
    settings = Settings(
        _sections=MappingProxyType(built),
        _entries=entries,
        _usual=_usual(sources.environ),
        _file=file,
        _files=tuple(value.file for value in given.values() if value.file is not None),
    )
    return settings, mistakes.listed()


def text_shown(value: object) -> str:
    """A value as a person reads it, secrets hidden, in one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Secret():
            return "set, not shown" if value else "not set"
        case tuple():
            return f"[{', '.join(map(text_shown, value))}]"
        case float():
            return f"{value:.15g}"
        case _:  # a value that came from the environment or a flag may be a secret at the wrong place
            return HIDDEN if looks_secret(str(value)) else printable(str(value))


def _plain(value: object) -> Json:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return HIDDEN if looks_secret(value) else value
        case tuple():
            return [_plain(part) for part in value]
        case _:
            return text_shown(value)


def _named_file(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("OLLASCOPE_SETTINGS")
    try:
        return None if named is None else path_of(named)
    except BadSettings as error:
        raise BadSettings(f"environment OLLASCOPE_SETTINGS: {error.message}", hint=error.hint) from error


def _usual_file(environ: Mapping[str, str], data_folder: Path | None, assignments: tuple[str, ...]) -> Path | None:
    """The settings file in the data folder, as far as the folder is known before a file is read."""
    set_ = [text for key, _, text in (entry.partition("=") for entry in assignments) if key.strip() == "data.folder"]
    named = [environ.get("OLLASCOPE_DATA"), environ.get("OLLASCOPE__DATA__FOLDER"), *set_]
    texts = [text for text in named if text and text != "null"]
    try:
        folder = data_folder or (path_of(texts[-1]) if texts else _usual(environ))
    except BadSettings:  # told when the layer it stands in is read
        return None
    return folder / FILE_NAME if folder else None


def _usual(environ: Mapping[str, str]) -> Path | None:
    return usual_folder(environ, sys.platform)


def _of_file(path: Path, classes: Mapping[str, type], mistakes: Mistakes) -> Layer:
    from ollascope.settings.document import parse, text_of  # noqa: PLC0415

    name = str(path)
    try:
        data = read(path)
    except BadSettings as error:
        mistakes.add(Origin(layer="file", name=name, line=1), error.message, error.hint)
        return {}
    text = text_of(data, name, mistakes)
    layer = from_file(parse(text, name, mistakes), classes, name, mistakes)
    plain_secrets(text, name, mistakes)
    return layer


def _of_data_flag(folder: Path, mistakes: Mistakes) -> Layer:
    origin = Origin(layer="flag", name="--data")
    try:
        return {"data.folder": Given(value=path_of(str(folder)), origin=origin)}
    except BadSettings as error:
        mistakes.add(origin, error.message, error.hint)
        return {}


def build(cls: type[Section], prefix: str, given: Layer) -> Section:
    """A section, or a thing of that class, from the values of the layers."""
    values: dict[str, object] = {}
    for entry in fields_of(cls, prefix):
        if entry.shape.form == "section":
            values[entry.name] = build(entry.shape.inside, f"{entry.key}.", given)
        elif entry.key in given:
            values[entry.name] = _value(entry, given)
    return cls(**values)


def _value(entry: Field, given: Layer) -> object:
    value = given[entry.key].value
    if entry.shape.form != "things":
        return value
    assert isinstance(value, int)
    return tuple(build(entry.shape.inside, f"{entry.key}[{number}].", given) for number in range(value))


def _entries(cls: type, prefix: str, given: Layer) -> Iterator[Entry]:
    for entry in fields_of(cls, prefix):
        form = entry.shape.form
        if form == "section":
            yield from _entries(entry.shape.inside, f"{entry.key}.", given)
        elif form == "things" and (things := given.get(entry.key)) and isinstance(things.value, int) and things.value:
            for number in range(things.value):
                yield from _entries(entry.shape.inside, f"{entry.key}[{number}].", given)
        else:
            yield _entry(entry, given)


def _entry(entry: Field, given: Layer) -> Entry:
    found = given.get(entry.key)
    raw = entry.default if found is None else () if entry.shape.form == "things" else found.value
    unset = entry.shape.form == "secret" and not raw
    return Entry(
        key=entry.key,
        value="not set" if unset else text_shown(raw),
        default="not set" if entry.shape.form == "secret" else text_shown(entry.default),
        meaning=entry.rule.meaning,
        origin=DEFAULT if found is None else found.origin,
        rule=entry.rule,
        raw=raw,
        raw_default=entry.default,
    )


def _keep_order(entries: tuple[Entry, ...], mistakes: Mistakes) -> None:
    """A field that must be at least another of its section is; told at the one of the two that somebody set."""
    by_key = {entry.key: entry for entry in entries}
    wrong = {finding.key for finding in mistakes.found}
    for entry in entries:
        if entry.rule.at_least is None:
            continue
        other = by_key[f"{entry.key.rpartition('.')[0]}.{entry.rule.at_least}"]
        if not wrong & {entry.key, other.key} and _is_less(entry.raw, other.raw):
            told = entry.origin if entry.origin != DEFAULT else other.origin
            what = f"{entry.key} is {entry.value}, less than {other.key}, which is {other.value}"
            mistakes.add(told, what, f"raise {entry.key} or lower {other.key}", key=entry.key)


def _is_less(high: object, low: object) -> bool:
    return isinstance(low, int | float) and isinstance(high, int | float) and high < low
