"""Three judges that must not err in the same way: how far, how long, and how many agree."""

from dataclasses import dataclass, replace
from statistics import median

from ollascope.monitor.anomalies.chance import tail
from ollascope.monitor.anomalies.signals import Signal
from ollascope.monitor.anomalies.state import Reference, Track

FAR_Z = 4.0
SLACK, LIMIT = 1.0, 5.0  # of CUSUM, in units of the spread or of half the margin
LIKELY = 1e-4
WEIGHT = 0.2  # of the newest window in the moving average
TOGETHER = 5  # windows whose values are counted together
STANDS_OUT = 0.6  # of the margin, beyond which a value counts
DAY_H = 24
KNOWN_H = 2 * DAY_H  # before, a busy hour cannot be told from a bad one, and all three must agree


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """How much is asked: less of what has begun already, so that it does not flicker."""

    z: float = FAR_Z
    cusum: float = LIMIT
    chance: float = LIKELY
    effect: float = 1.0  # of the margin


BEGIN = Strictness()
LAST = Strictness(z=2.5, cusum=2.5, chance=1e-2, effect=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the three judges found in one window, in the direction in which it lies."""

    direction: int = 0
    effect: float = 0.0  # how far it lies away, in margins
    z: float = 0.0
    cusum: float = 0.0
    chance: float = 1.0
    out: int = 0
    of: int = 0
    young: bool = False  # too little is known of the time of day

    def votes(self, asked: Strictness) -> tuple[bool, bool, bool]:
        """Who says that it is out of order."""
        return self.z > asked.z, self.cusum > asked.cusum, self.chance < asked.chance

    def holds(self, asked: Strictness) -> bool:
        """Whether two of three agree, or all while little is known, and the change is large enough to matter."""
        return sum(self.votes(asked)) >= (3 if self.young else 2) and self.effect >= asked.effect


def margin_of(signal: Signal, reference: Reference) -> float:
    """The least change that matters: three times as much until a whole day, with its quiet and busy hours, is known."""
    return signal.margin * (1 if reference.known_h >= DAY_H else 3)


def weigh(track: Track, signal: Signal, values: tuple[float, ...], reference: Reference) -> tuple[Track, Evidence]:
    """The track once this window has come, and what the judges say of it."""
    margin = margin_of(signal, reference)
    away = median(values) - reference.level
    thin = max(1.0, reference.size / len(values))
    spread = (reference.spread**2 + reference.noise**2 * (thin - 1)) ** 0.5
    ewma = track.ewma + WEIGHT * (away - track.ewma)
    step = max(-4.0, min(4.0, away / max(spread, margin / 2)))
    most = 2 * LIMIT  # it must be able to fall again
    cusum = (min(most, max(0.0, track.cusum[0] + step - SLACK)), min(most, max(0.0, track.cusum[1] - step - SLACK)))
    counted = stand_out(values, reference.level, margin)
    recent = (*track.recent, counted)[-TOGETHER:]
    track = replace(track, ewma=ewma, cusum=cusum, recent=recent, score=away / spread)
    evidence = _evidence(track, away, margin, reference)
    told = signal.both or evidence.direction == signal.bad
    return track, evidence if told else Evidence()


def stand_out(values: tuple[float, ...], level: float, margin: float) -> tuple[int, int, int]:
    """How many values there are, and how many lie far above and below."""
    edge = STANDS_OUT * margin
    return len(values), sum(each > level + edge for each in values), sum(each < level - edge for each in values)


def _evidence(track: Track, away: float, margin: float, reference: Reference) -> Evidence:
    furthest = away if abs(away) >= abs(track.ewma) else track.ewma
    direction = 1 if furthest > 0 else -1
    of, high, low = (sum(column) for column in zip(*track.recent, strict=True))
    out, share = (high, reference.high) if direction > 0 else (low, reference.low)
    return Evidence(
        direction=direction,
        effect=abs(furthest) / margin,
        z=track.score * direction,
        cusum=track.cusum[0 if direction > 0 else 1],
        chance=tail(out, of, share),
        out=out,
        of=of,
        young=reference.known_h <= KNOWN_H,
    )
