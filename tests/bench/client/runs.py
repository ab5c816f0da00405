"""What the tests of the load client share: plans, crews that are followed to their end, and what they left."""

import json
import time
from array import array
from contextlib import contextmanager
from dataclasses import replace
from urllib.request import urlopen

from ollascope.bench.asked import Asked, Ends, Level, Load, Target
from ollascope.bench.client import Crew
from ollascope.bench.folder import GAPS, WORKER
from ollascope.bench.material import FRESH, Material
from ollascope.bench.plan import Plan
from ollascope.bench.schedule import Schedule, Stage
from ollascope.ledger.codec import decode_call
from ollascope.words.prompt import Message, Prompt

READY_S = 30.0
ENDS = Ends(connect_s=2.0, first_s=5.0, idle_s=2.0, whole_s=20.0, grace_s=5.0)


def ask(text, *, tokens=4, operation="chat", **more):
    """A question of a run."""
    if operation == "embed":
        return Prompt(model="vectors", operation="embed", inputs=(text,), stream=False, **more)
    shared = {"model": "slow", "operation": operation, "max_tokens": tokens, **more}
    if operation == "generate":
        return Prompt(text=text, **shared)
    return Prompt(messages=(Message(role="user", content=text),), **shared)


LOOP = ask(f"{FRESH} <|loop|>")


def users(count, *, shots=None, seconds=None, number=0, starts_s=0.0, **more):
    """A stage of a closed loop."""
    level = Level(users=count, seconds=seconds, requests=shots)
    ends = None if seconds is None else (starts_s or 0.0) + seconds
    return Stage(number=number, name=f"{count} users", level=level, starts_s=starts_s, ends_s=ends, shots=shots, **more)


def closed(*stages, **more):
    return Schedule(stages=stages, open=False, **more)


def due(*times, **more):
    """An open loop of one stage."""
    level = Level(rate=1.0)
    stage = Stage(number=0, name="rate", level=level, starts_s=0.0, ends_s=max(times), shots=len(times))
    return Schedule(stages=(stage,), open=True, due=array("d", times), **more)


def plan_of(url, folder, schedule, *prompts, ends=ENDS, turns=(), warm_up=(), **target):
    """One worker's plan."""
    worker = {name: target.pop(name) for name in ("worker", "workers", "key", "skip") if name in target}
    aimed = Target(url=url, model="slow", **target)
    asked = Asked(target=aimed, load=Load(levels=tuple(stage.level for stage in schedule.stages)), ends=ends)
    material = Material(prompts=prompts or (LOOP,), turns=turns, warm_up=warm_up)
    return Plan(asked=asked, schedule=schedule, material=material, run="run", folder=str(folder), **worker)


def shared_by(plan, workers):
    """The same plan for several workers."""
    return [replace(plan, worker=number, workers=workers) for number in range(workers)]


@contextmanager
def going(*plans, program=None):
    """A crew that has begun."""
    with Crew(plans, program) as crew:
        crew.ready(READY_S)
        crew.go(time.monotonic_ns() + 20_000_000)
        yield crew


def follow(crew, until=lambda statuses: False, patience_s=40.0):
    """The last lines of a crew's workers, when all have ended or when it is as far as that."""
    known = {}
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        known |= {status.worker: status for status in crew.statuses(0.5)}
        done = sum(status.state == "done" for status in known.values())
        if done + len(crew.died) == len(crew.pids) or until(list(known.values())):
            return [known[worker] for worker in sorted(known)]
    raise AssertionError(f"the workers did not come to their end: {known}")


def carried_out(*plans):
    """The last lines of the workers of a run that went to its end."""
    with going(*plans) as crew:
        return follow(crew)


def calls(folder, worker=0):
    """The Calls that a worker left, by their shots."""
    lines = (folder / WORKER.format(worker=worker)).read_bytes().splitlines()
    return sorted(map(decode_call, lines), key=lambda call: call.extra["shot"])


def gaps(folder, worker=0):
    found = array("f")
    found.frombytes((folder / GAPS.format(worker=worker)).read_bytes())
    return found


def truths(url):
    """What the fake says of each request, by the id that we gave it."""
    with urlopen(f"{url}/fake/truth", timeout=20) as answer:
        return {one["label"]: one for one in json.load(answer)["requests"]}
