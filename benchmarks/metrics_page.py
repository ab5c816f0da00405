"""How long the page for Prometheus takes with 200 label sets, and what counting Calls costs.

`python benchmarks/metrics_page.py` fills a ledger with Calls of 200 pairs of model and backend, counts them, and makes
the page again and again; beside it stands the same page as prometheus-client makes it from a registry of objects.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.monitor.exposition.families import FAMILIES, OF_GATEWAY
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.stats.sketch import sketch_pairs
from ollascope.words.call import Call
from ollascope.words.sample import Sample

LIMIT_MS = 100.0
MODELS, BACKENDS = 20, 10
AT = 1_763_726_400.0


def main() -> None:
    """Print the figures beside the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    moment = Moment(at=AT, sample=Sample(at=AT, cpu_ratio=0.5, memory_available_bytes=1 << 30))
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger"
        with Writer(ledger, Ledger(), Origin.here("benchmark")) as writer:
            for number in range(given.calls):
                writer.call(made(number))
                if number % 5000 == 0:
                    writer.flush()
        exposition = Exposition(ledger)
        began = time.perf_counter()
        count = exposition.update()
        counted = time.perf_counter() - began
        print(f"counting {count} Calls: {counted:.2f} s, {counted / count * 1e6:.0f} us a Call")
        show("an update with nothing new", timed(exposition.update, given.rounds), None)
        page = exposition.page(moment)
        lines = len(page.splitlines())
        print(f"the page: {len(page) / 1024:.0f} KiB, {lines} lines, {MODELS * BACKENDS} label sets in most families")
        show("the page of all families", timed(lambda: exposition.page(moment), given.rounds), LIMIT_MS)
    registry = same_by_objects()
    show("the gateway's families by prometheus-client", timed(lambda: generate_latest(registry), given.rounds), None)


def made(number: int) -> Call:
    """A Call that says all, of one of 200 pairs of model and backend."""
    place = number % (MODELS * BACKENDS)
    return Call(
        id=f"call-{number:07}", sent_at=AT + number / 1000, source="gateway", outcome="ok", api="ollama",
        operation="chat", engine="ollama", backend=f"backend-{place // MODELS}", model=f"model-{place % MODELS}:7b",
        stream=True, queue_s=0.01, connect_s=0.001, prefill_s=0.2, decode_s=1.5, first_chunk_s=0.3, end_s=2.0,
        relay_s=0.0004, tokens_in=300, tokens_cached=100, tokens_out=60, gaps=sketch_pairs([0.02, 0.03, 0.025] * 20),
    )  # fmt: skip


def same_by_objects() -> CollectorRegistry:
    """The gateway's families with the same label sets, in a registry of prometheus-client."""
    registry = CollectorRegistry()
    wanted = {measure.definition.name for measure in OF_GATEWAY}
    for family in FAMILIES:
        if family.name not in wanted:
            continue
        histogram = family.kind == "histogram"
        metric = (
            Histogram(family.name, family.help, family.labels, buckets=family.bounds, registry=registry)
            if histogram
            else Counter(family.name, family.help, family.labels, registry=registry)
        )
        words = {tuple(word(label, place) for label in family.labels) for place in range(MODELS * BACKENDS)}
        for one in words:
            child = metric.labels(*one) if one else metric
            child.observe(0.3) if isinstance(child, Histogram) else child.inc(3)
    return registry


def word(label: str, place: int) -> str:
    """One of as many words as the Calls above have for this label."""
    many = {"model": f"model-{place % MODELS}:7b", "backend": f"backend-{place // MODELS}", "phase": f"p{place % 3}"}
    return many.get(label, "one")


def timed(what: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round, sorted; the first does not count."""
    found = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        what()
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found[1:])


def show(what: str, found: Sequence[float], limit: float | None) -> None:
    p50, worst = found[len(found) // 2], found[-1]
    said = "" if limit is None else f", at most {limit:g} ms: {'ok' if worst <= limit else 'MISSED'}"
    print(f"{what}: p50 {p50:.1f} ms, worst of {len(found)} {worst:.1f} ms{said}")


if __name__ == "__main__":
    main()
