"""What a verdict looks at beside the Result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.bench.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifting:
    """A lasting change of level inside the run."""

    what: str  # ttft_s, total_s or requests_per_s
    at_s: float
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Whether latency settled; `since_s` is None where it did not."""

    since_s: float | None
    drift: float  # largest difference of the middles of three thirds, over the middle of all
    what: str
    middle: float
    settled: float | None
    shift: Shifting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """Waiting that rises as long as the load lasts."""

    first_s: float
    last_s: float
    slope: float  # seconds of waiting more in each second


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Found in the files of a run; the defaults are those of a run about which nothing is odd."""

    flags: Mapping[str, int] = field(default_factory=dict)  # of Calls that count, how many have each
    models: tuple[str, ...] = ()  # that the Calls name
    answered_by: tuple[str, ...] = ()  # models that gave answers without being asked
    missing: int = 0  # requests that were due and left no trace
    asked_rps: float | None = None
    arrival_gaps: int = 0
    arrival_distance: float | None = None
    settling: Settling | None = None  # none: not judged
    growing: Growing | None = None
    users: int | None = None  # the most that were asked for
    tokens_in: float | None = None  # on average
    tokens_out: float | None = None
    tokens_told: bool = True
    lost_calls: int = 0  # Calls that are in the Result and not in the files
    unreadable: int = 0  # lines that are no Calls, or half of one
    hertz_early: float | None = None
    hertz_late: float | None = None
    heat_celsius: float | None = None
    gpu_throttled: bool = False
    cores: float | None = None
    resumed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a rule judges."""

    result: Result
    signs: Signs
