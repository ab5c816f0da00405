"""What a bound can be set on, written as people write it: `ttft p95 < 2 s`, `disk_free_bytes < 5 GB`."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal

from ollascope.words.errors import BadSettings
from ollascope.words.metrics import METRICS
from ollascope.words.sample import Gpu, Sample

Side = Literal["<", ">"]
Source = Literal["calls", "samples"]

SHORT = {"ttft": "ttft_s", "total": "total_s", "tpot": "tpot_s", "gap": "gap_s", "queue": "queue_s", "load": "load_s",
         "prefill": "prefill_s", "rate": "decode_tokens_per_s", "answer": "answer_s"}  # fmt: skip
SHARES = {"success": "ratio", "errors": "ratio"}
COUNTS = {"requests": "count"}
STATISTICS = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
SCALES: dict[str, dict[str, float]] = {
    "s": {"s": 1.0, "ms": 0.001, "us": 1e-6, "min": 60.0, "m": 60.0, "h": 3600.0},
    "tokens/s": {"tokens/s": 1.0, "": 1.0},
    "ratio": {"%": 0.01, "": 1.0},
    "bytes": {"B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30,
              "TiB": 2.0**40},
    "°C": {"°C": 1.0, "C": 1.0}, "W": {"W": 1.0, "kW": 1000.0}, "J": {"J": 1.0}, "Hz": {"Hz": 1.0, "MHz": 1e6,
                                                                                       "GHz": 1e9},
    "count": {"": 1.0},
}  # fmt: skip
ENDS = (("_bytes", "bytes"), ("_ratio", "ratio"), ("_celsius", "°C"), ("_watts", "W"), ("_joules", "J"),
        ("_hertz", "Hz"), ("_s", "s"))  # fmt: skip
NOT_NUMBERS = {"at", "extra", "gpus", "processes", "cpu_core_ratios", "name", "index", "throttled"}

_FORM = re.compile(
    r"\s*(?P<name>[\w-]{1,80})(?:\s+(?P<statistic>[a-z]\w{1,8}))?\s*(?P<side>[<>]=?)\s*(?P<number>\d{1,15}(?:\.\d{1,9})?)"
    r"\s*(?P<unit>[^\s\d]{0,10})\s*"
)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A measure, a side and a number in the measure's own unit."""

    text: str
    name: str
    source: Source
    unit: str
    side: Side
    number: float
    statistic: str = ""

    def exceeds(self, value: float) -> bool:
        """Whether a value lies on the side that the bound names."""
        return value > self.number if self.side == ">" else value < self.number


def read_bound(text: str) -> Bound:
    """A bound from its text, or a mistake that says what is wrong with which word."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise BadSettings(f"{text[:80]!r} is no bound", hint="write it as in `ttft p95 < 2 s` or `cpu_ratio > 90 %`")
    said = match["name"]
    name = SHORT.get(said, said)
    unit = _units().get(name)
    if unit is None:
        raise BadSettings(f"there is no measure {said[:60]!r}", hint=nearest_of(said, [*SHORT, *_units()]))
    statistic = _statistic(name, match["statistic"])
    factor = SCALES[unit].get(match["unit"])
    if factor is None:
        raise _wrong_unit(said, match["unit"], unit)
    source: Source = "calls" if name in _of_calls() else "samples"
    side: Side = "<" if match["side"].startswith("<") else ">"
    number = float(match["number"]) * factor
    return Bound(text=" ".join(text.split()), name=name, source=source, unit=unit, side=side, number=number,
                 statistic=statistic)  # fmt: skip


def read_duration(text: str) -> float:
    """Seconds from a text as `90s`, `5m`, `6h`, `3d`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise BadSettings(f"{text[:60]!r} is no length of time", hint="write it as in 90s, 5m, 6h or 3d")
    return float(match[1]) * _SECONDS[match[2]]


def nearest_of(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest right name."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name[:80].lower(), names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there is {', '.join(names[:40])}"


def said(number: float, unit: str) -> str:
    """A number as a person reads it."""
    if unit == "ratio":
        return f"{number * 100:.4g} %"
    if unit == "bytes":
        size = next((name for name in ("TB", "GB", "MB", "KB") if abs(number) >= SCALES["bytes"][name]), "B")
        return f"{number / SCALES['bytes'][size]:.4g} {size}"
    return f"{number:.4g} {unit}" if unit != "count" else f"{number:.6g}"


def sample_value(sample: Sample, name: str) -> float | None:
    """A field of a Sample; of several GPUs the highest."""
    if name.startswith("gpu_"):
        found = [value for gpu in sample.gpus if (value := _number(gpu, name[4:])) is not None]
        return max(found, default=None)
    return _number(sample, name)


def _number(value: Sample | Gpu, name: str) -> float | None:
    number = attrgetter(name)(value) if name in {entry.name for entry in fields(value)} else None
    return float(number) if isinstance(number, int | float) else None


def _statistic(name: str, statistic: str | None) -> str:
    if name not in {metric.name for metric in METRICS}:
        if statistic:
            raise BadSettings(f"{name} has no {statistic}: it is one number", hint=f"leave {statistic} out")
        return ""
    if statistic is None:
        raise BadSettings(f"of {name} there are many values", hint=f"say which: {', '.join(STATISTICS)}")
    if statistic not in STATISTICS:
        raise BadSettings(f"there is no statistic {statistic!r}", hint=nearest_of(statistic, STATISTICS))
    return statistic


def _wrong_unit(name: str, unit: str, right: str) -> BadSettings:
    units = ", ".join(each or "no unit" for each in SCALES[right])
    return BadSettings(f"{name} is not measured in {unit or 'no unit'}", hint=f"write one of: {units}")


def _of_calls() -> dict[str, str]:
    return {metric.name: str(metric.unit) for metric in METRICS} | SHARES | COUNTS


def _units() -> dict[str, str]:
    found = _of_calls()
    for kind, prefix in ((Sample, ""), (Gpu, "gpu_")):
        for entry in fields(kind):
            if entry.name not in NOT_NUMBERS:
                unit = next((unit for end, unit in ENDS if entry.name.endswith(end)), "count")
                found.setdefault(prefix + entry.name, unit)
    return found
