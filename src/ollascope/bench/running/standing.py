"""How a run stands at this moment, added up over its workers: what a person watches and what `live.json` holds."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ollascope.bench.plan import Status
from ollascope.bench.schedule import Schedule, Stage
from ollascope.stats.percentiles import percentile
from ollascope.words.record import Json

RATE_S = 5.0  # rates are those of the last seconds
LATE_S = 10.0  # and so are times to the first token
MOST = 5000  # of them are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A run at one moment; None is not known yet."""

    run: str
    pid: int
    process: str  # when it was started, as the system tells it: another process of this number has another
    state: str  # preparing, running, ending
    at: float  # the wall clock of this line
    at_s: float = 0.0  # from the start of the run
    stage: int = 0
    stages: int = 1
    stage_name: str = ""
    sent: int = 0
    ended: int = 0
    failed: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    tokens_out: int = 0
    requests_per_s: float | None = None
    tokens_per_s: float | None = None
    ttft_p50_s: float | None = None
    ttft_p95_s: float | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    share: float | None = None  # of the whole run that is over
    left_s: float | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


class Tally:
    """Adds up the lines of the workers."""

    def __init__(self, schedule: Schedule, done: int = 0) -> None:
        self._stages = schedule.stages
        self._total = total_of(schedule)
        self._until_s = end_of(schedule)
        self._done = done  # requests that ended before the run was taken up again
        self._last: dict[int, Status] = {}
        self._ttft: deque[tuple[float, float]] = deque(maxlen=MOST)
        self._seen: deque[tuple[float, int, int]] = deque()
        self._peak = 0
        self._lag_s: dict[int, float] = {}  # the worst of each worker

    def take(self, statuses: Iterable[Status], at_s: float) -> None:
        """The latest line of each worker; one that was taken before adds nothing."""
        for status in statuses:
            if self._last.get(status.worker) == status:
                continue
            self._last[status.worker] = status
            self._ttft.extend((at_s, seconds) for seconds in status.ttft_s)
            self._lag_s[status.worker] = max(self._lag_s.get(status.worker, 0.0), status.lag_worst_s)
        self._peak = max(self._peak, sum(one.in_flight for one in self._last.values()))
        self._seen.append((at_s, self.ended, self.tokens_out))
        while len(self._seen) > 2 and self._seen[1][0] <= at_s - RATE_S:
            self._seen.popleft()
        while self._ttft and self._ttft[0][0] < at_s - LATE_S:
            self._ttft.popleft()

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The last line of each worker, with the worst lag of its whole run."""
        return tuple(replace(self._last[worker], lag_worst_s=self._lag_s[worker]) for worker in sorted(self._last))

    @property
    def ended(self) -> int:
        return sum(one.ended for one in self._last.values())

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self._last.values())

    @property
    def in_flight(self) -> int:
        return sum(one.in_flight for one in self._last.values())

    @property
    def tokens_out(self) -> int:
        return sum(one.tokens_out for one in self._last.values())

    def standing(self, now: Standing, stage: int) -> Standing:
        """The same moment with what the workers' lines tell."""
        rate, tokens = self._rates()
        share, left_s = self._progress(now.at_s, rate)
        late = sorted(seconds for _, seconds in self._ttft)
        return replace(
            now,
            stage=stage,
            stages=len(self._stages),
            stage_name=self._stages[stage].name if stage < len(self._stages) else "",
            sent=sum(one.sent for one in self._last.values()),
            ended=self.ended,
            failed=self.failed,
            in_flight=self.in_flight,
            peak_in_flight=self._peak,
            tokens_out=self.tokens_out,
            requests_per_s=rate,
            tokens_per_s=tokens,
            ttft_p50_s=percentile(late, 0.5) if late else None,
            ttft_p95_s=percentile(late, 0.95) if late else None,
            outcomes=sum((Counter(one.outcomes) for one in self._last.values()), Counter[str]()),
            share=share,
            left_s=left_s,
        )

    def _rates(self) -> tuple[float | None, float | None]:
        if len(self._seen) < 2:
            return None, None
        (begun, ended, tokens), (now, ended_now, tokens_now) = self._seen[0], self._seen[-1]
        if now - begun < 0.5:
            return None, None
        return (ended_now - ended) / (now - begun), (tokens_now - tokens) / (now - begun)

    def _progress(self, at_s: float, rate: float | None) -> tuple[float | None, float | None]:
        """Share and seconds left, by whichever limit is nearer."""
        shares: list[tuple[float, float | None]] = []
        if self._until_s:
            shares.append((max(0.0, at_s) / self._until_s, max(0.0, self._until_s - at_s)))  # the go is a little ahead
        if self._total:
            left = self._total - self._done - self.ended
            shares.append(((self._done + self.ended) / self._total, left / rate if rate else None))
        if not shares:
            return None, None
        share, left_s = max(shares, key=lambda pair: pair[0])
        return min(1.0, share), left_s


def total_of(schedule: Schedule) -> int | None:
    """How many requests it asks for; none where time decides."""
    if schedule.open:
        return len(schedule.due)
    counts = [stage.shots for stage in schedule.stages]
    return None if None in counts else sum(count or 0 for count in counts)


def end_of(schedule: Schedule) -> float | None:
    """When its last request starts, in seconds from the start; none where a number of requests decides."""
    ends = [stage.ends_s + stage.cool_down_s for stage in schedule.stages if stage.ends_s is not None]
    if schedule.apart or len(ends) < len(schedule.stages):
        return schedule.due[-1] if schedule.open and not schedule.apart and schedule.due else None
    return max(ends, default=None)


def stage_at(stages: tuple[Stage, ...], at_s: float) -> int:
    """The stage that an instant lies in, where stages have times."""
    begun = [stage.number for stage in stages if stage.starts_s is not None and stage.starts_s <= at_s]
    return max(begun, default=0)
