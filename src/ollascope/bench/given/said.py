"""The values of flags by name, each as the type that its option declares."""

from collections.abc import Mapping
from pathlib import Path

from ollascope.bench.shapes import Amount, read_amount
from ollascope.words.errors import BadUsage

TIME_HINT = "write seconds as in 30, 30s, 500ms, 1.5m or 1h"


class Said:
    """What was said on the command line; None is what was left out."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Whether it was said at all."""
        return self._values.get(name) not in {None, ()}

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        assert value is None or isinstance(value, str), name
        return value

    def whole(self, name: str) -> int | None:
        value = self._values.get(name)
        assert value is None or isinstance(value, int), name
        return value

    def number(self, name: str) -> float | None:
        value = self._values.get(name)
        assert value is None or isinstance(value, int | float), name
        return value

    def flag(self, name: str) -> bool | None:
        value = self._values.get(name)
        assert value is None or isinstance(value, bool), name
        return value

    def path(self, name: str) -> Path | None:
        value = self._values.get(name)
        assert value is None or isinstance(value, Path), name
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._values.get(name) or ()
        assert isinstance(value, tuple), name
        return tuple(str(item) for item in value)

    def seconds(self, name: str) -> float | None:
        """A time; a bare number counts seconds."""
        text = self.text(name)
        return None if text is None else seconds(text, f"--{name.replace('_', '-')}")

    def amount(self, name: str) -> Amount:
        """A time, or a number of requests."""
        text = self.text(name)
        return Amount() if text is None else read_amount(text)


def seconds(text: str, flag: str) -> float:
    """Seconds from a text as `30`, `30s`, `500ms`, `1m30s`."""
    try:
        return float(text) if _is_number(text) else _with_unit(text)
    except BadUsage as error:
        raise BadUsage(f"{flag}: {text[:60]!r} is no time", hint=TIME_HINT) from error


def _with_unit(text: str) -> float:
    found = read_amount(text).seconds
    if found is None:
        raise BadUsage("no unit", hint=TIME_HINT)
    return found


def _is_number(text: str) -> bool:
    whole, _, part = text.strip().partition(".")
    return (whole + part).isascii() and (whole + part).isdigit()
