"""What the judges remember between two minutes: values that can be written as JSON and read again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.words.record import Json

Pair = tuple[int, float]  # computed tokens, seconds to the first token without queue and load


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What one quiet hour of one signal was like."""

    hour: int  # since the epoch
    middle: float = 0.0
    noise: float = 0.0  # of its windows about that middle
    windows: int = 0
    calls: int = 0
    high: int = 0  # values that stood out on this side; of errors, the failures
    low: int = 0
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is usual at this hour of the day."""

    level: float
    spread: float  # of one window about the level, for as many values as a window usually has
    noise: float  # the part of the spread that comes from the windows themselves
    size: float  # values in a usual window
    high: float  # share of values that stand out on this side
    low: float
    known_h: int  # hours it was taken from
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a signal is out of order, and how long it has been so: direction 1 is above, -1 below."""

    active: int = 0
    streak: int = 0  # windows in a row that agree, with their direction as sign
    calm: int = 0
    since: float | None = None
    ended_at: float | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One signal of one model at one backend."""

    signal: str
    model: str = ""
    backend: str = ""
    at: float = 0.0  # of the last window that was judged
    seen: float = 0.0  # of the last window that said anything
    waiting: tuple[float, ...] = ()  # values too few to be judged alone
    observed: tuple[float, ...] = ()  # the same in the unit that people read
    hours: tuple[Hour, ...] = ()
    hour: int = -1
    values: tuple[float, ...] = ()  # of the windows of this hour
    counts: tuple[int, int, int] = (0, 0, 0)  # of this hour: values, those above, those below
    reference: Reference | None = None
    ewma: float = 0.0
    cusum: tuple[float, float] = (0.0, 0.0)
    recent: tuple[tuple[int, int, int], ...] = ()
    standing: Standing = field(default_factory=Standing)
    score: float = 0.0
    value: float = 0.0
    usual: float = 0.0
    why: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a model reads its prompts: seconds before the first token, and those of each computed token."""

    pairs: tuple[Pair, ...] = ()
    start_s: float = 0.0
    token_s: float = 0.0
    usual_tokens: int = 0
    fitted: int = -1  # the hour of the last fit
    taken: float = 0.0  # when the last pair was taken
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the judges remember."""

    version: int = 1
    tracks: Mapping[str, Track] = field(default_factory=dict)
    paces: Mapping[str, Pace] = field(default_factory=dict)
    starts: tuple[float, ...] = ()  # when the latest anomalies began
    extra: Mapping[str, Json] = field(default_factory=dict)
