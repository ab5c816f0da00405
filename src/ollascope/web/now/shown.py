"""The scene of this moment as texts, rows and lines for the template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from ollascope.apis.models import Model
from ollascope.checks.finding import SEVERITY, Finding
from ollascope.monitor.objectives import Budget
from ollascope.monitor.top import View, Window
from ollascope.reports.charts.line import spark
from ollascope.reports.say import SAY, count, digits, per_second, seconds, share
from ollascope.web.language import word
from ollascope.web.now.state import Scene
from ollascope.web.now.trends import Trends
from ollascope.words.sample import Gpu, Sample

GIB = 2.0**30
FOR_EVER_S = 365 * 86_400
MOST_ALERTS, MOST_PROCESSES = 8, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One figure with its name, what stands under it, and its line."""

    label: str
    value: str | None
    note: str = ""
    spark: Markup | str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How full something is."""

    label: str
    share: float | None
    text: str | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model in memory."""

    name: str
    size: str | None
    split: str | None
    context: str | None
    until: float | None  # None: not known
    stays: bool = False  # for ever


def shown(found: Mapping[str, object]) -> Mapping[str, object]:
    """What the template shows of a look; what is not known yet is None."""
    scene = found["scene"]
    assert isinstance(scene, Scene)
    view = scene.view
    findings = None if scene.findings is None else sorted(scene.findings, key=_rank)
    return {
        "scene": scene,
        "view": view,
        "stats": [] if view is None or scene.trends is None else stats_of(view, scene.trends),
        "models": None
        if view is None or view.seen.models is None
        else [loaded(each, view.at) for each in view.seen.models],
        "gauges": [] if view is None else gauges_of(view.sample),
        "processes": [] if view is None else _processes(view.sample),
        "findings": findings,
        "worst": findings[0].state if findings else None,
        "budgets": [_budget(each) for each in scene.promises.budgets] if scene.promises else [],
        "most_alerts": MOST_ALERTS,
        "endings": {} if view is None else view.endings,
    }


def stats_of(view: View, trends: Trends) -> list[Stat]:
    """The figures on top, each with its last quarter of an hour."""
    last, some, all_ = view.windows
    failed = share(all_.failed / all_.requests) if all_.requests else None
    return [
        Stat(label=word("requests"), value=per_second(last.requests / last.length_s),
             note=_in(all_, count(all_.requests)), spark=_line(trends.requests, word("requests"))),
        Stat(label=word("tokens out"), value=f"{digits(last.tokens_out / last.length_s)} tokens/s",
             note=_in(all_, count(all_.tokens_out)), spark=_line(trends.tokens, word("tokens out"))),
        Stat(label=word("TTFT p50"), value=_time(some.ttft.p50), note=_over(some),
             spark=_line(trends.ttft_s, word("TTFT p50"))),
        Stat(label=word("TTFT p95"), value=_time(some.ttft.p95), note=_over(some)),
        Stat(label=word("speed p50"), value=None if some.rate.p50 is None else SAY["tokens/s"](some.rate.p50),
             note=_over(some)),
        Stat(label=word("failed"), value=failed, note=_in(all_, count(all_.failed)),
             tone="problem" if all_.failed else "", spark=_line(trends.failed, word("failed")) if all_.failed else ""),
        Stat(label=word("in flight"), value=None if view.seen.busy is None else count(view.seen.busy),
             note=word("of {count} slots", count=view.seen.slots) if view.seen.slots else ""),
    ]  # fmt: skip


def gauges_of(sample: Sample) -> list[Gauge]:
    """How full the machine is."""
    free, total = sample.memory_available_bytes, sample.memory_total_bytes
    disk, space = sample.disk_free_bytes, sample.disk_total_bytes
    load = "" if sample.load_1min is None else word("load {value}", value=f"{sample.load_1min:.1f}")
    found = [
        Gauge(label="CPU", share=sample.cpu_ratio, text=_percent(sample.cpu_ratio), note=load),
        _filled(word("memory"), _taken(free, total), total),
    ]
    if sample.swap_total_bytes:
        found.append(_filled(word("swap"), sample.swap_used_bytes, sample.swap_total_bytes))
    found.append(_filled(word("disk"), _taken(disk, space), space))
    for gpu in sample.gpus:
        found += _gpu(gpu)
    return found


def loaded(model: Model, now: float) -> Loaded:
    """A model in memory: how much of it where, and how long it stays."""
    on_gpu = None if model.size_vram is None or not model.size else min(1.0, model.size_vram / model.size)
    until = _instant(model.expires_at)
    return Loaded(
        name=model.name,
        size=None if model.size is None else _gib(model.size),
        split=None if on_gpu is None else _split(on_gpu).replace(" % ", "\N{NO-BREAK SPACE}%\N{NO-BREAK SPACE}"),
        context=None if model.context_length is None else count(model.context_length),
        until=until,
        stays=until is not None and until - now > FOR_EVER_S,
    )


def _split(on_gpu: float) -> str:
    if on_gpu in {0.0, 1.0}:
        return word("100 % GPU") if on_gpu else word("100 % CPU")
    return word("{gpu} GPU, {cpu} CPU", gpu=share(on_gpu), cpu=share(1 - on_gpu))


def _gpu(gpu: Gpu) -> list[Gauge]:
    heat = "" if gpu.temperature_celsius is None else f"{gpu.temperature_celsius:.0f} °C"
    power = "" if gpu.power_watts is None else f"{gpu.power_watts:.0f} W"
    name = f"GPU {gpu.index}"
    beside = " · ".join(text for text in (power, heat) if text)
    memory = _filled(word("{name} memory", name=name), gpu.memory_used_bytes, gpu.memory_total_bytes)
    return [Gauge(label=name, share=gpu.used_ratio, text=_percent(gpu.used_ratio), note=beside), memory]


def _filled(label: str, used: int | None, total: int | None) -> Gauge:
    if used is None or not total:
        return Gauge(label=label, share=None, text=None)
    return Gauge(label=label, share=used / total, text=_percent(used / total),
                 note=word("{part} of {whole}", part=_gib(used), whole=_gib(total)))  # fmt: skip


def _processes(sample: Sample) -> list[tuple[str, str | None]]:
    own = sorted(sample.processes, key=lambda each: -(each.rss_bytes or 0))[:MOST_PROCESSES]
    return [(f"{each.name or each.role} ({each.pid})", None if each.rss_bytes is None else _gib(each.rss_bytes))
            for each in own]  # fmt: skip


def _budget(budget: Budget) -> dict[str, object]:
    left = budget.remaining
    fastest = max((rate for rate in budget.burn.values() if rate is not None), default=None)
    tone = "soft" if left is None else "problem" if left <= 0 else "warning" if left < 0.25 else "ok"
    return {
        "slo": budget.slo,
        "left": None if left is None else share(left),
        "requests": count(budget.requests),
        "broken": count(budget.broken),
        "burn": None if fastest is None else f"{digits(fastest)} ×",
        "tone": tone,
    }  # fmt: skip


def _rank(finding: Finding) -> int:
    return -SEVERITY.index(finding.state)


def _line(values: Sequence[float | None], name: str) -> Markup:
    drawn = spark(values, label=word("{name}, the last 15 minutes", name=name))
    return Markup(drawn.replace("<svg ", '<svg preserveAspectRatio="none" ', 1))  # noqa: S704 - our own drawing, escaped there


def _in(window: Window, text: str) -> str:
    return word("{count} in {minutes} min", count=text, minutes=f"{window.length_s / 60:g}")


def _over(window: Window) -> str:
    return word("over {minutes} min", minutes=f"{window.length_s / 60:g}")


def _time(value: float | None) -> str | None:
    return None if value is None else seconds(value)


def _percent(ratio: float | None) -> str | None:
    return None if ratio is None else f"{ratio * 100:.0f} %"


def _taken(free: int | None, total: int | None) -> int | None:
    return None if free is None or total is None else total - free


def _gib(size: float) -> str:
    return f"{digits(size / GIB)} GiB" if size >= GIB else f"{digits(size / 2**20)} MiB"


def _instant(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except (ValueError, OverflowError):
        return None
