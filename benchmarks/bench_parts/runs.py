"""One run of the load client, with what it left and what it cost."""

import tempfile
import time
from array import array
from dataclasses import dataclass
from pathlib import Path

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.client import Crew
from ollascope.bench.folder import GAPS, WORKER
from ollascope.bench.material import FRESH, Material
from ollascope.bench.plan import Plan, Status
from ollascope.bench.schedule import Schedule, Stage
from ollascope.ledger.codec import decode_call
from ollascope.words.call import Call
from ollascope.words.prompt import Message, Prompt

READY_S, AHEAD_NS = 60.0, 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a worker left."""

    calls: list[Call]
    gaps: "array[float]"
    last: Status

    @property
    def cpu_per_token_us(self) -> float:
        return 1e6 * self.last.cpu_s / max(1, self.last.tokens_out)


def closed(url: str, *, users: int, requests: int, tokens: int, api: str = "ollama") -> Run:
    """So many users, until so many requests have been sent."""
    level = Level(users=users, requests=requests)
    stage = Stage(number=0, name=f"{users} users", level=level, starts_s=0.0, shots=requests)
    return _carry_out(url, api, tokens, Schedule(stages=(stage,), open=False))


def opened(url: str, due: "array[float]", *, tokens: int) -> Run:
    """Requests when they are due."""
    level = Level(rate=len(due) / due[-1])
    stage = Stage(number=0, name="rate", level=level, starts_s=0.0, ends_s=due[-1], shots=len(due))
    return _carry_out(url, "ollama", tokens, Schedule(stages=(stage,), open=True, due=due))


def _carry_out(url: str, api: str, tokens: int, schedule: Schedule) -> Run:
    target = Target(url=url, model="slow", api="openai" if api == "openai" else "ollama")
    asked = Asked(target=target, load=Load(levels=(schedule.stages[0].level,)))
    said = (Message(role="user", content=f"{FRESH} <|loop|>"),)
    material = Material(prompts=(Prompt(model="slow", messages=said, max_tokens=tokens),))
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(asked=asked, schedule=schedule, material=material, run="run", folder=folder)
        last = _follow(plan)
        lines = (Path(folder) / WORKER.format(worker=0)).read_bytes().splitlines()
        gaps = array("f")
        gaps.frombytes((Path(folder) / GAPS.format(worker=0)).read_bytes())
    return Run(calls=[decode_call(line) for line in lines], gaps=gaps, last=last)


def _follow(plan: Plan) -> Status:
    with Crew([plan]) as crew:
        crew.ready(READY_S)
        crew.go(time.monotonic_ns() + AHEAD_NS)
        while not crew.died:
            for status in crew.statuses(1.0):
                if status.state == "done":
                    return status
    raise RuntimeError("the worker died")
