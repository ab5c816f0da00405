"""All that is asked of one run: where, which load, which prompts, how long, judged by what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ollascope.words.prompt import Operation
from ollascope.words.record import Json

Api = Literal["ollama", "openai", "inside"]  # inside: an engine in this program, asked without HTTP
Arrival = Literal["closed", "constant", "poisson", "gamma", "trace"]
Spreading = Literal["fixed", "uniform", "normal", "lognormal"]
Source = Literal["built-in", "synthetic", "file"]
Tongue = Literal["en", "zh", "mixed"]
Caching = Literal["bust", "friendly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is asked for what; the key is never part of it."""

    url: str
    model: str
    api: Api = "ollama"
    operation: Operation = "chat"
    engine: str | None = None  # the name that the Calls carry; for `inside` the engine that is opened
    ca_file: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A stretch of the load: `users` who each wait for their answer, or a `rate` of requests a second."""

    users: int | None = None
    rate: float | None = None
    until_rate: float | None = None  # the rate goes there in a straight line
    seconds: float | None = None
    requests: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """When requests start: levels one after the other."""

    levels: tuple[Level, ...] = ()  # none with a trace
    arrival: Arrival = "closed"
    burstiness: float = 1.0  # gamma only: variance of the gaps over that of Poisson's; above 1 comes in bursts
    think_s: float = 0.0  # closed only: what a user waits between an answer and the next question
    apart: bool = False  # a sweep: each level begins when the one before has ended and its answers are in
    most_at_once: int | None = None  # open loop: further requests wait at our side, and their waiting counts
    trace: str | None = None  # a file of times and lengths
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Counts of tokens by a distribution, cut at both ends."""

    mean: float
    spread: float = 0.0  # normal, lognormal: standard deviation; uniform: half the width
    shape: Spreading = "fixed"
    least: int = 1
    most: int = 1_000_000
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is asked: texts, lengths, conversations, and whether the server's cache may help."""

    source: Source = "built-in"
    tongue: Tongue = "en"
    file: str | None = None
    tokens_in: Lengths | None = None
    max_tokens: Lengths | None = None
    cache: Caching = "bust"
    prefix_tokens: int = 0  # a beginning that several prompts share
    prefixes: int = 1  # how many such beginnings there are
    turns: int = 1  # questions of one conversation; closed only
    think: bool | None = None
    options: Mapping[str, Json] = field(default_factory=dict)  # temperature and its like, as the API calls them
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """When it is enough, what does not count, and how long a request may take."""

    seconds: float | None = None
    requests: int | None = None
    errors: int | None = None
    tokens: int | None = None
    warm_up_s: float = 0.0
    warm_up_requests: int = 0
    cool_down_s: float = 0.0
    connect_s: float = 5.0
    first_s: float = 600.0  # up to the head of the answer
    idle_s: float = 120.0
    whole_s: float = 3600.0
    grace_s: float = 30.0  # answers that run at the end are waited for so long; in an open loop, after the last answer
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """What a user would call good; a request that keeps all of them counts for goodput."""

    ttft_s: float | None = None
    total_s: float | None = None
    tpot_s: float | None = None
    gap_s: float | None = None  # its longest
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that is asked of one run."""

    target: Target
    load: Load
    wording: Wording = field(default_factory=Wording)
    ends: Ends = field(default_factory=Ends)
    goals: Goals = field(default_factory=Goals)
    seed: int = 1
    workers: int | None = None  # none: as many as the load needs
    name: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
