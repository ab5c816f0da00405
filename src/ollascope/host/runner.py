"""What the runner of a model server tells by its own `/metrics` and `/slots`, where they are on; from counters only."""

import http.client
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ollascope.host.processes import Known, port_of

LARGEST = 4 << 20
COUNTERS = {
    "llamacpp:prompt_tokens_total": "prompt_tokens",
    "llamacpp:prompt_tokens_cached_total": "cached_tokens",
    "llamacpp:prompt_seconds_total": "prompt_s",
    "llamacpp:tokens_predicted_total": "answer_tokens",
    "llamacpp:tokens_predicted_seconds_total": "answer_s",
    "llamacpp:n_decode_total": "decodes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Counts since the start of a runner.

    Its gauges are left alone: they are reset by whoever reads them, so two readers would spoil each other's.
    """

    prompt_tokens: float | None = None
    cached_tokens: float | None = None
    prompt_s: float | None = None
    answer_tokens: float | None = None
    answer_s: float | None = None
    decodes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many requests a runner serves at once, how many it serves now, and the context each may fill."""

    count: int
    busy: int
    context_tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What happened between two readings of the counters."""

    prompt_tokens_per_s: float | None = None
    answer_tokens_per_s: float | None = None
    cached_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What one runner told of itself; its counters only where it was started with them on."""

    port: int
    counters: Counters | None
    slots: Slots | None


def read_runners(found: Iterable[Known], timeout_s: float = 1.0) -> tuple[Runner, ...]:
    """One reading of each runner that answers."""
    runners = (
        Runner(port=port, counters=read_counters(port, timeout_s), slots=read_slots(port, timeout_s))
        for port in runner_ports(found)
    )
    return tuple(runner for runner in runners if runner.counters or runner.slots)


def runner_ports(found: Iterable[Known]) -> tuple[int, ...]:
    """The ports of the runners, as their command lines name them."""
    ports = [port_of(known.command) for known in found if known.role == "runner"]
    return tuple(dict.fromkeys(port for port in ports if port is not None))


def read_counters(port: int, timeout_s: float = 1.0) -> Counters | None:
    """The counters of the runner on that port of this machine; none where they are off or nobody answers."""
    said = _get(port, "/metrics", timeout_s)
    return None if said is None else parse_counters(said)


def read_slots(port: int, timeout_s: float = 1.0) -> Slots | None:
    """The slots of the runner; asking keeps a runner awake that would sleep."""
    said = _get(port, "/slots", timeout_s)
    return None if said is None else parse_slots(said)


def parse_counters(said: str) -> Counters:
    """The counters in a page of Prometheus text."""
    found: dict[str, float] = {}
    for line in said.splitlines():
        name, _, rest = line.partition(" ")
        field = COUNTERS.get(name.partition("{")[0])
        value = _finite(rest)
        if field is not None and value is not None:
            found[field] = found.get(field, 0.0) + value  # a router has one line a model
    return Counters(**found)


def parse_slots(said: str) -> Slots | None:
    """The slots in the JSON list that `/slots` gives."""
    try:
        entries = json.loads(said)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    sizes = [entry["n_ctx"] for entry in entries if isinstance(entry.get("n_ctx"), int)]
    busy = sum(entry.get("is_processing") is True for entry in entries)
    return Slots(count=len(entries), busy=busy, context_tokens=min(sizes, default=None))


def rates_between(before: Counters, after: Counters) -> Rates:
    """Speeds and the share of the cache between two readings; none where a runner was started anew meanwhile."""
    old, new = asdict(before), asdict(after)
    grown = {name: _grown(old[name], new[name]) for name in new}
    if any(value is not None and value < 0 for value in grown.values()):
        return Rates()
    prompt, cached = grown["prompt_tokens"], grown["cached_tokens"]
    whole = None if prompt is None or cached is None else prompt + cached
    return Rates(
        prompt_tokens_per_s=_ratio(prompt, grown["prompt_s"]),
        answer_tokens_per_s=_ratio(grown["answer_tokens"], grown["answer_s"]),
        cached_ratio=_ratio(cached, whole),
    )


def _grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _finite(rest: str) -> float | None:
    try:
        value = float(rest.split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return None
    return value if 0 <= value < float("inf") else None


def _get(port: int, path: str, timeout_s: float) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(LARGEST)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body.decode("utf-8", "replace") if answer.status == 200 else None
