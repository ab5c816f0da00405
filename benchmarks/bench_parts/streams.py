"""Streams side by side: how many were in flight, how far the figures are from the server's truth, what they cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipe_parts.settings import Settings
from pipe_parts.table import Row

from bench_parts import bare
from bench_parts.runs import Run, closed
from bench_parts.server import Server

TTFT_S, GAP_S, TOKENS = 0.1, 0.02, 96
COUNTS = (1, 64, 256, 1000)
MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One percentile as it was and as we say."""

    true: float
    told: float

    @property
    def off_ms(self) -> float:
        return abs(self.told - self.true) * 1e3


def measure(settings: Settings) -> Iterator[Row]:
    """Every number of streams; the best of all rounds counts, figure by figure, for a busy machine disturbs."""
    with Server(ttft_s=TTFT_S, gap_s=GAP_S, streams=max(COUNTS)) as server:
        for count in COUNTS:
            requests = max(count, 4) if settings.quick else max(2 * count, 10)
            yield from _streams(settings, server, count, requests)
    with Server(ttft_s=TTFT_S, gap_s=0.01, streams=1) as server:
        shares = []
        for _ in range(settings.rounds):
            run = closed(server.url, users=1, requests=2 if settings.quick else 5, tokens=300)
            shares.append(run.last.cpu_s / run.last.at_s)
        yield Row(name="1 stream of 100 tokens/s: of one core", figure=100 * min(shares), unit="%", most=2.0)


def _streams(settings: Settings, server: Server, count: int, requests: int) -> Iterator[Row]:
    runs, floors, found = [], [], []
    for number in range(settings.rounds):
        server.take_truths()
        run = closed(
            server.url, users=count, requests=requests, tokens=TOKENS, api="openai" if number % 2 else "ollama"
        )
        runs.append(run)
        found.append(compare(run, server.take_truths()))
        if count == max(COUNTS):
            floors.append(bare.measure(server.url, count, TOKENS))
        settings.say(f"  {count} streams: {run.cpu_per_token_us:.1f} us a token, {run.last.outcomes}")
    yield Row(
        name=f"{count} streams: in flight", figure=max(run.last.peak_in_flight for run in runs), unit="", least=count
    )
    wrong = min(one.pop("wrong tokens").told for one in found)
    yield Row(name=f"{count} streams: wrong token counts", figure=wrong, unit="", most=0)
    for name in found[0]:
        best = min((one[name] for one in found), key=lambda figure: figure.off_ms)
        note = f"{best.told * 1e3:.2f} ms, in truth {best.true * 1e3:.2f} ms"
        most = limit_ms(name, best.true, count)
        yield Row(name=f"{count} streams: {name} off by", figure=best.off_ms, unit="ms", most=most, note=note)
    cpu = min(run.cpu_per_token_us for run in runs)
    if not floors:
        yield Row(name=f"{count} streams: CPU", figure=cpu, unit="us/token")
        return
    floor = min(1e6 * one["cpu_s"] / one["tokens"] for one in floors)
    most = max(10.0, 1.3 * floor)
    yield Row(
        name=f"{count} streams: CPU",
        figure=cpu,
        unit="us/token",
        most=most,
        note=f"{cpu / floor:.2f} x the bare protocol",
    )
    yield Row(name=f"{count} streams: CPU of the bare protocol", figure=floor, unit="us/token")
    rss = max(run.last.rss_peak_bytes or 0 for run in runs) / MB
    note = f"the bare protocol: {max(one['rss_bytes'] for one in floors) / MB:.0f} MB"
    yield Row(name=f"{count} streams: memory", figure=rss, unit="MB", most=80.0, note=note)


def compare(run: Run, truths: dict[str, dict[str, Any]]) -> dict[str, Figure]:
    """Percentiles of our figures beside those of the truth, over the same requests."""
    pairs = [(call, truths[call.id]) for call in run.calls if call.id in truths and call.outcome == "ok"]
    told = {
        "TTFT": [call.first_chunk_s or 0.0 for call, _ in pairs],
        "total": [call.end_s or 0.0 for call, _ in pairs],
        "gap": list(run.gaps),
    }
    true = {
        "TTFT": [truth["written_ns"][0] / 1e9 for _, truth in pairs],
        "total": [truth["ended_ns"] / 1e9 for _, truth in pairs],
        "gap": [(after - before) / 1e9 for _, truth in pairs for before, after in pairwise(truth["written_ns"])],
    }
    wrong = len(run.calls) - sum(
        (call.tokens_in, call.tokens_out) == (truth["tokens_in"], truth["tokens_out"]) for call, truth in pairs
    )
    found = {
        f"{name} p{share * 100:g}": Figure(true=part(true[name], share), told=part(told[name], share))
        for name in told
        for share in (0.5, 0.99)
    }
    return {**found, "wrong tokens": Figure(true=0.0, told=wrong)}


def limit_ms(name: str, true_s: float, count: int) -> float:
    """How far a figure may be from the truth."""
    if name.endswith("p50"):
        return 1.0 + 10 * true_s
    return 30.0 if count > 256 else 10.0 + 50 * true_s


def part(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
