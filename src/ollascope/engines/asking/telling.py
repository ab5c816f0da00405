"""What is told of an answer that has ended: who gave it and how fast, as a line for a person or facts for a program."""

from collections.abc import Iterator

from ollascope.engines.asking.answering import Answer
from ollascope.engines.engine import Trace
from ollascope.engines.flags import sentences
from ollascope.logs.form import printable
from ollascope.words.call import Call
from ollascope.words.metrics import metric
from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json

SHOWN_S = 0.05  # loading or waiting for less is not worth a word
TIMES = ("ttft_s", "answer_s", "total_s", "queue_s", "connect_s", "load_s", "prefill_s", "prefill_tokens_per_s",
         "decode_tokens_per_s")  # fmt: skip


def speed_line(call: Call) -> str:
    """Who answered and how fast; a rate only where the times can carry it."""
    parts = [part for part in (*_times(call), *_counts(call)) if part]
    return printable(f"{call.model} by {call.engine} ({call.backend}): {', '.join(parts)}")


def remarks(trace: Trace) -> tuple[str, ...]:
    """A sentence for each thing that was done in silence."""
    return tuple(map(printable, trace.notes or sentences(trace.flags)))


def facts_of(answer: Answer, call: Call, trace: Trace) -> dict[str, Json]:
    """The whole answer for a program."""
    final = answer.final
    return {
        "text": "".join(answer.text),
        "thinking": "".join(answer.thinking),
        "tool_calls": [_call_facts(one) for one in answer.tool_calls],
        "reason": final.reason if final else None,
        "engine": call.engine,
        "backend": call.backend,
        "model": call.model,
        "tokens": {
            "in": call.tokens_in,
            "cached": call.tokens_cached,
            "out": call.tokens_out,
            "thinking": call.tokens_thinking,
        },
        "times": {name: metric(name).of(call) for name in TIMES},
        "load_cause": call.load_cause,
        "retries": call.retries,
        "flags": list(call.flags),
        "notes": list(remarks(trace)),
        "call": call.id,
    }


def _times(call: Call) -> Iterator[str]:
    ttft_s, rate = metric("ttft_s").of(call), metric("decode_tokens_per_s").of(call)
    if ttft_s is not None:
        yield f"first token after {ttft_s:.2f} s"
    if call.load_s is not None and call.load_s >= SHOWN_S:
        yield f"{call.load_s:.1f} s of it for loading"
    if call.queue_s is not None and call.queue_s >= SHOWN_S:
        yield f"{call.queue_s:.1f} s waiting"
    if rate is not None:
        yield f"{rate:.1f} tokens/s"


def _counts(call: Call) -> Iterator[str]:
    if call.tokens_out is not None:
        yield f"{call.tokens_out} token{'' if call.tokens_out == 1 else 's'}"
    if call.end_s is not None:
        yield f"{call.end_s:.{2 if call.end_s < 10 else 0}f} s in all"
    if call.retries:
        yield f"asked {call.retries + 1} times"


def _call_facts(call: ToolCall) -> dict[str, Json]:
    return {"name": call.name, "arguments": dict(call.arguments), "id": call.id}
