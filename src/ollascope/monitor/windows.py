"""What happened in each minute, per model and backend, and to the machine: what the judges look at."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ollascope.stats.sketch import Sketch
from ollascope.words.call import Call
from ollascope.words.metrics import metric
from ollascope.words.outcomes import OK, is_failed
from ollascope.words.sample import Sample

MINUTE_S = 60.0
GRACE_S = 5.0  # a Call ends before it is written
KEPT = 200  # values of one kind in one minute; of more, evenly chosen ones stand for all

LARGEST_LOAD = 5.0  # times what is left without it: the small rest of a long load says more about clocks than the model

Value = TypeVar("Value")
First = tuple[int | None, float]  # tokens to compute before the first one, seconds the engine itself took for it

_RATE = metric("decode_tokens_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One minute of one model at one backend; without a model it is one of the machine."""

    at: float
    model: str = ""
    backend: str = ""
    calls: int = 0  # those that say whether the service works
    failures: int = 0
    firsts: tuple[First, ...] = ()
    gaps: tuple[float, ...] = ()  # the long pauses of each Call: its p95
    rates: tuple[float, ...] = ()
    readings: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Minute:
    calls: int = 0
    failures: int = 0
    firsts: list[First] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    readings: dict[str, list[float]] = field(default_factory=dict)


class Gathering:
    """Calls and Samples on their way into windows; a Call belongs to the minute in which it ended."""

    def __init__(self) -> None:
        self._open: dict[tuple[float, str, str], _Minute] = {}
        self._closed = -math.inf

    def add(self, call: Call) -> None:
        """Count one Call."""
        minute = self._minute(call.sent_at + (call.end_s or 0.0), call.model or "", call.backend or "")
        ok, failed = call.outcome == OK, is_failed(call.outcome)
        minute.failures += failed
        minute.calls += ok or failed
        if not ok:
            return
        if (first := first_of(call)) is not None:
            minute.firsts.append(first)
        if call.gaps and (gap := Sketch.from_pairs(call.gaps).quantile(0.95)):
            minute.gaps.append(gap)
        if rate := _RATE.of(call):
            minute.rates.append(rate)

    def add_all(self, calls: Iterable[Call]) -> None:
        """Count some Calls."""
        for call in calls:
            self.add(call)

    def add_sample(self, sample: Sample) -> None:
        """Count one reading of the machine."""
        readings = self._minute(sample.at, "", "").readings
        for name, value in readings_of(sample):
            if value is not None:
                readings.setdefault(name, []).append(value)

    def closed(self, now: float) -> list[Window]:
        """The minutes that are over, oldest first; each is given once."""
        until = (now - GRACE_S) // MINUTE_S * MINUTE_S
        self._closed = max(self._closed, until)
        over = sorted(key for key in self._open if key[0] < until)
        return [_window(key, self._open.pop(key)) for key in over]

    def _minute(self, at: float, model: str, backend: str) -> _Minute:
        start = max(at // MINUTE_S * MINUTE_S, self._closed)  # a late Call counts where it still can
        return self._open.setdefault((start, model, backend), _Minute())


def first_of(call: Call) -> First | None:
    """The time to first token without queue and load, and the prompt tokens it took; None where that is not known."""
    if call.first_chunk_s is None or (call.load_cause is not None and call.load_s is None):
        return None
    own = call.first_chunk_s - (call.queue_s or 0.0) - (call.load_s or 0.0)
    if own * LARGEST_LOAD < (call.load_s or 0.0):
        return None
    uncached = None if call.tokens_in is None else max(0, call.tokens_in - (call.tokens_cached or 0))
    return (uncached, own) if own > 0 else None


def readings_of(sample: Sample) -> list[tuple[str, float | None]]:
    """What is judged of the machine."""
    found = [
        ("cpu_ratio", sample.cpu_ratio),
        ("memory_ratio", _used(sample.memory_available_bytes, sample.memory_total_bytes)),
        ("swap_ratio", _share(sample.swap_used_bytes, sample.swap_total_bytes)),
        ("cpu_temperature_celsius", sample.cpu_temperature_celsius),
    ]
    for gpu in sample.gpus:
        found += [
            (f"gpu{gpu.index}_memory_ratio", _share(gpu.memory_used_bytes, gpu.memory_total_bytes)),
            (f"gpu{gpu.index}_temperature_celsius", gpu.temperature_celsius),
        ]
    return found


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


def _used(free: int | None, whole: int | None) -> float | None:
    share = _share(free, whole)
    return None if share is None else 1 - share


def _window(key: tuple[float, str, str], minute: _Minute) -> Window:
    at, model, backend = key
    return Window(
        at=at,
        model=model,
        backend=backend,
        calls=minute.calls,
        failures=minute.failures,
        firsts=tuple(_few(minute.firsts)),
        gaps=tuple(_few(sorted(minute.gaps))),
        rates=tuple(_few(sorted(minute.rates))),
        readings={name: tuple(_few(values)) for name, values in minute.readings.items()},
    )


def _few(values: list[Value]) -> list[Value]:
    return values if len(values) <= KEPT else [values[place * len(values) // KEPT] for place in range(KEPT)]
