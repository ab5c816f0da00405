"""Every figure the product shows, defined once: name, unit, formula, meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ollascope.words.call import Call, Gaps

Unit = Literal["s", "tokens/s", "ratio"]

SHORTEST_S = 0.001  # a rate over less time says more about the clock than about the model


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure of one Call; `of` answers None where the Call does not carry what the formula needs.

    A metric of which one Call has many values tells them by `many`, as (bucket, count) pairs, and answers None to `of`.
    """

    name: str
    title: str  # for people; each has its line in the catalogue
    unit: Unit
    formula: str
    help: str
    of: Callable[[Call], float | None]
    many: Callable[[Call], Gaps] | None = None


def metric(name: str) -> Metric:
    """The definition of that name."""
    return _BY_NAME[name]


def _since(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


def _per_token(call: Call) -> float | None:
    span = _since(call.first_chunk_s, call.end_s)
    if span is None or call.tokens_out is None or call.tokens_out < 2:
        return None
    return span / (call.tokens_out - 1)


def _decode_rate(call: Call) -> float | None:
    span = call.decode_s if call.first_chunk_s is None else _since(call.first_chunk_s, call.end_s)
    if span is not None and call.decode_s is not None and span < call.decode_s / 2:
        return None  # the pieces came in a heap, in less time than they took to be made
    if span is None or span < SHORTEST_S or call.tokens_out is None or call.tokens_out < 2:
        return None
    return (call.tokens_out - 1) / span


def _prefill_rate(call: Call) -> float | None:
    if call.tokens_in is None or call.tokens_cached is None or call.prefill_s is None:
        return None
    computed = call.tokens_in - call.tokens_cached
    return computed / call.prefill_s if computed >= 2 and call.prefill_s >= SHORTEST_S else None


def _cached(call: Call) -> float | None:
    if call.tokens_in is None or call.tokens_cached is None or call.tokens_in < 1:
        return None
    return call.tokens_cached / call.tokens_in


METRICS: tuple[Metric, ...] = (
    Metric(name="ttft_s", title="time to first token", unit="s",
           formula="first_chunk_s", of=lambda call: call.first_chunk_s,
           help="Time to first token: from sending the request to the first piece of the answer, thinking included"),
    Metric(name="ttft_due_s", title="time to first token, from due", unit="s", formula="first_chunk_s - due_s",
           of=lambda call: _since(call.due_s, call.first_chunk_s),
           help="Time to first token from the moment the request was due; only in open-loop tests"),
    Metric(name="answer_s", title="time to the answer", unit="s",
           formula="first_answer_s", of=lambda call: call.first_answer_s,
           help="Time to the first piece of the answer proper, after any thinking"),
    Metric(name="total_s", title="total time", unit="s", formula="end_s", of=lambda call: call.end_s,
           help="Total time: from sending the request to the end of the answer"),
    Metric(name="total_due_s", title="total time, from due", unit="s",
           formula="end_s - due_s", of=lambda call: _since(call.due_s, call.end_s),
           help="Total time from the moment the request was due; only in open-loop tests"),
    Metric(name="tpot_s", title="time per token", unit="s",
           formula="(end_s - first_chunk_s) / (tokens_out - 1)", of=_per_token,
           help="Time per output token after the first; needs at least two tokens"),
    Metric(name="gap_s", title="pause between pieces", unit="s",
           formula="every pause between two pieces", of=lambda _: None,
           many=lambda call: call.gaps,
           help="Pause between two pieces of an answer, each counted by itself; within 1 %"),
    Metric(name="queue_s", title="in the queue", unit="s", formula="queue_s", of=lambda call: call.queue_s,
           help="Time spent waiting for a free place, at our door or in the engine, where it can be told"),
    Metric(name="connect_s", title="connecting", unit="s", formula="connect_s", of=lambda call: call.connect_s,
           help="Time to open the connection; not measured on a connection that was kept open"),
    Metric(name="load_s", title="loading the model", unit="s", formula="load_s", of=lambda call: call.load_s,
           help="Time the engine says it spent loading the model"),
    Metric(name="prefill_s", title="reading the prompt", unit="s", formula="prefill_s", of=lambda call: call.prefill_s,
           help="Time the engine says it spent reading the prompt, without what its cache held"),
    Metric(name="relay_s", title="added by Ollascope", unit="s", formula="relay_s", of=lambda call: call.relay_s,
           help="Time that Ollascope itself added"),
    Metric(name="decode_tokens_per_s", title="tokens/s of the answer", unit="tokens/s",
           formula="(tokens_out - 1) / (end_s - first_chunk_s)",
           of=_decode_rate,
           help="Speed of the answer after its first token; needs two tokens and one millisecond; where the first "
                "piece was not seen, by the engine's own decode_s; none where the pieces came in a heap"),
    Metric(name="prefill_tokens_per_s", title="tokens/s of the prompt", unit="tokens/s",
           formula="(tokens_in - tokens_cached) / prefill_s",
           of=_prefill_rate,
           help="Speed of reading the prompt; only when the engine says how much came from its cache, and needs two "
                "computed tokens and one millisecond"),
    Metric(name="cached_ratio", title="prompt from the cache", unit="ratio",
           formula="tokens_cached / tokens_in", of=_cached,
           help="Share of the prompt that the engine's cache held"),
)  # fmt: skip

_BY_NAME = {entry.name: entry for entry in METRICS}
