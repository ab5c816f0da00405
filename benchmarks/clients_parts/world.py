"""The server that every client is tried against, and what it knows of each try."""

import json
import math
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

TTFT_S, GAP_S, TOKENS = 0.1, 0.02, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What really happened in one try, as the server saw it."""

    requests: int
    peak: int
    ttft_p50_s: float
    ttft_p99_s: float
    total_p50_s: float
    tokens: int


class World:
    """A fake server with known times for the length of a `with`."""

    def __init__(self, streams: int, requests: int) -> None:
        settings = {"serve.connections": 2 * streams + 100, "fake.truth.requests": 2 * requests,
                    "fake.answer.tokens": TOKENS}  # fmt: skip
        program = str(Path(sys.executable).parent / "ollascope")
        flags = [f"--set={key}={value}" for key, value in settings.items()]
        command = [program, *flags, "fake", "--json", "--port", "0", "--ttft", str(TTFT_S), "--gap", str(GAP_S)]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout is not None
        told = "".join(iter(self._server.stdout.readline, "}\n")) + "}"
        self.url = str(json.loads(told)["url"])

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.terminate()
        self._server.wait(10)

    def forget(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/fake/truth", method="DELETE"), timeout=30).close()

    def truth(self, requests: int) -> Truth:
        """Of the last so many requests: what clients send before, to warm up or to look around, is not counted."""
        with urllib.request.urlopen(f"{self.url}/fake/truth", timeout=60) as answer:
            every = [one for one in json.load(answer)["requests"] if one["written_ns"]]
        seen: list[dict[str, Any]] = sorted(every, key=lambda one: int(one["arrived_ns"]))[-requests:]
        if not seen:
            return Truth(requests=0, peak=0, ttft_p50_s=math.nan, ttft_p99_s=math.nan, total_p50_s=math.nan, tokens=0)
        steps = [(one["arrived_ns"], 1) for one in seen] + [(one["arrived_ns"] + one["ended_ns"], -1) for one in seen]
        ttft = sorted(one["written_ns"][0] / 1e9 for one in seen)
        total = sorted(one["ended_ns"] / 1e9 for one in seen)
        return Truth(
            requests=len(seen),
            peak=max(accumulate(step for _, step in sorted(steps))),
            ttft_p50_s=share_of(ttft, 0.5),
            ttft_p99_s=share_of(ttft, 0.99),
            total_p50_s=share_of(total, 0.5),
            tokens=sum(int(one["tokens_out"]) for one in seen),
        )


def share_of(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
