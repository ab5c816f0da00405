"""What servers of the OpenAI API tell of themselves beside it: `/metrics`, counters only, and `/slots` on request.

Gauges are left alone: llama-server's are reset by whoever reads them, so two readers would spoil each other's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final

# One line a server: what its counters are called, by the name they have here.
NAMES: Final[Mapping[str, str]] = {
    "llamacpp:prompt_tokens_total": "prompt_tokens",
    "llamacpp:prompt_tokens_cached_total": "cached_tokens",
    "llamacpp:prompt_seconds_total": "prompt_s",
    "llamacpp:tokens_predicted_total": "answer_tokens",
    "llamacpp:tokens_predicted_seconds_total": "answer_s",
    "vllm:prompt_tokens_total": "prompt_tokens",
    "vllm:prefix_cache_hits_total": "cached_tokens",
    "vllm:generation_tokens_total": "answer_tokens",
    "vllm:num_preemptions_total": "preemptions",
    "sglang:prompt_tokens_total": "prompt_tokens",
    "sglang:generation_tokens_total": "answer_tokens",
    "sglang:cached_tokens_total": "cached_tokens",
    "tgi_request_count": "requests",
}
OVERLAP: Final = frozenset({"vllm", "sglang"})  # their prompt tokens hold the cached ones; llama.cpp's do not


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Counts since the server's start; `prompt_tokens` are all of the prompts, cached ones too."""

    server: str
    prompt_tokens: float | None = None
    cached_tokens: float | None = None
    prompt_s: float | None = None
    answer_tokens: float | None = None
    answer_s: float | None = None
    preemptions: float | None = None
    requests: float | None = None


def parse_counters(said: str) -> Counters | None:
    """The counters in a page of Prometheus text; none where no server that is known speaks."""
    found: dict[str, float] = {}
    server = ""
    for name, value in _samples(said):
        field = NAMES.get(name)
        if field is not None:
            found[field] = found.get(field, 0.0) + value  # one line a model, or a rank
            server = server or name.replace("_", ":", 1).partition(":")[0]
    if not server:
        return None
    if server not in OVERLAP and "prompt_tokens" in found:
        found["prompt_tokens"] += found.get("cached_tokens", 0.0)
    return Counters(server=server, **found)


def grown(before: Counters, after: Counters) -> Counters | None:
    """What was added between two readings; none where the server was started anew meanwhile."""
    old, new = asdict(before), asdict(after)
    added = {name: _minus(new[name], old[name]) for name in new if name != "server"}
    if before.server != after.server or any(value is not None and value < 0 for value in added.values()):
        return None
    return Counters(server=after.server, **added)


def _samples(said: str) -> Iterator[tuple[str, float]]:
    for line in said.splitlines():
        if line.startswith("#"):
            continue
        name, brace, rest = line.partition("{")
        if brace:
            rest = rest.rpartition("}")[2]
        else:
            name, _, rest = line.partition(" ")
        try:
            value = float(rest.split()[0])
        except (ValueError, IndexError):
            continue
        if 0 <= value < float("inf"):
            yield name, value


def _minus(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old
