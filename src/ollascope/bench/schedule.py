"""When which prompt is asked: computed once, from one seed, before anything starts."""

from array import array
from dataclasses import dataclass, field

from ollascope.bench.asked import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One level of the load in time.

    A sweep's stages have no fixed beginning: `starts_s` is None, and `ends_s` and their part of `Schedule.due` count
    from the moment they begin. The shots of a stage are `first` to `first + shots - 1`, those of warm-up and cool-down
    among them; in a closed loop, where nobody knows the numbers beforehand, they go on from stage to stage.
    """

    number: int  # from 0
    name: str  # as a person reads it: "16 users", "20 requests/s", "from 1 to 50 requests/s"
    level: Level
    starts_s: float | None = None  # from the start of the run
    ends_s: float | None = None
    first: int = 0  # number of its first shot
    shots: int | None = None  # all that it sends, or in a closed loop sends at most; none: as many as fit into its time
    warm_up_s: float = 0.0  # its shots that start so soon after its beginning do not count
    warm_up_shots: int = 0
    cool_down_s: float = 0.0  # its load goes on so long after `ends_s`; what starts then does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Stages, and for an open loop the due time of every shot; shot n asks prompt `prompts[n % len(prompts)]`."""

    stages: tuple[Stage, ...]
    open: bool
    due: "array[float]" = field(default_factory=lambda: array("d"))  # seconds from the start of the run, in order
    prompts: "array[int]" = field(default_factory=lambda: array("L"))
    think_s: float = 0.0
    apart: bool = False
    most_at_once: int | None = None
