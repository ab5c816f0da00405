"""The machine over time: Samples as a mean per minute, each file read once and then only what was added."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from ollascope.ledger.reading import Tally, blocks
from ollascope.ledger.segment import DAY_S, Segment, day_start, days, segments
from ollascope.words.errors import StorageTrouble

MINUTE_S: Final = 60
READINGS: Final = ("cpu_ratio", "memory_ratio", "gpu_ratio", "gpu_memory_ratio")
AHEAD_DAYS: Final = 31
MOST_DAYS: Final = 70
SERVER: Final = "server"

Sums = dict[str, tuple[int, float]]  # by reading: how many, and their sum


@dataclass(slots=True)
class Day:
    """What the Samples of a day come to."""

    offsets: dict[str, int] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    minutes: dict[int, Sums] = field(default_factory=dict)
    starts: dict[int, float] = field(default_factory=dict)  # of model servers, by process: when first seen
    whole: bool = False  # read to its end at least once


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The readings over a stretch of time, and when a model server was started again."""

    at: Sequence[float] = ()
    readings: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    restarts: Sequence[float] = ()
    whole: bool = True


class Machine:
    """The machine as it was recorded."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._days: dict[str, Day] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def read_ahead(self) -> None:
        """Read the last days, leaving room for others; returns when all is read or this was closed."""
        for day in days(self._ledger)[: -AHEAD_DAYS - 1 : -1]:
            began, made = time.thread_time(), Day()
            try:
                if not self._is_known(day) and self._extend(day, made, lambda: not self._ended.is_set()):
                    with self._lock:
                        self._days[day] = made
            except StorageTrouble:
                return
            if self._ended.wait(2 * (time.thread_time() - began)):
                return

    def close(self) -> None:
        """End that."""
        self._ended.set()

    def read(self, since: float, until: float, step_s: float, go_on: Callable[[], bool]) -> Use:
        """The means of each step; what there is no time to read now comes the next time."""
        with self._lock:
            found = days(self._ledger, since, until)
            whole = True
            for day in reversed(found):
                if self._is_known(day) or go_on():
                    whole = self._extend(day, self._days.setdefault(day, Day()), go_on) and whole
                else:
                    whole = False
            while len(self._days) > MOST_DAYS:
                del self._days[min(self._days)]
            return _use([self._days[day] for day in found if day in self._days], since, until, step_s, whole)

    def _is_known(self, day: str) -> bool:
        known = self._days.get(day)
        return known is not None and known.whole

    def _extend(self, day: str, known: Day, go_on: Callable[[], bool]) -> bool:
        """Take in what is there and not known; false if there was no time for all of it."""
        for segment in segments(self._ledger, day, "samples"):
            if segment.id in known.over:
                continue
            for lines, end in blocks(segment, known.offsets.get(segment.id, 0), Tally()):
                _take(known, lines, segment)
                known.offsets[segment.id] = end
                if not go_on():
                    return False
            if segment.sealed:
                known.over.add(segment.id)
        known.whole = True
        return True


def _take(day: Day, lines: Sequence[bytes], segment: Segment) -> None:
    first = day_start(segment.day)
    for line in lines:
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        at = told.get("at") if isinstance(told, dict) else None
        if not isinstance(at, int | float) or not first <= at < first + DAY_S:
            continue
        sums = day.minutes.setdefault(int(at // MINUTE_S), {})
        for name, value in _readings(told).items():
            count, total = sums.get(name, (0, 0.0))
            sums[name] = count + 1, total + value
        for process in told.get("processes") or ():
            if isinstance(process, dict) and process.get("role") == SERVER and isinstance(process.get("pid"), int):
                day.starts[process["pid"]] = min(at, day.starts.get(process["pid"], at))


def _readings(told: Mapping[str, object]) -> dict[str, float]:
    found: dict[str, float | None] = {
        "cpu_ratio": _number(told.get("cpu_ratio")),
        "memory_ratio": _used(told.get("memory_available_bytes"), told.get("memory_total_bytes")),
    }
    gpus = told.get("gpus")
    known = [gpu for gpu in gpus if isinstance(gpu, dict)] if isinstance(gpus, list) else []
    used = [value for gpu in known if (value := _number(gpu.get("used_ratio"))) is not None]
    held = [(_number(gpu.get("memory_used_bytes")), _number(gpu.get("memory_total_bytes"))) for gpu in known]
    sizes = [(part, whole) for part, whole in held if part is not None and whole]
    if used:
        found["gpu_ratio"] = sum(used) / len(used)
    if sizes:
        found["gpu_memory_ratio"] = sum(part for part, _ in sizes) / sum(whole for _, whole in sizes)
    return {name: value for name, value in found.items() if value is not None}


def _used(free: object, total: object) -> float | None:
    part, whole = _number(free), _number(total)
    return None if part is None or not whole else 1 - part / whole


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _use(found: Sequence[Day], since: float, until: float, step_s: float, whole: bool) -> Use:
    steps: dict[int, Sums] = {}
    first = int(since // step_s)
    for day in found:
        for minute, sums in day.minutes.items():
            at = minute * MINUTE_S
            if since - MINUTE_S < at < until:
                mine = steps.setdefault(int(at // step_s), {})
                for name, (count, total) in sums.items():
                    known = mine.get(name, (0, 0.0))
                    mine[name] = known[0] + count, known[1] + total
    numbers = range(first, int(-(-until // step_s))) if steps else range(0)
    readings = {
        name: [_mean(steps.get(number, {}).get(name)) for number in numbers]
        for name in READINGS if any(name in sums for sums in steps.values())
    }  # fmt: skip
    return Use(at=[number * step_s for number in numbers], readings=readings, restarts=_restarts(found, since, until),
               whole=whole)  # fmt: skip


def _mean(sums: tuple[int, float] | None) -> float | None:
    return None if sums is None else sums[1] / sums[0]


def _restarts(found: Sequence[Day], since: float, until: float) -> list[float]:
    """When another process of a model server was seen than before; the first one of all is no restart."""
    starts: dict[int, float] = {}
    for day in found:
        for pid, at in day.starts.items():
            starts[pid] = min(at, starts.get(pid, at))
    ordered = sorted(starts.values())
    return [at for at in ordered[1:] if since <= at < until]
