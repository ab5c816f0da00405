"""A route of the JSON API: what it takes, what it answers, and what the documentation says of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ollascope.words.record import Json

Kind = Literal["string", "integer", "number", "boolean"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
Plain = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value that a caller gives; what breaks its rules is refused before the endpoint sees it."""

    name: str
    meaning: str
    kind: Kind = "string"
    default: Plain | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    longest: int = 200  # letters of a string


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller gave: every parameter that was declared, with its default where it was left out."""

    values: Mapping[str, Plain | None] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string; empty where it was not given."""
        value = self.values[name]
        return "" if value is None else str(value)

    def number(self, name: str) -> float | None:
        """A number; None where it was not given."""
        value = self.values[name]
        return float(value) if isinstance(value, int | float) else None

    def count(self, name: str) -> int:
        """A whole number that has a default or is required."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def flag(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.values[name] is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route below /api/v1: `/calls/{id}` has `id` among its `inside` parameters."""

    path: str
    summary: str
    answer: Callable[[Asked], Json]
    method: Method = "GET"
    tag: str = "now"
    inside: tuple[Parameter, ...] = ()  # in the path
    query: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()  # the fields of a JSON object
    schema: Mapping[str, Json] = field(default_factory=lambda: {"type": "object"})  # of the answer
    troubles: tuple[int, ...] = ()  # statuses beside 200 and 400 that it may answer
