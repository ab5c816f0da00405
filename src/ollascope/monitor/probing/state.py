"""What is remembered of known answers: hashes, never texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.words.record import Json

FORGOTTEN_S = 30 * 86_400.0
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who is asked: a model at a backend, and by which settings."""

    backend: str
    model: str
    settings: str  # a hash of all that decides the answer

    @property
    def key(self) -> str:
        """The place as one word."""
        return f"{self.backend}\t{self.model}\t{self.settings}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one place; `answers` are hashes of what it says while nothing has changed."""

    backend: str
    model: str
    settings: str
    asked_at: float
    answers: tuple[str, ...] = ()
    digest: str | None = None
    since: float = 0.0  # when these answers were first heard
    changed_at: float | None = None
    change: str = ""  # what is known of the last change, in words
    varied: bool = False  # the last time, one answer differed, and the next one was known
    unsteady: str = ""  # why nothing can be told by the last answers
    failure: str = ""  # why there was no answer the last time
    hint: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that is known, and whether the server answered the last time."""

    version: int = 1
    known: Mapping[str, Known] = field(default_factory=dict)
    backend: str = ""  # the one that was asked last
    down: str = ""  # why it does not answer
    asked: tuple[str, ...] = ()  # the keys of those that were asked the last time
    extra: Mapping[str, Json] = field(default_factory=dict)


def remembered(answers: Answers, now: float) -> Mapping[str, Known]:
    """Without what was not asked for long."""
    fresh = {key: one for key, one in answers.known.items() if now - one.asked_at < FORGOTTEN_S}
    return dict(sorted(fresh.items(), key=lambda entry: -entry[1].asked_at)[:MOST])
