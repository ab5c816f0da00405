"""The settings file as a template: every key with its meaning, what may stand there and its value."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ollascope.settings.fields import Field, fields_of, resolve
from ollascope.settings.scalars import FALSE, NULL, TRUE, words

Purpose = Literal["local", "server"]

WIDTH = 110
INDENT = "  "

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+-]*|[0-9]{1,3}(\.[0-9]{1,3}){3}")
_SPECIAL = TRUE | FALSE | NULL | {"y", "n"}
_HEADS: dict[Purpose, str] = {
    "local": """\
        Settings of Ollascope on your own machine: every key there is, with its default. Delete what you do not
        change; what is not here keeps its default.""",
    "server": """\
        Settings of Ollascope on a server: every key there is. Where the value is not the default, a line says why.
        Secrets and what differs from machine to machine belong in the environment.""",
}
_LAYERS = """\
    The environment wins over this file: OLLASCOPE__SECTION__KEY, as in OLLASCOPE__ADDRESSES__DASHBOARD=8081; and
    flags win over both: --set addresses.dashboard=8081. `ollascope settings check FILE` tells what is wrong in a
    file; `ollascope settings show` prints every value in force and where it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that a template sets instead of the default, and why."""

    value: object
    reason: str


SERVER: Mapping[str, Change] = {
    "data.folder": Change(value=Path("/var/lib/ollascope"), reason="a service has no home folder of its own"),
    "checks.disk_warning_mib": Change(
        value=51200, reason="records of many users and large models fill a disk while nobody looks"
    ),
    "checks.disk_problem_mib": Change(
        value=5120, reason="a full disk stops a server for everyone; this leaves time to act"
    ),
    "checks.memory_warning_mib": Change(value=4096, reason="many requests at once need room beside the model"),
}


def render(sections: Mapping[str, str], purpose: Purpose = "local") -> str:
    """The commented settings file for a purpose."""
    changes = SERVER if purpose == "server" else {}
    lines = [*_comment(_HEADS[purpose]), "#", *_comment(_LAYERS)]
    page = _Page(changes=changes)
    for name, cls in resolve(sections).items():
        lines += ["", *page.section(name, cls)]
    if left := set(changes) - page.used:
        raise LookupError(f"the template for a {purpose} changes keys that no section has: {', '.join(sorted(left))}")
    return "\n".join(lines) + "\n"


def scalar(value: object) -> str:
    """A value as YAML that every reader takes for the same."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value)
        case tuple():
            return f"[{', '.join(map(scalar, value))}]"
        case _:
            return _text(str(value))


@dataclass(slots=True)
class _Page:
    """The lines of the sections, and which changes they used."""

    changes: Mapping[str, Change]
    used: set[str] = field(default_factory=set)

    def section(self, name: str, cls: type) -> list[str]:
        lines = [*_comment(_first_line(cls)), f"{name}:"]
        for number, entry in enumerate(fields_of(cls, f"{name}.")):
            if number:
                lines.append("")
            lines += (INDENT + line for line in self.field(entry))
        return [line.rstrip() for line in lines]

    def field(self, entry: Field) -> list[str]:
        match entry.shape.form:
            case "section":
                return [*_comment(entry.rule.meaning), f"{entry.name}:", *self._within(entry)]
            case "secret":
                return [*_comment(_secret_meaning(entry)), f"{entry.name}_file: null"]
            case "things":
                return [*_comment(_meaning(entry)), *_example(entry), f"{entry.name}: []"]
            case _:
                return self._plain(entry)

    def _within(self, entry: Field) -> Iterator[str]:
        for number, inner in enumerate(fields_of(entry.shape.inside, f"{entry.key}.")):
            if number:
                yield ""
            yield from (INDENT + line for line in self.field(inner))

    def _plain(self, entry: Field) -> list[str]:
        change = self.changes.get(entry.key)
        if change is None:
            return [*_comment(_meaning(entry)), f"{entry.name}: {scalar(entry.default)}"]
        self.used.add(entry.key)
        return [
            *_comment(_meaning(entry)),
            *_comment(f"Here {scalar(change.value)}: {change.reason}."),
            f"{entry.name}: {scalar(change.value)}",
        ]


def _meaning(entry: Field) -> str:
    return f"{_sentence(entry.rule.meaning)} Takes {words(entry)}. Default: {scalar(entry.default)}."


def _secret_meaning(entry: Field) -> str:
    return (
        f"{_sentence(entry.rule.meaning)} A secret: set {entry.variable} in the environment, "
        f"or name here a file that holds nothing else."
    )


def _example(entry: Field) -> Iterator[str]:
    """The fields of one thing of a list, as comments to be copied."""
    yield "# Each entry:"
    for number, inner in enumerate(fields_of(entry.shape.inside)):
        secret = inner.shape.form == "secret"
        start = "#   - " if number == 0 else "#     "
        text = f"{inner.name}_file: null" if secret else f"{inner.name}: {scalar(inner.default)}"
        yield f"{start}{text}  # {inner.rule.meaning}; {words(inner)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _first_line(cls: type) -> str:
    return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


def _comment(text: str) -> list[str]:
    plain = " ".join(text.split())
    return [f"# {line}" for line in textwrap.wrap(plain, WIDTH, break_long_words=False, break_on_hyphens=False)]


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL:
        return text
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
