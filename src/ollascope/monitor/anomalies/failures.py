"""The same three judges for failed requests: this minute, the sum over time, and the last ten minutes together."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import quantiles

from ollascope.monitor.anomalies.chance import tail
from ollascope.monitor.anomalies.state import Hour, Reference, Track
from ollascope.monitor.anomalies.votes import LIMIT, Evidence

TOGETHER = 10
PRIOR, PRIOR_SHARE = 50, 0.02
LEAST_SHARE = 0.002
WORSE, MORE = 3.0, 0.08  # what the sum over time looks for: three times as many, and eight in a hundred more
FEWEST = 3  # failures


def failure_reference(hours: Sequence[Hour]) -> Reference:
    """The usual share of failures; a service that often has a bad hour is judged by its bad hours."""
    calls, failures = sum(each.calls for each in hours), sum(each.high for each in hours)
    level = (failures + PRIOR * PRIOR_SHARE) / (calls + PRIOR)
    shares = [each.high / each.calls for each in hours if each.calls >= PRIOR]
    if len(shares) >= 4:
        level = max(level, quantiles(shares, n=4)[2])
    level = min(0.95, max(LEAST_SHARE, level))
    known_h = hours[-1].hour - hours[0].hour + 1 if hours else 0
    return Reference(level=level, spread=0.0, noise=0.0, size=1.0, high=level, low=0.0, known_h=known_h)


def weigh_failures(track: Track, calls: int, failures: int, margin: float) -> tuple[Track, Evidence]:
    """The track once this minute has come, and what the judges say of it."""
    reference = track.reference or failure_reference(track.hours)
    usual = reference.level
    worse = min(0.99, max(WORSE * usual, usual + MORE))
    gain = failures * math.log(worse / usual) + (calls - failures) * math.log((1 - worse) / (1 - usual))
    cusum = min(2 * LIMIT, max(0.0, track.cusum[0] + gain))
    recent = (*track.recent, (calls, failures, 0))[-TOGETHER:]
    of, out, _ = (sum(column) for column in zip(*recent, strict=True))
    away = out / of - usual
    now = tail(failures, calls, usual)
    evidence = Evidence(
        direction=1 if away > 0 else -1,
        effect=away / margin if out >= FEWEST else 0.0,
        z=-math.log10(max(now, 1e-300)),  # above 4: less likely than one in ten thousand
        cusum=cusum,
        chance=tail(out, of, usual),
        out=out,
        of=of,
    )
    return replace(track, reference=reference, cusum=(cusum, 0.0), recent=recent, score=evidence.z), evidence
