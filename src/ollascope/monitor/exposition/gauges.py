"""What the monitor knows at this moment, as gauges: the machine, backends, probes, objectives, anomalies, itself."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ollascope import __version__
from ollascope.apis.models import Model
from ollascope.monitor.board import Server
from ollascope.monitor.exposition.families import PREFIX, Definition, Kind, Origin
from ollascope.monitor.exposition.labels import LONGEST, MODELS, OTHER
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.sample import Gpu, Sample

STALE_S = 300.0  # a reading of the machine that is older says nothing of this moment
MOST_CONDITIONS = 500
ANOMALIES = frozenset(kind for kind in AlertKind if kind.value.endswith("-anomaly"))

Labels = tuple[str, ...]
Value = float | None
Row = tuple[Labels, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the monitor knows at one moment; what it does not know is left out of the page."""

    at: float
    sample: Sample | None = None
    server: Server | None = None
    conditions: Sequence[Condition] = ()
    scores: Mapping[tuple[str, str, str], tuple[float, bool]] = field(default_factory=dict)  # of anomalies, as below
    budgets: Mapping[str, float] = field(default_factory=dict)  # by objective: the share of its error budget left
    burn_rates: Mapping[tuple[str, str], float] = field(default_factory=dict)  # by objective and window
    dropped: int | None = None  # records that found no place or could not be written

    @property
    def fresh(self) -> Sample | None:
        """The reading of the machine, unless it is old."""
        return self.sample if self.sample is not None and self.at - self.sample.at <= STALE_S else None

    @property
    def seen(self) -> Server | None:
        """The model server, unless nobody has looked for long."""
        return self.server if self.server is not None and self.at - self.server.at <= STALE_S else None

    @property
    def loaded(self) -> tuple[Model, ...]:
        """The models in memory; not more than there may be labels."""
        return ((self.seen.models if self.seen else None) or ())[:MODELS]

    def of_kind(self, kinds: Iterable[AlertKind]) -> list[Condition]:
        """The conditions of some kinds of which something can be told."""
        wanted = frozenset(kinds)
        found = [condition for condition in self.conditions if condition.kind in wanted]
        return [condition for condition in found if condition.active is not None][:MOST_CONDITIONS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One metric and how it is read off a moment."""

    definition: Definition
    rows: Callable[[Moment], Iterable[Row]]
    worst: Callable[[float, float], float] = max  # of two values for the same labels


def _reading(
    name: str, meaning: str, rows: Callable[[Moment], Iterable[Row]], labels: Labels = (), origin: Origin = "monitor"
) -> Reading:
    kind: Kind = "counter" if name.endswith("_total") else "gauge"
    definition = Definition(name=PREFIX + name, kind=kind, help=meaning, labels=labels, origin=origin)
    return Reading(definition=definition, rows=rows)


def _host(name: str, meaning: str, of: Callable[[Sample], Value]) -> Reading:
    def rows(moment: Moment) -> Iterable[Row]:
        return [] if moment.fresh is None else [((), of(moment.fresh))]

    return _reading(name, meaning, rows, origin="Sample")


def _gpu(name: str, meaning: str, of: Callable[[Gpu], Value]) -> Reading:
    def rows(moment: Moment) -> Iterable[Row]:
        return [] if moment.fresh is None else [((str(gpu.index),), of(gpu)) for gpu in moment.fresh.gpus]

    return _reading(name, meaning, rows, ("gpu",), "Sample")


def _of_conditions(
    name: str, meaning: str, labels: Labels, kinds: Iterable[AlertKind], of: Callable[[Condition], Value]
) -> Reading:
    """One row a condition, its labels by name; where two have the same labels, the worse value is shown."""
    wanted = frozenset(kinds)

    def rows(moment: Moment) -> Iterable[Row]:
        return [(tuple(_word(one, label) for label in labels), of(one)) for one in moment.of_kind(wanted)]

    reading = _reading(name, meaning, rows, labels, "conditions")
    return replace(reading, worst=min) if of is _no else reading


def _word(condition: Condition, label: str) -> str:
    own = {"name": condition.name, "kind": condition.kind.value, "severity": condition.severity}
    usual = {"signal": condition.kind.value, "probe": condition.name}
    word = own.get(label) or condition.labels.get(label) or usual.get(label, "")
    return _short(word)


def _short(word: str) -> str:
    return word if len(word) <= LONGEST else OTHER


def _loaded(name: str, meaning: str, of: Callable[[Model], Value]) -> Reading:
    """One row a model in memory."""

    def rows(moment: Moment) -> Iterable[Row]:
        backend = moment.seen.backend if moment.seen else ""
        return [((backend, _short(model.name)), of(model)) for model in moment.loaded]

    return _reading(name, meaning, rows, ("backend", "model"), "server")


def _backends(moment: Moment) -> Iterable[Row]:
    """The server that is looked at, and those that known questions were asked of."""
    looked = [((moment.seen.backend,), float(moment.seen.answers))] if moment.seen else []
    asked = moment.of_kind((AlertKind.BACKEND_DOWN,))
    return [*looked, *(((_word(one, "backend"),), _no(one)) for one in asked)]


def _backend_info(moment: Moment) -> Iterable[Row]:
    seen = moment.seen
    return [] if seen is None or not seen.answers else [((seen.backend, seen.kind, seen.version), 1)]


def _expires(model: Model) -> Value:
    try:
        return datetime.fromisoformat(model.expires_at or "").timestamp()
    except ValueError:
        return None


def _processes(moment: Moment) -> Iterable[Row]:
    """The memory of each role, its processes together."""
    held: dict[str, int] = {}
    for process in moment.fresh.processes if moment.fresh else ():
        if process.rss_bytes is not None:
            held[process.role] = held.get(process.role, 0) + process.rss_bytes
    return [((role,), value) for role, value in held.items()]


def _energy(moment: Moment) -> Iterable[Row]:
    if moment.fresh is None:
        return []
    cards = [((f"gpu{gpu.index}",), gpu.energy_joules) for gpu in moment.fresh.gpus]
    return [(("cpu",), moment.fresh.energy_joules), *cards]


def _anomalies(moment: Moment) -> Iterable[Row]:
    """Every signal that is judged, and what the conditions say of it."""
    judged = [(place, float(active)) for place, (_, active) in moment.scores.items()]
    labels = ("signal", "model", "backend")
    told = [(tuple(_word(one, label) for label in labels), float(bool(one.active)))
            for one in moment.of_kind(ANOMALIES)]  # fmt: skip
    return [*judged[:MOST_CONDITIONS], *told]


def _no(condition: Condition) -> Value:
    return float(not condition.active)


READINGS: tuple[Reading, ...] = (
    _host("host_cpu_utilization_ratio", "Use of the processor, of what this machine or container may use",
          lambda one: one.cpu_ratio),
    _host("host_cpu_pressure_ratio", "Share of time in which something waited for the processor",
          lambda one: one.cpu_pressure_ratio),
    _host("host_cpu_temperature_celsius", "Temperature of the processor", lambda one: one.cpu_temperature_celsius),
    _host("host_load_1min", "Processes that ran or waited to, over a minute", lambda one: one.load_1min),
    _host("host_memory_available_bytes", "Memory that programs can still get", lambda one: one.memory_available_bytes),
    _host("host_memory_total_bytes", "Memory of this machine or container", lambda one: one.memory_total_bytes),
    _host("host_memory_pressure_ratio", "Share of time in which something waited for memory",
          lambda one: one.memory_pressure_ratio),
    _host("host_swap_used_bytes", "Memory that lies on the disk", lambda one: one.swap_used_bytes),
    _host("host_disk_free_bytes", "Room on the disk of the data folder", lambda one: one.disk_free_bytes),
    _host("host_disk_total_bytes", "Size of the disk of the data folder", lambda one: one.disk_total_bytes),
    _host("host_disk_read_bytes_total", "Bytes read from disks", lambda one: one.disk_read_bytes),
    _host("host_disk_written_bytes_total", "Bytes written to disks", lambda one: one.disk_written_bytes),
    _host("host_network_received_bytes_total", "Bytes received", lambda one: one.network_received_bytes),
    _host("host_network_sent_bytes_total", "Bytes sent", lambda one: one.network_sent_bytes),
    _host("host_sample_timestamp_seconds", "When the machine was last read", lambda one: one.at),
    _reading("process_resident_memory_bytes", "Memory of the processes of model servers, by role", _processes,
             ("role",), "Sample"),
    _gpu("gpu_utilization_ratio", "Use of a graphics processor", lambda gpu: gpu.used_ratio),
    _gpu("gpu_memory_used_bytes", "Memory in use on a graphics processor", lambda gpu: gpu.memory_used_bytes),
    _gpu("gpu_memory_total_bytes", "Memory of a graphics processor", lambda gpu: gpu.memory_total_bytes),
    _gpu("gpu_power_watts", "Power that a graphics processor draws", lambda gpu: gpu.power_watts),
    _gpu("gpu_temperature_celsius", "Temperature of a graphics processor", lambda gpu: gpu.temperature_celsius),
    _reading("energy_joules_total", "Energy used, where it can be read", _energy, ("source",), "Sample"),
    replace(_reading("backend_up", "Whether a backend answers", _backends, ("backend",), "server"), worst=min),
    _reading("backend_info", "Which server a backend is", _backend_info, ("backend", "kind", "version"), "server"),
    _loaded("model_loaded", "Models in memory", lambda _: 1),
    _loaded("model_size_bytes", "Memory that a model takes in all", lambda model: model.size),
    _loaded("model_vram_bytes", "Memory that a model takes on graphics processors",
            lambda model: model.size_vram),
    _loaded("model_context_tokens", "Context that a model was loaded with", lambda model: model.context_length),
    _loaded("model_expiry_timestamp_seconds", "When a model leaves memory if nobody asks it", _expires),
    _of_conditions("probe_success", "Whether a known question was answered", ("probe", "model", "backend"),
                   (AlertKind.PROBE_FAILED,), _no),
    _of_conditions("probe_output_match", "Whether a known answer is still the same", ("probe", "model", "backend"),
                   (AlertKind.ANSWER_CHANGED,), _no),
    _reading("anomaly_score", "How far a signal is from what is usual, in its own spreads",
             lambda moment: [(place, score) for place, (score, _) in moment.scores.items()],
             ("signal", "model", "backend"), "conditions"),
    _reading("anomaly_active", "Whether a signal is out of order", _anomalies, ("signal", "model", "backend"),
             "conditions"),
    _of_conditions("condition_active", "Whether something that the monitor judges is wrong",
                   ("name", "kind", "severity", "slo", "model", "backend"), AlertKind,
                   lambda one: float(bool(one.active))),
    _reading("slo_error_budget_remaining_ratio", "Share of an objective's error budget that is left",
             lambda moment: [((slo,), left) for slo, left in moment.budgets.items()], ("slo",), "objectives"),
    _reading("slo_burn_rate", "How many times too fast an objective's error budget goes",
             lambda moment: moment.burn_rates.items(), ("slo", "window"), "objectives"),
    _reading("monitor_dropped_records_total", "Records that could not be kept",
             lambda moment: [((), moment.dropped)]),
    _reading("build_info", "Which Ollascope this is",
             lambda _: [((__version__, platform.python_version()), 1)], ("version", "python")),
)  # fmt: skip
