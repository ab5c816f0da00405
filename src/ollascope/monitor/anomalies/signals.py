"""What is judged: each signal with its scale, how much of a change matters, and its words."""

from dataclasses import dataclass

from ollascope.words.alerts import AlertKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One kind of figure; on the log scale a change is a factor, on the plain one a difference."""

    name: str
    kind: AlertKind
    says: str
    unit: str
    log: bool
    margin: float  # the least change that matters, on its scale
    bad: int  # 1: more is worse, -1: less is worse
    both: bool = True  # whether a change for the better is told too
    hint: str = ""


SIGNALS: tuple[Signal, ...] = (
    Signal(name="ttft", kind=AlertKind.LATENCY_ANOMALY, says="time to first token, without queue and load", unit="s",
           log=True, margin=0.4055, bad=1,
           hint="look at what else uses the machine, at how many requests run at once, and at `ollascope top`"),
    Signal(name="gap", kind=AlertKind.GAP_ANOMALY, says="long pauses between tokens", unit="s",
           log=True, margin=0.4055, bad=1,
           hint="look at what else uses the machine and at how many requests run at once"),
    Signal(name="rate", kind=AlertKind.RATE_ANOMALY, says="tokens per second", unit="tokens/s",
           log=True, margin=0.3365, bad=-1,
           hint="look at temperature and clock of the processor, and whether the model still fits the GPU"),
    Signal(name="cpu_ratio", kind=AlertKind.MACHINE_ANOMALY, says="CPU in use", unit="%",
           log=False, margin=0.3, bad=1, both=False, hint="`ollascope top` and `top` show what uses it"),
    Signal(name="memory_ratio", kind=AlertKind.MACHINE_ANOMALY, says="memory in use", unit="%",
           log=False, margin=0.15, bad=1, both=False, hint="look for a process that grows, or a second model loaded"),
    Signal(name="swap_ratio", kind=AlertKind.MACHINE_ANOMALY, says="swap in use", unit="%",
           log=False, margin=0.15, bad=1, both=False, hint="a model that swaps is slow: load a smaller one"),
    Signal(name="cpu_temperature_celsius", kind=AlertKind.MACHINE_ANOMALY, says="temperature of the CPU", unit="°C",
           log=False, margin=12.0, bad=1, both=False, hint="look at fans, dust and the room"),
    Signal(name="gpu_memory_ratio", kind=AlertKind.MACHINE_ANOMALY, says="GPU memory in use", unit="%",
           log=False, margin=0.15, bad=1, both=False, hint="see with `ollama ps` which models are loaded"),
    Signal(name="gpu_temperature_celsius", kind=AlertKind.MACHINE_ANOMALY, says="temperature of the GPU", unit="°C",
           log=False, margin=12.0, bad=1, both=False, hint="look at fans, dust and the room"),
)  # fmt: skip

ERRORS = Signal(name="errors", kind=AlertKind.ERROR_ANOMALY, says="failed requests", unit="%", log=False, margin=0.05,
                bad=1, both=False, hint="`ollascope ledger calls` shows what they failed of")  # fmt: skip

_BY_NAME = {signal.name: signal for signal in (*SIGNALS, ERRORS)}


def signal_of(name: str) -> Signal | None:
    """The signal of that name; that of a numbered GPU is the one of all."""
    if name.startswith("gpu") and "_" in name:
        name = "gpu_" + name.partition("_")[2]
    return _BY_NAME.get(name)
