"""What only the run itself knows, kept beside its Calls, so that a Result can be made from the folder at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.bench.plan import Status
from ollascope.bench.result import Server
from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """When a stage really ran, in seconds from the start of the run."""

    number: int
    name: str
    since_s: float
    counts_s: float  # where its warm-up ended and its shots began to count
    until_s: float
    users: int | None = None
    rate: float | None = None
    due: int | None = None  # shots of an open loop that were due in it
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What only the run itself knows; written when it starts, again every few seconds, and at its end."""

    run: str
    started_at: float  # the wall clock at the go
    until_s: float = 0.0  # seconds from the go until the last answer, or until now
    ended_at: float | None = None
    cut_by: str = "asked"  # what ended it: asked, requests, seconds, errors, tokens, interrupted, worker-died …
    partial: bool = False
    stretches: tuple[Stretch, ...] = ()
    statuses: tuple[Status, ...] = ()  # the last line of each worker
    coordinator_cpu_s: float | None = None
    coordinator_rss_bytes: int | None = None
    wall_step_s: float = 0.0
    server: Server = field(default_factory=Server)
    prompts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Json] = field(default_factory=dict)
    resumed: int = 0  # how often it was taken up again
    extra: Mapping[str, Json] = field(default_factory=dict)
