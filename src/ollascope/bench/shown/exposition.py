"""Results as the text that Prometheus reads, for a push gateway or the text files of a node exporter."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ollascope.bench.result import Delivered, Result, Tail, Throughput
from ollascope.bench.shown.figures import STATISTICS
from ollascope.bench.shown.rows import WHOLE
from ollascope.words.metrics import METRICS

PREFIX: Final = "ollascope_bench_"
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})

Labels = tuple[tuple[str, str], ...]
Line = tuple[Labels, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric: its name behind the prefix, what it means, its values."""

    name: str
    meaning: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What is told of a whole run and of each stage alike."""

    labels: Labels
    delivered: Delivered
    throughput: Throughput
    metrics: Mapping[str, Tail]


def prometheus_of(results: Sequence[Result]) -> str:
    """All figures as gauges with the labels run, model and stage."""
    lines = []
    for family in _families(results):
        if family.lines:
            name = f"{PREFIX}{family.name}"
            lines += [f"# HELP {name} {family.meaning}", f"# TYPE {name} gauge"]
            lines += [f"{name}{{{_told(labels)}}} {_number(value)}" for labels, value in dict(family.lines).items()]
    return "\n".join([*lines, ""])


def metric_name(metric: str) -> str:
    """The name of a metric's family behind the prefix: ttft_s is ttft_seconds."""
    if _unit_of(metric) == "s":
        return f"{metric.removesuffix('_s')}_seconds"
    return metric.replace("_per_s", "_per_second")


def _families(results: Sequence[Result]) -> Iterator[Family]:
    stages = [stage for result in results for stage in _stages(result)]
    yield from _runs(results)
    for name, meaning, of in _DELIVERED:
        yield Family(name=name, meaning=meaning, lines=_known((one.labels, of(one.delivered)) for one in stages))
    for name, meaning, speed in _SPEEDS:
        yield Family(name=name, meaning=meaning, lines=_known((one.labels, speed(one.throughput)) for one in stages))
    helps = {entry.name: entry.help for entry in METRICS}
    for metric in dict.fromkeys(name for stage in stages for name in stage.metrics):
        name = metric_name(metric)
        meaning = helps.get(metric, metric).translate(_ESCAPES)
        yield Family(name=name, meaning=meaning, lines=_statistics(stages, metric))
        counts = [(one.labels, float(one.metrics[metric].n)) for one in stages if metric in one.metrics]
        yield Family(name=f"{name}_measured", meaning=f"How many values of {name} were measured", lines=counts)


def _runs(results: Sequence[Result]) -> Iterator[Family]:
    verdicts = [((*_labels(one, WHOLE), ("verdict", one.verdict)), 1.0) for one in results]
    yield Family(name="verdict", meaning="1 for the verdict of the run: VALID, LIMITED or INVALID", lines=verdicts)
    for name, meaning, of in _RUNS:
        yield Family(name=name, meaning=meaning, lines=_known((_labels(one, WHOLE), of(one)) for one in results))


def _stages(result: Result) -> Iterator[_Stage]:
    yield _Stage(labels=_labels(result, WHOLE), delivered=result.delivered, throughput=result.throughput,
                 metrics=result.metrics)  # fmt: skip
    seen: dict[str, int] = {}
    for part in result.parts:
        seen[part.name] = seen.get(part.name, 0) + 1  # two stages of one name must not be one series
        name = part.name if seen[part.name] == 1 and part.name != WHOLE else f"{part.name} ({seen[part.name]})"
        yield _Stage(labels=_labels(result, name), delivered=part.delivered, throughput=part.throughput,
                     metrics=part.metrics)  # fmt: skip


def _labels(result: Result, stage: str) -> Labels:
    return (("run", result.run), ("model", result.asked.target.model), ("stage", stage))


def _known(told: Iterable[tuple[Labels, float | None]]) -> list[Line]:
    return [(labels, float(value)) for labels, value in told if value is not None]


def _statistics(stages: Sequence[_Stage], metric: str) -> list[Line]:
    lines: list[Line] = []
    for one in stages:
        tail = one.metrics.get(metric)
        for name, of in STATISTICS.items():
            value = None if tail is None else math.inf if name in tail.endless else of(tail)
            if value is not None:
                lines.append(((*one.labels, ("statistic", name)), value))
    return lines


def _told(labels: Labels) -> str:
    return ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels)


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else repr(value)


def _unit_of(metric: str) -> str:
    units = {entry.name: entry.unit for entry in METRICS}
    return units.get(metric, "s" if metric.endswith("_s") else "")


_DELIVERED: Final[tuple[tuple[str, str, Callable[[Delivered], float | None]], ...]] = (
    ("requests", "Requests that were sent and count", lambda one: one.requests),
    ("ok_requests", "Requests that ended well", lambda one: one.ok),
    ("failed_requests", "Requests that failed", lambda one: one.failed),
    ("inflight_requests_peak", "Most requests in flight at one time", lambda one: one.peak_inflight),
    ("sent_per_second", "Requests sent a second", lambda one: one.rate_rps),
)
_SPEEDS: Final[tuple[tuple[str, str, Callable[[Throughput], float | None]], ...]] = (
    ("requests_per_second", "Requests that ended well a second", lambda one: one.requests_per_s),
    ("output_tokens_per_second", "Tokens of answers a second, of all users", lambda one: one.output_tokens_per_s),
    ("input_tokens_per_second", "Tokens of prompts a second, of all users", lambda one: one.input_tokens_per_s),
    ("user_tokens_per_second", "Tokens a second that one user sees, median", lambda one: one.user_tokens_per_s),
)
_RUNS: Final[tuple[tuple[str, str, Callable[[Result], float | None]], ...]] = (
    ("started_timestamp_seconds", "When the run began, seconds since 1970", lambda one: one.started_at),
    ("duration_seconds", "How long the run took", lambda one: one.ended_at - one.started_at),
    ("partial", "1 if the run was ended early", lambda one: float(one.partial)),
    ("goodput_ratio", "Share of the requests that kept every goal",
     lambda one: one.goodput.ratio if one.goodput else None),
    ("prompt_tokens", "Tokens of all prompts", lambda one: one.cache.prompt_tokens),
    ("cached_prompt_tokens", "Tokens of prompts that the server's cache held", lambda one: one.cache.cached_tokens),
    ("client_cpu_seconds", "Processor time of the load tester itself", lambda one: one.client.cpu_s),
    ("client_loop_lag_p99_seconds", "How late the load tester's loop ran", lambda one: one.client.loop_lag_p99_s),
    ("client_resident_bytes", "Memory of the load tester itself", lambda one: one.client.rss_bytes),
    ("server_cpu_seconds", "Processor time of the server", lambda one: one.use.server_cpu_s),
    ("energy_joules", "Energy that the machine took", lambda one: one.use.joules),
)  # fmt: skip
