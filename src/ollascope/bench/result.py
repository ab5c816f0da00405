"""What came of one run: every figure, the verdict, and the series that charts are drawn from. Its JSON is version 1."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ollascope.bench.asked import Asked
from ollascope.words.record import Json
from ollascope.words.summary import Interval

Judgement = Literal["VALID", "LIMITED", "INVALID"]
Weight = Literal["invalid", "limited", "note"]  # what one reason makes of the verdict

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that speaks against a run, or that its reader must know."""

    code: str  # stable, kebab-case: client-too-slow, too-few-requests, not-steady …
    weight: Weight
    text: str  # a sentence with the figures, English
    hint: str | None = None  # what to do about it
    figures: Mapping[str, Json] = field(default_factory=dict)  # what `text` is filled with, for other languages
    template: str | None = None  # the sentence with {names}, as the catalogue of words knows it
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """One metric over a window; failed requests count as infinitely slow, so a percentile may be endless."""

    n: int  # requests or gaps measured
    failed: int = 0  # requests counted as endless beside them
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None
    endless: tuple[str, ...] = ()  # which of them are infinite: their field is None
    exact: bool = True  # False: from a sketch, within 1 %
    ci95: Mapping[str, Interval] = field(default_factory=dict)
    more: Mapping[str, int] = field(default_factory=dict)  # how many more requests a percentile that is missing needs
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What was really sent, and what became of it."""

    requests: int
    ok: int
    failed: int
    peak_inflight: int
    rate_rps: float | None = None  # requests sent a second, over the window
    outcomes: Mapping[str, int] = field(default_factory=dict)
    cancelled: int = 0  # given up by us at the end of the run: neither ok nor failed
    warm_up: int = 0  # sent, but not counted
    cool_down: int = 0
    retries: int = 0
    mean_inflight: float | None = None
    late_p99_s: float | None = None  # how much after its due time a request was sent, where our side was to blame
    arrival_cv: float | None = None  # of the gaps between requests as sent
    arrival_p: float | None = None  # of the test against the arrival process that was asked for
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Finished in the window, by its length."""

    requests_per_s: float | None = None
    output_tokens_per_s: float | None = None
    input_tokens_per_s: float | None = None
    user_tokens_per_s: float | None = None  # the median of what one user sees, after the first token
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodput:
    """Requests that kept every goal; what lacks a figure is undetermined, not good."""

    good: int
    bad: int
    undetermined: int
    ratio: float | None = None  # good of all that are determined
    ci95: Interval | None = None
    per_s: float | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Tokens of prompts, and how many of them the server says that its cache held; None: it does not say."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What measuring cost, and how well the client kept up."""

    cpu_s: float | None = None  # of workers and coordinator, from go to end
    cpu_per_token_us: float | None = None
    cpu_share: float | None = None  # of one core, the busiest worker
    loop_lag_p99_s: float | None = None
    loop_lag_worst_s: float | None = None
    rss_bytes: int | None = None  # the workers' peaks together
    coordinator_rss_bytes: int | None = None
    workers: int = 1
    wall_step_s: float = 0.0
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which stretch of the run the figures are of, in seconds from its start."""

    since_s: float
    until_s: float
    steady_since_s: float | None = None  # where MSER-5 sees the steady state begin; None: it was not reached
    cut_by: str = "asked"  # asked, ended, interrupted, errors …
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The figures of one stage of a run with several."""

    name: str
    users: int | None = None
    rate: float | None = None
    window: Window
    delivered: Delivered
    metrics: Mapping[str, Tail] = field(default_factory=dict)
    throughput: Throughput = field(default_factory=Throughput)
    goodput: Goodput | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One short stretch of the run, for charts over time."""

    at_s: float  # its middle
    sent: int = 0
    ok: int = 0
    failed: int = 0
    in_flight: float | None = None
    tokens_per_s: float | None = None
    ttft_p50_s: float | None = None
    ttft_p95_s: float | None = None
    total_p50_s: float | None = None
    total_p95_s: float | None = None
    gaps: tuple[tuple[int, int], ...] = ()  # coarse (bucket, count) pairs: bucket b holds gaps from 10**(b/5) ms on
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The machine at one instant of the run."""

    at_s: float
    cpu_ratio: float | None = None
    server_cpu_ratio: float | None = None  # of one core
    client_cpu_ratio: float | None = None
    server_rss_bytes: int | None = None
    client_rss_bytes: int | None = None
    memory_available_bytes: int | None = None
    swap_used_bytes: int | None = None
    steal_ratio: float | None = None
    cpu_hertz: float | None = None
    cpu_temperature_celsius: float | None = None
    watts: float | None = None
    gpu_ratio: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_watts: float | None = None
    others_cpu_ratio: float | None = None  # of the machine: neither server nor client
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What the run took of the machine; None where it could not be read."""

    server_cpu_s: float | None = None
    server_rss_peak_bytes: int | None = None
    cpu_ratio_mean: float | None = None
    steal_ratio_max: float | None = None
    swap_grown_bytes: int | None = None
    cpu_hertz_min: float | None = None
    cpu_hertz_max: float | None = None
    joules: float | None = None
    joules_per_token: float | None = None
    gpu_joules: float | None = None
    others_cpu_ratio_max: float | None = None
    throttled: bool | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Who answered, as it told of itself before and after."""

    engine: str | None = None
    version: str | None = None
    model: str | None = None
    same_host: bool = False
    pids: tuple[int, ...] = ()
    restarted: bool | None = None
    changed: tuple[str, ...] = ()  # sentences: what was another thing afterwards
    loads: int | None = None  # times the model was loaded during the window, where it is told
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one run."""

    run: str
    asked: Asked
    started_at: float
    ended_at: float
    verdict: Judgement
    delivered: Delivered
    window: Window
    reasons: tuple[Reason, ...] = ()
    metrics: Mapping[str, Tail] = field(default_factory=dict)  # every name of words/metrics.py that was measured
    throughput: Throughput = field(default_factory=Throughput)
    goodput: Goodput | None = None
    cache: Cache = field(default_factory=Cache)
    client: Client = field(default_factory=Client)
    server: Server = field(default_factory=Server)
    use: Use = field(default_factory=Use)
    parts: tuple[Part, ...] = ()  # the stages, where there are several
    slices: tuple[Slice, ...] = ()
    cdf: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # 0, 0.5, 1 … 100 %; endless values left out
    readings: tuple[Reading, ...] = ()
    prompts: tuple[tuple[str, str], ...] = ()  # what was asked, as names and texts
    notes: tuple[str, ...] = ()  # sentences: what happened on the way, as files that could not be written
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Json] = field(default_factory=dict)
    partial: bool = False  # it was interrupted, or its processes died
    demo: bool = False
    schema: int = SCHEMA
    extra: Mapping[str, Json] = field(default_factory=dict)
