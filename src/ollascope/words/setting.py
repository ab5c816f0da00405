"""How a room declares its settings: a default, one line of meaning, and the rules a value must keep."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar, cast

Value = TypeVar("Value")
Kind = Literal["port", "folder", "workers", "host"]

RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one setting means and which values it may take; `at_least` names a field of the same section."""

    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    kind: Kind | None = None
    at_least: str | None = None


class Secret:
    """A text that never shows itself; `reveal` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def setting(default: Value, meaning: str, *, minimum: float | None = None, maximum: float | None = None,
            kind: Kind | None = None, at_least: str | None = None) -> Value:  # fmt: skip
    """One field of a settings section."""
    rule = Rule(meaning=meaning, minimum=minimum, maximum=maximum, kind=kind, at_least=at_least)
    declared: Value = field(default=default, metadata={RULE: rule})
    return declared


def subsection(cls: type[Value], meaning: str) -> Value:
    """A section within a section."""
    return cast("Value", field(default_factory=cast("Any", cls), metadata={RULE: Rule(meaning=meaning)}))


def rules(section: type) -> dict[str, Rule]:
    """The rule of every field of a section, in the order they were declared."""
    return {entry.name: cast("Rule", entry.metadata[RULE]) for entry in fields(section)}
