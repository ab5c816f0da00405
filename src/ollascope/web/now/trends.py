"""The last quarter of an hour in small pieces, for the little lines under the figures."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ollascope.monitor.past.recent import ended_at
from ollascope.words.call import Call
from ollascope.words.metrics import metric
from ollascope.words.outcomes import is_failed

PIECE_S = 15.0
PIECES = 60

_TTFT = metric("ttft_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """One value a piece, the oldest first; the last piece is the one that runs."""

    requests: tuple[float, ...]
    tokens: tuple[float, ...]
    failed: tuple[float, ...]
    ttft_s: tuple[float | None, ...]


def trends_of(calls: Iterable[Call], now: float) -> Trends:
    """What happened in each piece; a Call belongs to the one in which it ended."""
    pieces: list[list[Call]] = [[] for _ in range(PIECES)]
    last = int(now // PIECE_S)
    for call in calls:
        place = int(ended_at(call) // PIECE_S) - last + PIECES - 1
        if 0 <= place < PIECES:
            pieces[place].append(call)
    return Trends(
        requests=_sums(pieces, lambda _: 1),
        tokens=_sums(pieces, lambda call: call.tokens_out or 0),
        failed=_sums(pieces, lambda call: is_failed(call.outcome)),
        ttft_s=tuple(_median([value for call in piece if (value := _TTFT.of(call)) is not None]) for piece in pieces),
    )


def _sums(pieces: Sequence[Sequence[Call]], of: Callable[[Call], int]) -> tuple[float, ...]:
    return tuple(sum(map(of, piece)) / PIECE_S for piece in pieces)


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
