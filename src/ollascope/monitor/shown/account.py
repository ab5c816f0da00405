"""An Account as a report for people, and as facts for programs."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ollascope.console.show import size_text
from ollascope.logs.form import printable
from ollascope.monitor.past.machine import Gauge, Use
from ollascope.monitor.shown.alerts import alert_facts, alerts_table
from ollascope.monitor.shown.charts import account_charts
from ollascope.monitor.summary import Account
from ollascope.reports.parts import Banner, Part, Report, Table, Text
from ollascope.reports.say import Say, count, digits, maybe, seconds, share
from ollascope.reports.summary import comparison, figure_text, summary_parts
from ollascope.reports.words import Language, word
from ollascope.words.call import Call
from ollascope.words.clock import utc_text
from ollascope.words.metrics import metric
from ollascope.words.outcomes import failures
from ollascope.words.record import Json, to_json
from ollascope.words.summary import Summary

DEMO_LINE = "figures made with the demo model or the fake server say nothing about real models"
GAUGES = {
    "cpu_ratio": "CPU in use", "memory_ratio": "memory in use", "swap_used_bytes": "swap in use",
    "disk_free_bytes": "disk free", "cpu_temperature_celsius": "CPU temperature", "used_ratio": "in use",
    "memory_used_bytes": "memory in use", "power_watts": "power", "temperature_celsius": "temperature",
}  # fmt: skip


def report(account: Account, language: Language = "en", *, on_page: bool = False) -> Report:
    """The whole account, what matters most first; a page of the dashboard has a switch and links for what flags do."""
    parts: list[Part] = []
    if account.demo:
        parts.append(Banner(tone="demo", title="DEMO", lines=[word(DEMO_LINE, language)]))
    if lines := notes(account, language, on_page=on_page):
        parts.append(Text(lines=lines))
    if account.alerts:
        parts.append(alerts_table(account.alerts, language))
    parts += summary_parts(account.summary, language)
    if account.summary.requests:
        parts += _detail(account, language, on_page)
    elif account.before.requests:
        parts.append(comparison(account.summary, account.before, language))
    parts.append(_machine(account.machine, language))
    return Report(title=word("Summary", language), about=_about(account, language), parts=parts, language=language)


def facts(account: Account) -> dict[str, Json]:
    """The account for a program: requests, outcomes and metrics at its top."""
    summary, span = account.summary, account.asked.span
    told: dict[str, Json] = {
        "outcomes": {}, "metrics": {}, "tokens_in": None, "tokens_cached": None, "tokens_out": None
    }  # fmt: skip
    return {
        **told,
        **to_json(summary),
        "failed": failures(summary.outcomes),
        "since_text": utc_text(span.since),
        "until_text": utc_text(span.until),
        "model": account.asked.model,
        "models": {name: to_json(one) for name, one in account.models.items()},
        "slowest": [_slow_facts(call) for call in account.slowest],
        "before": {"outcomes": {}, "metrics": {}, **to_json(account.before)},
        "alerts": alert_facts(account.alerts),
        "machine": _machine_facts(account.machine),
        "over_time": [
            {"at": one.at, "requests": one.requests, "failed": one.failed, "ttft_p50_s": one.ttft.p50,
             "ttft_p95_s": one.ttft.p95}
            for one in account.buckets
        ],
        "step_s": account.step_s,
        "demo": account.demo,
        "left_out": account.left_out,
        "from_sums": account.from_sums,
        "notes": list(notes(account)),
    }  # fmt: skip


def notes(account: Account, language: Language = "en", *, on_page: bool = False) -> list[str]:
    """What a reader must know before the figures."""
    found = []
    if account.left_out:
        text = (
            "{count} requests of tests, probes and demos are not counted; the switch above counts them"
            if on_page
            else "{count} requests of tests, probes and demos are not counted; --all counts them"
        )
        found.append(word(text, language).format(count=count(account.left_out)))
    if account.others:
        text = "there is no request to {model}; there are some to {models}"
        names = ", ".join(map(printable, account.others[:8]))
        found.append(word(text, language).format(model=printable(account.asked.model or ""), models=names))
    if account.from_sums:
        found.append(word("some Calls are no longer kept: figures come from sums and are within 1 %", language))
    if account.unreadable:
        text = "{count} records cannot be read and are left out; `ollascope ledger verify` says where"
        found.append(word(text, language).format(count=count(account.unreadable)))
    return found


def _about(account: Account, language: Language) -> str:
    span, model = account.asked.span, account.asked.model
    told = f"{_minute(span.since)} – {_minute(span.until)} UTC"
    return told if model is None else f"{told} · {word('model', language)} {printable(model)}"


def _detail(account: Account, language: Language, on_page: bool) -> list[Part]:
    parts: list[Part] = []
    if account.models:
        parts.append(_models(account, language))
    parts += account_charts(account, language)
    parts.append(comparison(account.summary, account.before, language))
    if account.slowest:
        parts.append(_slowest(account.slowest, language, on_page))
    return parts


def _models(account: Account, language: Language) -> Table:
    rows = [(printable(name) or word("unknown", language), *_model_row(one, language))
            for name, one in account.models.items()]  # fmt: skip
    headers = [word(text, language) for text in ("model", "requests")] + ["ok", "TTFT p50", "TTFT p95", "tokens/s p50"]
    return Table(title=word("By model", language), headers=headers, rows=rows, right=range(1, 6))


def _model_row(summary: Summary, language: Language) -> tuple[str, ...]:
    ttft, rate = summary.metrics.get("ttft_s"), summary.metrics.get("decode_tokens_per_s")
    return (
        count(summary.requests),
        share(summary.outcomes.get("ok", 0) / summary.requests),
        figure_text(seconds, ttft, "p50", language),
        figure_text(seconds, ttft, "p95", language),
        figure_text(digits, rate, "p50", language),
    )


def _slowest(calls: Sequence[Call], language: Language, on_page: bool) -> Table:
    unmeasured = word("not measured", language)
    rows = [
        (
            seconds(call.end_s or 0.0),
            maybe(seconds, metric("ttft_s").of(call), language),
            printable(call.id),
            sent_text(call),
            printable(call.model or unmeasured),
            printable(call.outcome),
            maybe(count, call.tokens_in, language),
            maybe(count, call.tokens_out, language),
        )
        for call in calls
    ]
    names = ("total", "TTFT", "id", "sent" if on_page else "sent (UTC)", "model", "outcome", "tokens in", "tokens out")
    note = "" if on_page else word("`ollascope calls show ID` tells everything that is known of one", language)
    headers = [word(name, language) for name in names]
    return Table(title=word("Slowest requests", language), headers=headers, rows=rows, right=(0, 1, 6, 7), note=note)


def sent_text(call: Call) -> str:
    """When a Call was sent, as a report that leaves this machine says it."""
    return utc_text(call.sent_at)[:19].replace("T", " ")


def _slow_facts(call: Call) -> dict[str, Json]:
    return {
        "id": call.id, "sent_at": call.sent_at, "model": call.model, "outcome": call.outcome,
        "ttft_s": metric("ttft_s").of(call), "total_s": call.end_s, "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
    }  # fmt: skip


def _machine(use: Use, language: Language) -> Part:
    title = word("Machine", language)
    if not use.samples:
        return Text(title=title, lines=[word("the machine was not measured: `ollascope monitor` does it", language)])
    rows = [
        (_gauge_name(name, use, language), *map(_say_of(name), (gauge.mean, gauge.least, gauge.most)), count(gauge.n))
        for name, gauge in use.gauges.items()
    ]
    if use.energy_joules is not None:
        rows.append((word("energy", language), f"{digits(use.energy_joules / 3600)} Wh", "", "", ""))
    headers = [word(text, language) for text in ("reading", "mean", "least", "most", "number")]
    return Table(title=title, headers=headers, rows=rows, right=(1, 2, 3, 4))


def _machine_facts(use: Use) -> dict[str, Json]:
    def plain(gauge: Gauge) -> dict[str, Json]:
        return {"n": gauge.n, "mean": gauge.mean, "least": gauge.least, "most": gauge.most}

    return {
        "samples": use.samples,
        **{name: plain(gauge) for name, gauge in use.gauges.items()},
        **({} if use.energy_joules is None else {"energy_joules": use.energy_joules}),
    }


def _gauge_name(name: str, use: Use, language: Language) -> str:
    if not name.startswith("gpu"):
        return word(GAUGES[name], language)
    which, _, reading = name.partition("_")
    called = f" ({printable(use.names[which])})" if which in use.names else ""
    return f"GPU {which[3:]}{called}: {word(GAUGES[reading], language)}"


def _say_of(name: str) -> Say:
    if name.endswith("_ratio"):
        return share
    if name.endswith("_bytes"):
        return lambda value: size_text(round(value))
    unit = "W" if name.endswith("_watts") else "°C"
    return lambda value: f"{digits(value)} {unit}"


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
