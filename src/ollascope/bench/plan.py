"""What a worker process is told before it starts, and what it says while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.bench.asked import Asked
from ollascope.bench.material import Material
from ollascope.bench.schedule import Schedule
from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One worker's part of a run: of an open loop every shot whose number leaves `worker` when divided by `workers`,
    of a closed loop every such user, and of a limit by number every such shot."""

    asked: Asked
    schedule: Schedule
    material: Material
    run: str
    folder: str  # of the run; the worker writes calls-<worker>.jsonl there
    worker: int = 0
    workers: int = 1
    key: str = ""  # the server's key: only ever in memory
    skip: frozenset[int] = frozenset()  # shots that ended before a run was resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One line of JSON on a worker's standard output, several times a second; all counts are since the start."""

    worker: int
    state: str  # ready, running, draining, done
    at_s: float  # since the go
    stage: int = 0
    sent: int = 0
    ended: int = 0
    failed: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    tokens_out: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    ttft_s: tuple[float, ...] = ()  # of requests whose first piece came since the line before; at most 200
    cpu_s: float = 0.0  # of this process since the go
    rss_bytes: int | None = None
    rss_peak_bytes: int | None = None
    lag_worst_s: float = 0.0  # of the event loop, since the line before
    lag_p99_s: float | None = None  # over the whole run; in the last line
    wall_step_s: float = 0.0  # how far the wall clock has moved against the monotonic one since the go
    unwritten: int = 0  # Calls that the disk does not take at present
    trouble: str | None = None  # a sentence: what the person must know
    lost_calls: tuple[str, ...] = ()  # in the last line: Calls that could not be written
    extra: Mapping[str, Json] = field(default_factory=dict)
