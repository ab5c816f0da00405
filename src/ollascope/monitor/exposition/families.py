"""What is counted of Calls: each family's name, labels and buckets, and what one Call adds to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ollascope.words.call import Call, Gaps
from ollascope.words.errors import Cancelled
from ollascope.words.metrics import metric

Kind = Literal["counter", "gauge", "histogram"]
Origin = Literal["Calls", "Sample", "server", "conditions", "objectives", "monitor"]

PREFIX = "ollascope_"
GATEWAY = "gateway"  # the source of Calls that came through our door
PROBE = "probe"
MEASURING = frozenset({"bench", PROBE})  # they say how a test went, not how users fare

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
PAUSES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0)
PHASES = (0.001, 0.0025, 0.005, *SECONDS)
OVERHEADS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One metric as Prometheus knows it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    origin: Origin = "Calls"
    bounds: tuple[float, ...] = ()

    @property
    def places(self) -> int:
        """How many numbers one label set has: a histogram's buckets, what is beyond the last, and the sum."""
        return len(self.bounds) + 2 if self.kind == "histogram" else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a Call adds to a family: `of` gives the amount or value, None adds nothing; `many` gives pauses."""

    definition: Definition
    of: Callable[[Call], float | None]
    many: Callable[[Call], Gaps] | None = None
    phase: str = ""


def _counter(name: str, meaning: str, labels: tuple[str, ...], of: Callable[[Call], float | None]) -> Measure:
    return Measure(definition=Definition(name=PREFIX + name, kind="counter", help=meaning, labels=labels), of=of)


def _histogram(name: str, figure: str, labels: tuple[str, ...], bounds: tuple[float, ...], phase: str = "") -> Measure:
    """The spread of one of the figures that `words/metrics.py` defines."""
    known = metric(figure)
    meaning = "Time of one phase of a request" if phase else known.help
    definition = Definition(name=PREFIX + name, kind="histogram", help=meaning, labels=labels, bounds=bounds)
    return Measure(definition=definition, of=known.of, many=known.many, phase=phase)


def _of_door(door: str, more: tuple[str, ...] = ()) -> Iterator[Measure]:
    """The families of one door; `more` labels come first."""
    place, who = (*more, "model", "backend"), f"{door}_"
    yield _counter(who + "requests_total", "Requests by how they ended",
                   (*more, "api", "operation", "model", "backend", "outcome"), lambda _: 1)  # fmt: skip
    yield _histogram(who + "request_duration_seconds", "total_s",
                     (*more, "operation", "model", "backend", "stream"), SECONDS)  # fmt: skip
    yield _histogram(who + "time_to_first_token_seconds", "ttft_s", place, SECONDS)
    yield _histogram(who + "inter_token_latency_seconds", "gap_s", place, PAUSES)
    yield _histogram(who + "time_per_output_token_seconds", "tpot_s", place, PAUSES)
    yield _histogram(who + "queue_wait_seconds", "queue_s", (*more, "model"), PHASES)
    for phase in ("connect", "load", "prefill", "relay"):
        yield _histogram(who + "phase_duration_seconds", f"{phase}_s", (*more, "phase", "model"), PHASES, phase)
    yield _counter(who + "input_tokens_total", "Tokens of prompts, those from a cache included", place,
                   lambda call: call.tokens_in)  # fmt: skip
    yield _counter(who + "cached_input_tokens_total", "Tokens of prompts that a cache held", place,
                   lambda call: call.tokens_cached)  # fmt: skip
    yield _counter(who + "output_tokens_total", "Tokens of answers", place, lambda call: call.tokens_out)
    yield _counter(who + "reasoning_output_tokens_total", "Tokens of thinking within answers", place,
                   lambda call: call.tokens_thinking)  # fmt: skip
    yield _counter(who + "usage_missing_total", "Good answers that did not say how many tokens they took", place,
                   lambda call: 1 if call.outcome == "ok" and call.tokens_in is None else None)  # fmt: skip


OF_GATEWAY = (
    *_of_door("gateway"),
    _histogram("gateway_overhead_seconds", "relay_s", ("model",), OVERHEADS),
    _counter("gateway_retries_total", "Further attempts at a backend", ("backend",), lambda call: call.retries),
    _counter("gateway_upstream_cancellations_total", "Requests given up by who had asked, by how far they were",
             ("phase",), lambda call: 1 if call.outcome == Cancelled.code else None),
    _counter("gateway_experiment_requests_total", "Requests of each arm of an experiment", ("arm", "outcome"),
             lambda call: None if call.arm is None else 1),
)  # fmt: skip

OF_DIRECT = tuple(_of_door("direct", ("source",)))

OF_PROBE = (
    _counter("probe_requests_total", "Known questions by how they ended", ("model", "backend", "outcome"),
             lambda _: 1),
    _histogram("probe_time_to_first_token_seconds", "ttft_s", ("model", "backend"), SECONDS),
)  # fmt: skip

_PLACE = ("backend", "model")
OF_BACKEND = (
    _counter("backend_load_seconds_total", "Seconds that the engine says it spent loading", _PLACE,
             lambda call: call.load_s),
    _counter("backend_prompt_eval_seconds_total", "Seconds that the engine says it spent reading prompts", _PLACE,
             lambda call: call.prefill_s),
    _counter("backend_eval_seconds_total", "Seconds that the engine says it spent answering", _PLACE,
             lambda call: call.decode_s),
    _counter("model_loads_total", "Loads of a model, by cause", (*_PLACE, "cause"),
             lambda call: None if call.load_cause is None else 1),
)  # fmt: skip


@lru_cache(maxsize=256)
def measures_of(source: str, nested: bool) -> tuple[Measure, ...]:
    """What a Call of this source adds to; one within another is the same work of the backend once more."""
    if source == GATEWAY:
        door = OF_GATEWAY
    elif source in MEASURING:
        door = OF_PROBE if source == PROBE else ()
    else:
        door = () if nested else OF_DIRECT
    return door if nested else (*door, *OF_BACKEND)


FAMILIES: tuple[Definition, ...] = tuple(
    dict.fromkeys(measure.definition for measure in (*OF_GATEWAY, *OF_DIRECT, *OF_PROBE, *OF_BACKEND))
)
