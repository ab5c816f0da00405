"""A View as a report for people, and as facts for programs."""

from datetime import UTC, datetime

from ollascope.apis.models import Model
from ollascope.console.show import size_text
from ollascope.logs.form import printable
from ollascope.monitor.top import View, Window
from ollascope.reports.parts import Banner, Facts, Part, Report, Table, Text
from ollascope.reports.say import count, digits, maybe, seconds, share
from ollascope.reports.summary import figure_text
from ollascope.words.clock import utc_text
from ollascope.words.outcomes import ending_of, is_failed
from ollascope.words.record import Json, to_json
from ollascope.words.sample import Gpu, Sample

BAR = 20
UNMEASURED = "not measured"
MOST_ENDINGS = 6


def view_report(view: View) -> Report:
    """What fits a screen: models, requests, failures, machine."""
    parts: list[Part] = [Banner(tone="demo", title="DEMO")] if view.demo else []
    parts += [_models(view), _windows(view)]
    if view.endings:
        parts.append(_endings(view))
    parts.append(Facts(title="Machine", rows=_machine(view.sample)))
    time = datetime.fromtimestamp(view.at, UTC).strftime("%H:%M:%S")
    return Report(title="Ollascope", about=f"{time} UTC · {view.engine} {printable(view.backend)}", parts=parts)


def view_facts(view: View) -> dict[str, Json]:
    """The view for a program; what was not measured is null."""
    seen = view.seen
    return {
        "at": view.at,
        "at_text": utc_text(view.at),
        "engine": view.engine,
        "backend": view.backend,
        "models": None if seen.models is None else [to_json(model) for model in seen.models],
        "trouble": seen.trouble or None,
        "in_flight": seen.busy,
        "slots": seen.slots,
        "windows": [_window_facts(window) for window in view.windows],
        "outcomes": dict(view.endings),
        "faults": {outcome: number for outcome, number in view.endings.items() if is_failed(outcome)},
        "left_out": view.left_out,
        "demo": view.demo,
        "machine": to_json(view.sample),
    }


def _window_facts(window: Window) -> dict[str, Json]:
    return {
        "length_s": window.length_s,
        "requests": window.requests,
        "per_minute": window.per_minute,
        "failed": window.failed,
        "tokens_out": window.tokens_out,
        "ttft_s": to_json(window.ttft),
        "decode_tokens_per_s": to_json(window.rate),
    }


def _models(view: View) -> Part:
    seen = view.seen
    if seen.models is None:
        return Text(title="Models in memory", lines=[f"{UNMEASURED}: {printable(seen.trouble)}"])
    if not seen.models:
        return Text(title="Models in memory", lines=["none"])
    rows = [_model(model, view.at) for model in seen.models]
    headers = ("model", "size", "on the GPU", "context", "stays")
    return Table(title="Models in memory", headers=headers, rows=rows, right=(1, 2, 3))


def _model(model: Model, now: float) -> tuple[str, ...]:
    on_gpu = None if model.size_vram is None or not model.size else model.size_vram / model.size
    return (
        printable(model.name),
        maybe(_size, model.size),
        maybe(share, on_gpu),
        maybe(count, model.context_length),
        _stays(model.expires_at, now),
    )


def _stays(expires_at: str | None, now: float) -> str:
    try:
        left = datetime.fromisoformat(expires_at or "").timestamp() - now
    except ValueError:
        return UNMEASURED
    return "for ever" if left > 365 * 86_400 else seconds(max(0.0, round(left)))


def _windows(view: View) -> Table:
    rows = [
        ("requests", *(count(one.requests) for one in view.windows)),
        ("requests a minute", *(digits(one.per_minute) for one in view.windows)),
        ("failed", *(count(one.failed) for one in view.windows)),
        ("ttft p50", *(figure_text(seconds, one.ttft, "p50") for one in view.windows)),
        ("ttft p95", *(figure_text(seconds, one.ttft, "p95") for one in view.windows)),
        ("tokens/s p50", *(figure_text(digits, one.rate, "p50") for one in view.windows)),
        ("answer tokens", *(count(one.tokens_out) for one in view.windows)),
    ]
    note = f"in flight: {_flight(view)}"
    if view.left_out:
        note += f" · {view.left_out} of tests, probes and demos are not counted; --all counts them"
    headers = ("Requests", *(f"last {seconds_name(one.length_s)}" for one in view.windows))
    return Table(headers=headers, rows=rows, right=range(1, len(headers)), note=note)


def seconds_name(length_s: float) -> str:
    """A window's length as its name: 5 min."""
    return f"{length_s / 60:g} min"


def _flight(view: View) -> str:
    if view.seen.busy is None:
        return UNMEASURED
    return f"{view.seen.busy} of {view.seen.slots} slots" if view.seen.slots is not None else str(view.seen.busy)


def _endings(view: View) -> Table:
    rows = [(printable(outcome), count(number), ending_of(outcome))
            for outcome, number in list(view.endings.items())[:MOST_ENDINGS]]  # fmt: skip
    title = f"Not ok in the last {seconds_name(view.windows[-1].length_s)}"
    return Table(title=title, headers=("outcome", "number", "counts as"), rows=rows, right=(1,))


def _machine(sample: Sample) -> list[tuple[str, str]]:
    free, total = sample.memory_available_bytes, sample.memory_total_bytes
    used = None if free is None or not total else 1 - free / total
    rows = [("CPU", _gauge(sample.cpu_ratio)), ("memory", _gauge(used, _of(total, free)))]
    if sample.swap_total_bytes:
        rows.append(("swap", _gauge((sample.swap_used_bytes or 0) / sample.swap_total_bytes)))
    rows.append(("disk free", maybe(_size, sample.disk_free_bytes)))
    for gpu in sample.gpus:
        rows += _gpu(gpu)
    for process in sample.processes[:6]:
        name = printable(process.name or process.role)
        rows.append((f"{name} ({process.pid})", maybe(_size, process.rss_bytes)))
    return rows


def _gpu(gpu: Gpu) -> list[tuple[str, str]]:
    heat = "" if gpu.temperature_celsius is None else f"{gpu.temperature_celsius:.0f} °C"
    power = "" if gpu.power_watts is None else f"{gpu.power_watts:.0f} W"
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    filled = None if used is None or not total else used / total
    name = f"GPU {gpu.index}"
    beside = "  ".join(text for text in (printable(gpu.name or ""), power, heat) if text)
    return [
        (name, _gauge(gpu.used_ratio, beside)),
        (f"{name} memory", _gauge(filled, _of(total, (total or 0) - (used or 0)))),
    ]


def _gauge(ratio: float | None, beside: str = "") -> str:
    if ratio is None:
        return UNMEASURED
    full = round(min(max(ratio, 0.0), 1.0) * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {ratio:4.0%}  {beside}".rstrip()


def _of(total: int | None, free: int | None) -> str:
    return "" if total is None or free is None else f"{size_text(total - free)} of {size_text(total)}"


def _size(size: float) -> str:
    return size_text(round(size))
