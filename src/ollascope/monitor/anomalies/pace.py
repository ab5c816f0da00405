"""The time to first token that a prompt's size explains: a line through a model's own past, which wild values spare."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from ollascope.monitor.anomalies.state import Pace, Pair
from ollascope.monitor.windows import First

FEWEST = 20  # pairs before a line is drawn
SOON, MOST = 120, 480  # pairs taken as they come; pairs kept
EVERY_S = 1200.0  # after the first ones, so that they reach back about a week
SPAN = 4  # tokens by which two prompts must differ to say something about the rate
SHORTEST_S = 1e-4


def expected(pace: Pace, tokens: int | None) -> float | None:
    """Seconds to the first token, without queue and load; None while too little is known."""
    if pace.fitted < 0:
        return None
    size = pace.usual_tokens if tokens is None else tokens
    return max(SHORTEST_S, pace.start_s + pace.token_s * size)


def residuals(pace: Pace, firsts: Sequence[First]) -> tuple[float, ...]:
    """How far each Call lies from what was expected, as the logarithm of the ratio."""
    found = ((own, expected(pace, tokens)) for tokens, own in firsts)
    return tuple(math.log(own / due) for own, due in found if due is not None)


def learn(pace: Pace, firsts: Sequence[First], at: float) -> Pace:
    """The pace once a quiet minute has been seen."""
    if not firsts or (len(pace.pairs) >= SOON and at - pace.taken < EVERY_S):
        return pace
    room = SOON - len(pace.pairs) if len(pace.pairs) < SOON else 1
    fresh = [(pace.usual_tokens if tokens is None else tokens, own) for tokens, own in firsts[:room]]
    pace = replace(pace, pairs=(*pace.pairs, *fresh)[-MOST:], taken=at)
    hour = int(at // 3600)
    young = len(pace.pairs) < SOON
    return fit(pace, hour) if len(pace.pairs) >= FEWEST and (young or pace.fitted != hour) else pace


def fit(pace: Pace, hour: int) -> Pace:
    """Theil and Sen's line through pairs half the list apart; a rate never is negative."""
    ordered = sorted(pace.pairs)
    half = len(ordered) // 2
    slopes = [_slope(low, high) for low, high in zip(ordered, ordered[half:], strict=False)
              if high[0] - low[0] >= SPAN]  # fmt: skip
    token_s = max(0.0, median(slopes)) if len(slopes) >= FEWEST // 2 else 0.0
    start_s = max(SHORTEST_S, median(own - token_s * tokens for tokens, own in ordered))
    usual = int(median(tokens for tokens, _ in ordered))
    return replace(pace, token_s=token_s, start_s=start_s, usual_tokens=usual, fitted=hour)


def _slope(low: Pair, high: Pair) -> float:
    return (high[1] - low[1]) / (high[0] - low[0])
