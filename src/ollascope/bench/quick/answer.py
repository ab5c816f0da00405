"""The answer of `ollascope quick` in plain words, on a terminal, as a page and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Final

from ollascope.bench.quick.limit import Limit, limit_of
from ollascope.bench.quick.seen import (
    FIRST_S,
    TOKENS_PER_S,
    Seen,
    comfortable,
    mean,
    most,
    readings_of,
    seen_in,
)
from ollascope.bench.result import Result
from ollascope.bench.shown.document import document
from ollascope.bench.shown.figures import cell, failures, needed
from ollascope.bench.shown.machine import size
from ollascope.bench.shown.reasons import MEANINGS, by_weight, demo_banner, reason_text
from ollascope.bench.shown.screen import WIDTH, fitted
from ollascope.logs.form import printable
from ollascope.reports.parts import Banner, Facts, Part, Report, Table, Text
from ollascope.reports.say import digits, maybe, seconds, share
from ollascope.reports.terminal import lines
from ollascope.reports.words import Language, word
from ollascope.words.record import Json

STATISTICS: Final = ("p50", "p95", "p99")
SCHEMA: Final = 1


def answer(results: Sequence[Result], warm: Result, language: Language = "en") -> Report:
    """What was seen, what limits it, and what to do next; `warm` is the warm-up, which counts for nothing else."""
    parts = list(_parts(results, warm, language))
    model = printable(warm.asked.target.model)
    return Report(title=word("Quick look at {model}", language).format(model=model), parts=parts, language=language)


def answer_lines(results: Sequence[Result], warm: Result, language: Language = "en", width: int = WIDTH) -> list[str]:
    """The same for a terminal of that width."""
    report = answer(results, warm, language)
    told = Report(title=report.title, parts=[fitted(part, width) for part in report.parts], language=language)
    return list(lines(told))


def answer_facts(results: Sequence[Result], warm: Result) -> dict[str, Json]:
    """The same for a program; what was not measured is null."""
    limit, target = limit_of(results), warm.asked.target
    return {
        "schema": SCHEMA,
        "model": target.model,
        "url": target.url,
        "api": target.api,
        "server": warm.server.engine,
        "version": warm.server.version,
        "demo": _is_demo(results, warm),
        "warm_up_s": _warm_up_s(warm),
        "users": [_seen_facts(one) for one in seen_in(results)],
        "comfortable_users": comfortable(seen_in(results)),
        "comfortable": {"ttft_s": FIRST_S, "tokens_per_s": TOKENS_PER_S},
        "machine": _machine_facts(results),
        "limit": {"code": limit.code, "text": limit.told(limit.text), "evidence": limit.told(limit.evidence)},
        "next": limit.told(limit.advice),
        "runs": [{"run": one.run, "verdict": one.verdict, "reasons": document(one)["reasons"]} for one in results],
    }


def _parts(results: Sequence[Result], warm: Result, language: Language) -> Iterator[Part]:
    seen, limit = seen_in(results), limit_of(results)
    alone = next((one for one in seen if one.users == 1), None)
    yield _headline(alone, seen, language)
    if _is_demo(results, warm):
        yield demo_banner(language)
    doubts = _doubts(results, language)
    if doubts:
        yield Banner(tone="problem", title=f"INVALID – {word(MEANINGS['INVALID'], language)}", lines=doubts)
    if alone is not None:
        yield Facts(title=word("One user", language), rows=_alone_rows(alone, language))
    if len(seen) > 1:
        yield _users_table(seen, language)
    yield Text(lines=[_comfort(seen, language)])
    yield Facts(title=word("Machine", language), rows=_machine_rows(results, warm, language))
    yield _limit_part(limit, language)


def _headline(alone: Seen | None, seen: Sequence[Seen], language: Language) -> Banner:
    """The one sentence that a person takes home."""
    speed = alone.throughput.user_tokens_per_s if alone else None
    first = alone.ttft.p50 if alone and alone.ttft else None
    if speed is None or first is None:
        title = word("no answer ended in the time" if not any(one.delivered.ok for one in seen)
                     else "the speed for one user was not measured", language)  # fmt: skip
        return Banner(tone="warning", title=title)
    text = word("one user gets {speed} tokens/s, the first after {first}", language)
    return Banner(tone="plain", title=text.format(speed=digits(speed), first=seconds(first)))


def _alone_rows(alone: Seen, language: Language) -> list[tuple[str, str]]:
    speed = alone.throughput
    rows = [
        (word("speed of the answer", language), _tokens(speed.user_tokens_per_s, language)),
        ("QPS", maybe(digits, speed.requests_per_s, language)),
        (word("time to first token", language), _percentiles(alone, "ttft_s", language)),
        (word("whole answer", language), _percentiles(alone, "total_s", language)),
    ]
    if alone.delivered.failed:
        rows.append((word("failed", language), failures(alone.delivered, language)))
    metrics = {name: tail for name, tail in (("ttft_s", alone.ttft), ("total_s", alone.total)) if tail is not None}
    note = needed(metrics, language, STATISTICS)
    return [*rows, *([(word("note", language), note)] if note else [])]


def _percentiles(seen: Seen, metric: str, language: Language) -> str:
    tail = seen.ttft if metric == "ttft_s" else seen.total
    if tail is None:
        return word("not measured", language)
    told = [f"{statistic.upper()} {cell(tail, metric, statistic, language)}" for statistic in STATISTICS]
    if tail.p99 is None and tail.max is not None:
        told.append(f"{word('most', language)} {seconds(tail.max)}")
    return " · ".join(told)


def _users_table(seen: Sequence[Seen], language: Language) -> Table:
    rows = [
        (
            str(one.users),
            maybe(digits, one.throughput.requests_per_s, language),
            maybe(digits, one.throughput.output_tokens_per_s, language),
            maybe(digits, one.throughput.user_tokens_per_s, language),
            cell(one.ttft, "ttft_s", "p50", language),
            cell(one.ttft, "ttft_s", "p95", language),
            cell(one.ttft, "ttft_s", "max", language),
        )
        for one in seen
    ]
    headers = [word(name, language) for name in ("users", "QPS", "tokens/s", "for each")]
    headers += ["TTFT p50", "TTFT p95", word("most", language)]
    return Table(title=word("Several users at once", language), headers=headers, rows=rows, right=range(7))


def _comfort(seen: Sequence[Seen], language: Language) -> str:
    users = comfortable(seen)
    meant = word("first token within {first}, at least {speed} tokens/s for each, at most 1 in 100 failed", language)
    meant = meant.format(first=seconds(FIRST_S), speed=digits(TOKENS_PER_S))
    if users is None:
        text = "How many users at once keep a comfortable speed was not measured ({meant})"
    elif not users:
        text = "Not even one user has a comfortable speed ({meant})"
    elif users == seen[-1].users:
        text = "All {users} users at once keep a comfortable speed; more were not tried ({meant})"
    else:
        text = "Up to {users} users at once keep a comfortable speed ({meant})"
    return word(text, language).format(users=users, meant=meant)


def _machine_rows(results: Sequence[Result], warm: Result, language: Language) -> list[tuple[str, str]]:
    facts = [
        ("CPU", _mean_and_most([one.cpu_ratio for one in readings_of(results)], language)),
        ("memory of the server", maybe(size, _memory(results), language)),
        ("memory available", maybe(size, _available(results), language)),
        ("GPU", _mean_and_most([one.gpu_ratio for one in readings_of(results)], language)),
        ("GPU memory", maybe(size, most([one.gpu_memory_bytes for one in readings_of(results)]), language)),
    ]
    warmed = _warm_up_s(warm)
    if warmed is not None:
        facts.append(("first answer, with loading", seconds(warmed)))
    return [(word(name, language), text) for name, text in facts]


def _limit_part(limit: Limit, language: Language) -> Facts:
    rows = [
        ("what limits it", limit.told(limit.text, language)),
        ("how that is seen", limit.told(limit.evidence, language)),
        ("next step", limit.told(limit.advice, language)),
    ]
    return Facts(rows=[(word(name, language), text) for name, text in rows])


def _doubts(results: Sequence[Result], language: Language) -> list[str]:
    """What makes a run invalid; that a minute is short need not be said."""
    against = [reason for one in results for reason in by_weight(one) if reason.weight == "invalid"]
    return list(dict.fromkeys(printable(reason_text(reason, language)) for reason in against))


def _seen_facts(one: Seen) -> dict[str, Json]:
    def told(metric: str) -> Json:
        tail = one.ttft if metric == "ttft_s" else one.total
        if tail is None:
            return None
        return {"n": tail.n, "p50": tail.p50, "p95": tail.p95, "p99": tail.p99, "max": tail.max}

    return {
        "users": one.users,
        "ok": one.delivered.ok,
        "failed": one.delivered.failed,
        "requests_per_s": one.throughput.requests_per_s,
        "output_tokens_per_s": one.throughput.output_tokens_per_s,
        "user_tokens_per_s": one.throughput.user_tokens_per_s,
        "ttft_s": told("ttft_s"),
        "total_s": told("total_s"),
        "comfortable": one.is_comfortable,
    }


def _machine_facts(results: Sequence[Result]) -> dict[str, Json]:
    readings = readings_of(results)
    return {
        "cpu_ratio_mean": mean([one.cpu_ratio for one in readings]),
        "cpu_ratio_max": most([one.cpu_ratio for one in readings]),
        "server_cores_mean": mean([one.server_cpu_ratio for one in readings]),
        "server_rss_bytes": _memory(results),
        "memory_available_bytes": _available(results),
        "gpu_ratio_mean": mean([one.gpu_ratio for one in readings]),
        "gpu_memory_bytes": most([one.gpu_memory_bytes for one in readings]),
    }


def _memory(results: Sequence[Result]) -> float | None:
    return most([result.use.server_rss_peak_bytes for result in results])


def _available(results: Sequence[Result]) -> float | None:
    known = [one.memory_available_bytes for one in readings_of(results) if one.memory_available_bytes is not None]
    return min(known, default=None)


def _warm_up_s(warm: Result) -> float | None:
    total = warm.metrics.get("total_s")
    return total.max if total else None


def _mean_and_most(values: Sequence[float | None], language: Language) -> str:
    average, greatest = mean(values), most(values)
    if average is None or greatest is None:
        return word("not measured", language)
    text = word("{mean} on average, {most} at most", language)
    return text.format(mean=share(average), most=share(greatest))


def _tokens(value: float | None, language: Language) -> str:
    return maybe(lambda rate: f"{digits(rate)} tokens/s", value, language)


def _is_demo(results: Sequence[Result], warm: Result) -> bool:
    return warm.demo or any(result.demo for result in results)
