"""Calls to measure with: a day's worth for six models, written as a gateway would have written them."""

import random
from pathlib import Path

from ollascope.ledger.codec import encode
from ollascope.ledger.segment import Origin, day_of, header, segment_name
from ollascope.stats.sketch import sketch_pairs
from ollascope.words.call import Call
from ollascope.words.ids import Ids

UNTIL = 1_763_812_800.0  # 2025-11-22T12:00:00Z: the last 24 hours lie on two days
SINCE = UNTIL - 86_400
MODELS = ("llama3.2:1b", "llama3.1:8b", "qwen2.5:0.5b", "qwen2.5:7b", "gemma3:4b", "phi4:14b")
OUTCOMES = ("ok",) * 17 + ("cancelled", "timeout", "engine-busy")
KINDS = 20_000  # different Calls; each is written many times, with another id and another time
SEGMENT = 64 << 20
ORIGIN = Origin(writer="benchmark", host="benchmark", boot="", pid=0)


def one_call(source: random.Random, number: int = 0) -> Call:
    """A Call as the gateway would record it."""
    ok = source.choice(OUTCOMES)
    tokens = source.randint(2, 400)
    first, step = source.lognormvariate(-1.5, 0.7), source.lognormvariate(-4, 0.5)
    gaps = [step * source.lognormvariate(0, 0.2) for _ in range(min(tokens - 1, 30))]
    return Call(
        id=f"{number:026}", sent_at=0.0, source="gateway", outcome=ok, api=source.choice(("ollama", "openai")),
        operation="chat", engine="ollama", backend=source.choice(("local", "spare")), model=source.choice(MODELS),
        stream=True, status=200, retries=0, queue_s=round(source.expovariate(50), 6), connect_s=0.000214,
        prefill_s=round(first * 0.8, 6), first_chunk_s=round(first, 6), first_answer_s=round(first, 6),
        end_s=round(first + step * tokens, 6), relay_s=round(source.expovariate(8000), 6),
        tokens_in=source.randint(5, 2000), tokens_cached=source.randint(0, 4), tokens_out=tokens,
        gaps=sketch_pairs(gaps), key_id=source.choice(("team-a", "team-b", None)),
    )  # fmt: skip


def write_ledger(ledger: Path, count: int) -> int:
    """That many Calls, evenly over the 24 hours, in segments of 64 MiB; the bytes written."""
    source = random.Random(1)
    tails = [encode(one_call(source)).split(b'"source"', 1)[1] for _ in range(KINDS)]
    ids, written, step = Ids(), 0, (UNTIL - SINCE) / count
    start = 0
    while start < count:
        day = day_of(SINCE + start * step)
        number = ids.next()
        path = ledger / day / segment_name("calls", day, number, ORIGIN)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb", buffering=1 << 20) as file:
            size = file.write(header("calls", day, number, ORIGIN))
            while start < count and size < SEGMENT:
                at = SINCE + start * step
                if start % 1000 == 0 and day_of(at) != day:
                    break
                size += file.write(b'{"id":"%026d","sent_at":%.6f,"source"' % (start, at) + tails[start % KINDS])
                start += 1
        written += size
    return written
