"""Greedy answers of many requests that come and go, beside the answers to the same requests one at a time."""

import random
from collections.abc import Iterator
from typing import Any

from pipe_parts.table import Row

from engine_parts import servers
from engine_parts.asking import Answer, Wanted, ask
from engine_parts.servers import Server
from engine_parts.settings import Settings
from ollascope.registry.gguf.random import PRESETS, write_random

REQUESTS, SPAN_S = 40, 1.5
CONTEXT, SLOTS = 512, 8


def measure(settings: Settings) -> Iterator[Row]:
    """Two servers, each fresh: what a slot remembers of the other's run must not help."""
    for name in ("2m",) if settings.quick else ("2m", "90m"):
        model = settings.folder / f"same-{name}.gguf"
        write_random(model, **PRESETS[name])
        words = (str(model), "--context", str(CONTEXT), "--threads", str(settings.threads))
        with servers.ours(settings, *words, "--slots", "1") as server:
            alone = [ask(server.port, [[wanted]])[0][0] for wanted in _requests(server, apart=True)]
        with servers.ours(settings, *words, "--slots", str(SLOTS)) as server:
            together = [answers[0] for answers in ask(server.port, [[each] for each in _requests(server)])]
            [load] = [model["load"] for model in server.get("/props")["models"]]
        pairs = list(zip(map(_tokens, alone), map(_tokens, together), strict=True))
        assert all(len(one) > 1 for one, _ in pairs)
        same = sum(one == other for one, other in pairs)
        parted = [
            _parting(answer, one, other) for answer, (one, other) in zip(alone, pairs, strict=True) if one != other
        ]
        told = [*parted, *_build(load)] if parted else [f"{sum(len(one) for one, _ in pairs)} tokens, prompts included"]
        yield Row(
            name=f"greedy answers equal to one-at-a-time runs, {name}", figure=same, unit=f"of {REQUESTS}",
            least=REQUESTS, note="; ".join(told),
        )  # fmt: skip


def _build(load: dict[str, Any]) -> list[str]:
    return [] if load["same_alone"] else ["the library is another build than ours: `ollascope engine build --fresh`"]


def _requests(server: Server, *, apart: bool = False) -> list[Wanted]:
    """The same every time: random lengths of prompt and answer, random times of arrival."""
    chance = random.Random(7)
    found = []
    for _ in range(REQUESTS):
        prompt = "".join(chance.choices("etaoinshrdlu ", k=chance.randint(3, 600)))
        body = {"model": server.model, "prompt": prompt, "stream": False, "logprobs": True, "top_logprobs": 2,
                "options": {"temperature": 0, "repeat_penalty": 1.0, "num_predict": chance.randint(3, 60)}}  # fmt: skip
        at_s = chance.random() * SPAN_S
        found.append(Wanted(path="/api/generate", body=body, at_s=0.0 if apart else at_s))
    return found


def _tokens(answer: Answer) -> list[int]:
    """Prompt and answer, as the server says them."""
    [event] = answer.events()
    found: list[int] = event["context"]
    return found


def _parting(answer: Answer, one: list[int], other: list[int]) -> str:
    """Where the two part, and how near the two likeliest tokens were to each other there, when it ran alone."""
    place = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(other))
    [event] = answer.events()
    said = event["logprobs"]
    number = place - (len(one) - len(said))
    likeliest, next_one = (each["logprob"] for each in said[number]["top_logprobs"][:2])
    return f"parts at token {number + 1} of {len(said)}, where two tokens are {likeliest - next_one:.4f} nats apart"
