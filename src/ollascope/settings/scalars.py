"""A text as the value of one field: read by the field's type, never by what the text looks like."""

import csv
import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path

from ollascope.settings.fields import Field
from ollascope.settings.files import LARGEST_SECRET, read
from ollascope.settings.findings import nearest, printable, shown
from ollascope.words.errors import BadSettings
from ollascope.words.setting import Secret

LONGEST = 4096
TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
NULL = frozenset({"", "null", "~"})

_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,40})?(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,4})?")
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*")
_ODD_NUMBERS = (
    (re.compile(r"[+-]?[0-9][0-9_,']*"), "write the digits alone: no leading 0 and no separators between them"),
    (re.compile(r"[+-]?0[xXoObB][0-9a-fA-F]+"), "write it as a decimal number"),
    (re.compile(r"[0-9]+(?::[0-9]+)+"), "a number has no colon in it; write one number"),
    (re.compile(r"[+-]?\.?(?:inf|nan|infinity)", re.IGNORECASE), "write a number that has an end"),
    (re.compile(r"[+-]?[0-9.]+ ?[A-Za-z%]+"), "write the number alone: the unit is part of the key"),
)


def value_of(text: str, field: Field, *, base: Path = Path()) -> object:
    """The value that a text means for a field; a relative path starts at `base`."""
    if len(text) > LONGEST:
        raise BadSettings(f"is longer than {LONGEST} characters", hint=_write(field))
    if field.shape.form == "secret":
        return Secret(text.strip("\r\n"))
    _refuse_unprintable(text)
    return _READERS[field.shape.form](text, field, base)


def secret_in(path: Path, field: Field) -> Secret:
    """The secret that lies in a file."""
    try:
        found = read(path, largest=LARGEST_SECRET).decode().strip()
    except BadSettings as error:
        raise BadSettings(f"the secret's file {shown(str(path))} {error.message}", hint=error.hint) from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"the secret's file {shown(str(path))} is not text", hint="a secret is one line") from error
    if not found:
        raise BadSettings(f"the secret's file {shown(str(path))} is empty", hint=f"put {field.name} into it")
    return Secret(found)


def path_of(text: str, base: Path = Path()) -> Path:
    """A path with `~` resolved, absolute from `base`."""
    if not text.strip():
        raise BadSettings("is an empty path", hint="write a path, or null where there may be none")
    if any(letter < " " for letter in text):
        raise BadSettings(f"{shown(text)} is no possible path", hint="remove the control characters")
    try:
        return (base / Path(text).expanduser()).absolute()
    except RuntimeError as error:
        raise BadSettings(f"{shown(text)} names an unknown home folder", hint="write the whole path") from error
    except FileNotFoundError as error:
        raise BadSettings("the current folder is gone", hint="write the whole path, or change to a folder") from error


def words(field: Field) -> str:
    """What may stand in a field, as a person would say it."""
    if field.shape.form == "choice":
        text = " or ".join(map(str, field.shape.choices))
    elif field.rule.kind is not None:
        text = {
            "port": f"a port from {_lowest_port(field)} to 65535",
            "folder": "a folder",
            "workers": f"a whole number{_span(field)}",
            "host": "an IP address or a host name",
        }[field.rule.kind]
    else:
        text = _WORDS[field.shape.form] + _span(field)
    least = f", at least `{field.rule.at_least}`" if field.rule.at_least else ""
    return text + least + (", or null" if field.shape.optional and field.shape.form != "secret" else "")


_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "path": "a path",
    "secret": "a secret",
    "texts": "a list of texts",
    "things": "a list",
    "section": "a section",
}


def _span(field: Field) -> str:
    lowest, highest = bounds(field)
    if lowest is not None and highest is not None:
        return f" from {_figure(lowest)} to {_figure(highest)}"
    if lowest is not None:
        return f", {_figure(lowest)} or more"
    return f", {_figure(highest)} or less" if highest is not None else ""


def _figure(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def bounds(field: Field) -> tuple[float | None, float | None]:
    """The least and the greatest number that a field takes."""
    rule = field.rule
    if rule.kind == "port":
        return _lowest_port(field), 65535
    if rule.kind == "workers" and rule.minimum is None:
        return 1, rule.maximum
    return rule.minimum, rule.maximum


def _lowest_port(field: Field) -> int:
    return 1 if field.rule.minimum is None else int(field.rule.minimum)


def _write(field: Field) -> str:
    return f"write {words(field)}"


def _refuse_unprintable(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadSettings(f"{shown(text)} is not UTF-8", hint="write it in UTF-8")
    if "\0" in text:
        raise BadSettings(f"{shown(text)} has a NUL in it", hint="remove it")


def _bool(text: str, field: Field, _base: Path) -> bool:
    word = text.strip().lower()
    if word in TRUE | FALSE:
        return word in TRUE
    raise BadSettings(f"{shown(text)} is neither true nor false", hint=_write(field))


def _int(text: str, field: Field, _base: Path) -> int:
    if not _WHOLE.fullmatch(text.strip()):
        _refuse_endless(text, field, "a whole number")
        raise BadSettings(f"{shown(text)} is not a whole number", hint=_number_hint(text, field))
    number = int(text)
    _keep_bounds(number, field)
    return number


def _float(text: str, field: Field, _base: Path) -> float:
    plain = text.strip()
    if not _NUMBER.fullmatch(plain) or not any(letter.isdigit() for letter in plain.lower().split("e")[0]):
        _refuse_endless(text, field, "a number")
        raise BadSettings(f"{shown(text)} is not a number", hint=_number_hint(text, field))
    number = float(plain)
    if not math.isfinite(number):
        raise BadSettings(f"{shown(text)} is too large for a number", hint=_write(field))
    _keep_bounds(number, field)
    return number


def _refuse_endless(text: str, field: Field, kind: str) -> None:
    if re.fullmatch(r"[+-]?[1-9][0-9]*", text.strip()):
        size = "small" if text.strip().startswith("-") else "large"
        raise BadSettings(f"{shown(text)} is too {size} for {kind}", hint=_write(field))


def _number_hint(text: str, field: Field) -> str:
    special = next((hint for form, hint in _ODD_NUMBERS if form.fullmatch(text.strip()[:100])), None)
    return f"{special}: {words(field)}" if special else _write(field)


def _keep_bounds(number: float, field: Field) -> None:
    lowest, highest = bounds(field)
    if lowest is not None and number < lowest:
        raise BadSettings(f"{number:.15g} is less than {_figure(lowest)}", hint=_write(field))
    if highest is not None and number > highest:
        raise BadSettings(f"{number:.15g} is more than {_figure(highest)}", hint=_write(field))


def _str(text: str, field: Field, _base: Path) -> str:
    if field.rule.kind == "host":
        _keep_host(text)
    return text


def _keep_host(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        numeric = re.fullmatch(r"[0-9.]+", text) is not None
        if numeric or not _NAME.fullmatch(text):
            hint = "write the address alone, as in 127.0.0.1: no http://, no port, no brackets"
            raise BadSettings(f"{shown(text)} is no IP address and no host name", hint=hint) from None


def _path(text: str, _field: Field, base: Path) -> Path:
    return path_of(text, base)


def _choice(text: str, field: Field, _base: Path) -> str | int:
    for choice in field.shape.choices:
        if str(choice) == text.strip():
            return choice
    hint = nearest(text, [str(choice) for choice in field.shape.choices])
    raise BadSettings(f"{shown(text)} is not one of {', '.join(map(str, field.shape.choices))}", hint=hint)


def _texts(text: str, _field: Field, _base: Path) -> tuple[str, ...]:
    if not text.strip():
        return ()
    if "\n" in text or "\r" in text:
        raise BadSettings("has a line break in a list", hint="separate the texts by commas")
    try:
        (row,) = csv.reader([text], skipinitialspace=True, strict=True)
    except csv.Error as error:
        raise BadSettings(f"{shown(text)} is not a list ({printable(str(error), limit=80)})",
                          hint='separate the texts by commas; put one that has a comma in "…"') from error  # fmt: skip
    return tuple(entry.strip() for entry in row)


def _things(_text: str, field: Field, _base: Path) -> tuple[object, ...]:
    raise BadSettings("is a list of several values each", hint=f"write `{field.key}:` in the settings file")


_READERS: dict[str, Callable[[str, Field, Path], object]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "str": _str,
    "path": _path,
    "choice": _choice,
    "texts": _texts,
    "things": _things,
}
