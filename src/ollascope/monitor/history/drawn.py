"""A stretch of the past as charts need it: values over time, how they spread, and the same of the time before."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from ollascope.ledger.select import COUNTED, EVERY, Counted, is_demo
from ollascope.monitor.history.lanes import Spread
from ollascope.monitor.history.past import Past, Seen
from ollascope.monitor.history.piece import SPREADS, Piece
from ollascope.monitor.history.units import DAY_S, SPAN, Kind, Level
from ollascope.words.outcomes import failures
from ollascope.words.record import Json

STEPS_S: Final = (60, 300, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400, 30 * 86_400)
MOST_POINTS: Final = 124
MINUTES_UP_TO_S: Final = 2 * DAY_S
LONGEST_S: Final = 400.0 * DAY_S
OVER_TIME: Final = {"ttft_s": ("p50", "p95", "p99"), "total_s": ("p50", "p95", "p99"), "tpot_s": ("p50", "p95"),
                    "decode_tokens_per_s": ("p50",)}  # fmt: skip
SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
BARS: Final = 32
HEAT_ROWS: Final = 28
MOST_LOADS: Final = 40
TRIES: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which Calls of which stretch of time."""

    since: float
    until: float
    model: str | None = None
    engine: str | None = None
    source: str | None = None
    counted: Counted = COUNTED

    def means(self, kind: Kind) -> bool:
        """Whether Calls of a kind are meant."""
        if any(wanted is not None and wanted != here for wanted, here in (
            (self.model, kind.model), (self.engine, kind.engine), (self.source, kind.source),
        )):  # fmt: skip
            return False
        return self.counted.holds(kind.source, kind.model, kind.nested, kind.engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the charts show."""

    since: float
    until: float
    step_s: int
    points: Sequence[Piece]
    whole: Piece
    before: Piece
    models: Mapping[str, Piece] = field(default_factory=dict)
    loads: Sequence[tuple[float, str, float]] = ()
    left_out: int = 0
    demo: bool = False
    missing: float = 0.0
    unsummed: bool = False


def draw(past: Past, asked: Asked, wait_s: float) -> Drawn:
    """Read what is known; `missing` tells the share that is still being read."""
    level = level_of(past, asked)
    step = step_of(asked.until - asked.since, SPAN[level])
    since = asked.since // step * step
    seen = past.read(level, (since, asked.until), step, wait_s)
    length = asked.until - asked.since
    earlier = past.read(level, (asked.since - length, asked.since), step, 0.0) if asked.since - length > 0 else Seen()
    return _gathered(asked, (since, step), seen, earlier)


def draw_whole(past: Past, asked: Asked) -> Drawn:
    """The same with all that there is, however long reading it takes: for who waits in the background."""
    for _ in range(TRIES):
        drawn = draw(past, asked, 1.0)
        if not drawn.missing:
            break
    return drawn


def level_of(past: Past, asked: Asked) -> Level:
    """Minutes for short stretches of time of which they are kept."""
    kept = asked.since >= past.minutes_from
    return "minutes" if asked.until - asked.since <= MINUTES_UP_TO_S and kept else "hours"


def step_of(length_s: float, least: int) -> int:
    """How long the pieces are that a chart shows."""
    fitting = (step for step in STEPS_S if step >= least and length_s <= step * MOST_POINTS)
    return next(fitting, STEPS_S[-1])


def _gathered(asked: Asked, grid: tuple[float, int], seen: Seen, earlier: Seen) -> Drawn:
    since, step = grid
    points = [Piece() for _ in range(max(1, math.ceil((asked.until - since) / step)))]
    models: dict[str, Piece] = {}
    judged: dict[Kind, bool] = {}
    left_out, demo = 0, False
    for unit in seen.units:
        for (at, kind), piece in unit.items():
            if not since <= at < asked.until:
                continue
            meant = judged.setdefault(kind, asked.means(kind))
            if not meant:
                left_out += piece.requests * _is_left_out(asked, kind)
                continue
            points[int((at - since) // step)].add(piece)
            models.setdefault(kind.model or "", Piece()).add(piece)
            demo = demo or is_demo(kind.model, kind.engine)
    whole = _sum(models.values())
    loads = [(float(at), kind.model or "", load_s) for at, kind, load_s in seen.loads
             if since <= at < asked.until and asked.means(kind)]  # fmt: skip
    return Drawn(
        since=since, until=asked.until, step_s=step, points=points, whole=whole, before=_before(asked, earlier),
        models=dict(sorted(models.items(), key=lambda pair: -pair[1].requests)),
        loads=sorted(sorted(loads, key=lambda each: -each[2])[:MOST_LOADS]),
        left_out=left_out, demo=demo, missing=max(seen.missing, earlier.missing / 2), unsummed=seen.unsummed,
    )  # fmt: skip


def _is_left_out(asked: Asked, kind: Kind) -> bool:
    """Whether it is a measurement of our own or a demo, and would else be meant."""
    return not kind.nested and replace(asked, counted=EVERY).means(kind)


def _before(asked: Asked, earlier: Seen) -> Piece:
    length = asked.until - asked.since
    found = Piece()
    for unit in earlier.units:
        for (at, kind), piece in unit.items():
            if asked.since - length <= at < asked.since and asked.means(kind):
                found.add(piece)
    return found


def _sum(pieces: Iterable[Piece]) -> Piece:
    found = Piece()
    for piece in pieces:
        found.add(piece)
    return found


def facts(drawn: Drawn) -> dict[str, Json]:
    """The charts for a script."""
    spreads = {name: [Spread(point.lanes.get(name, 0)) for point in drawn.points] for name in SPREADS}
    return {
        "since": drawn.since,
        "until": drawn.until,
        "step_s": drawn.step_s,
        "at": [drawn.since + number * drawn.step_s for number in range(len(drawn.points))],
        "requests": [point.requests for point in drawn.points],
        "failed": [failures(point.outcomes) for point in drawn.points],
        "tokens_out_per_s": _rates(drawn, [point.tokens_out for point in drawn.points]),
        "tokens_in_per_s": _rates(drawn, [point.tokens_in for point in drawn.points]),
        "percentiles": {
            name: {told: [spread.percentile(SHARES[told]) for spread in spreads[name]] for told in OVER_TIME[name]}
            for name in SPREADS
        },
        "histogram": {name: _histogram(drawn.whole.lanes.get(name, 0)) for name in ("ttft_s", "total_s")},
        "heat": {name: _heat(spreads[name], drawn.whole.lanes.get(name, 0)) for name in ("ttft_s", "total_s")},
        "loads": [{"at": at, "model": model, "load_s": load_s} for at, model, load_s in drawn.loads],
        "now": totals(drawn.whole),
        "before": totals(drawn.before),
        "models": {model: totals(piece) for model, piece in drawn.models.items()},
        "left_out": drawn.left_out,
        "demo": drawn.demo,
        "missing": drawn.missing,
        "unsummed": drawn.unsummed,
    }  # fmt: skip


def totals(piece: Piece) -> dict[str, Json]:
    """What one piece comes to, in figures."""
    told: dict[str, Json] = {
        "requests": piece.requests,
        "failed": failures(piece.outcomes),
        "outcomes": dict(Counter(piece.outcomes).most_common()),
        "tokens_in": piece.tokens_in,
        "tokens_out": piece.tokens_out,
    }
    for name in SPREADS:
        spread = Spread(piece.lanes.get(name, 0))
        told |= {f"{name}_{share}": spread.percentile(SHARES[share]) for share in ("p50", "p95")}
    return told


def _rates(drawn: Drawn, counts: Sequence[int]) -> list[Json]:
    """So many a second in each piece; the last one is cut where the time ends."""
    starts = [drawn.since + number * drawn.step_s for number in range(len(counts))]
    lengths = [max(1.0, min(start + drawn.step_s, drawn.until) - start) for start in starts]
    return [count / length for count, length in zip(counts, lengths, strict=True)]


def _edges(lanes: int, count: int) -> list[float]:
    """Even steps, as a logarithm sees it, from the least to nearly the greatest value."""
    spread = Spread(lanes)
    if not spread.count:
        return []
    low, high = spread.at(1), spread.at(max(1, math.floor(spread.count * 0.9995)))
    low, high = low * 0.98, max(high * 1.02, low * 1.2)
    return [low * (high / low) ** (number / count) for number in range(count + 1)]


def _histogram(lanes: int) -> dict[str, Json]:
    edges = _edges(lanes, BARS)
    reached = Spread(lanes).up_to(edges)
    counts = [after - before for before, after in pairwise(reached)]
    return {"edges": list(edges), "counts": list(counts)}


def _heat(spreads: Sequence[Spread], lanes: int) -> dict[str, Json]:
    edges = _edges(lanes, HEAT_ROWS)
    columns = [spread.up_to(edges) for spread in spreads]
    rows: list[Json] = [
        [column[number + 1] - column[number] for column in columns] for number in range(len(edges) - 1)
    ]  # fmt: skip
    return {"edges": list(edges), "counts": rows}
