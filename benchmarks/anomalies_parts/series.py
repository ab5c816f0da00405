"""Synthetic minutes of a model and its machine: daily cycle, heavy tails, and whatever is planted into them."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ollascope.monitor.windows import First, Window, first_of
from ollascope.words.call import Call

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
START = 1_760_000_000 // DAY_S * DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What holds in one minute: factors on the quiet figures, and shares."""

    ttft: float = 1.0
    prompt: float = 1.0
    gap: float = 1.0
    rate: float = 1.0
    traffic: float = 1.0
    errors: float = 0.005
    load_s: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    celsius: float = 0.0


Plan = Callable[[float], Now]


def quiet(_minutes: float) -> Now:
    """Nothing is planted."""
    return Now()


@dataclass(slots=True)
class World:
    """A model with its habits; `cycle` is how much slower it is at the busiest hour than on average."""

    chance: random.Random
    calls: float = 6.0  # a minute, on average
    cycle: float = 0.25
    noise: float = 0.25
    drifting: float = field(default=0.0)

    def minutes(self, start: float, count: int, plan: Plan = quiet) -> Iterator[list[Window]]:
        """Some minutes from that moment on; the plan is told how many have gone by."""
        for number in range(count):
            at = start + number * MINUTE_S
            yield [self._model(at, plan(float(number))), self._machine(at, plan(float(number)))]

    def _model(self, at: float, now: Now) -> Window:
        busy = math.sin(2 * math.pi * (at % DAY_S) / DAY_S - 2.0)
        self.drifting = 0.9 * self.drifting + self.chance.gauss(0, 0.03)  # minutes hang together
        slow = math.exp(self.cycle * busy + self.drifting)
        asked = self._poisson(self.calls * now.traffic * (1 + 0.7 * busy))
        failures = sum(self.chance.random() < now.errors for _ in range(asked))
        served = range(asked - failures)
        return Window(
            at=at, model="m", backend="b", calls=asked, failures=failures,
            firsts=tuple(first for _ in served if (first := self._first(now, slow)) is not None),
            gaps=tuple(0.03 * now.gap * slow * self._wild(0.15) for _ in served),
            rates=tuple(40.0 * now.rate / (slow * self._wild(0.1)) for _ in served),
        )  # fmt: skip

    def _first(self, now: Now, slow: float) -> First | None:
        tokens = int(400 * now.prompt * math.exp(self.chance.gauss(0, 0.9)))
        own = (0.12 + tokens / 1500) * now.ttft * slow * self._wild(self.noise)
        if not now.load_s:
            return tokens, own
        load_s = now.load_s * self.chance.uniform(0.99, 1.01)  # an engine tells it by its own clock
        call = Call(id="1", sent_at=0.0, source="gateway", outcome="ok", tokens_in=tokens, load_s=load_s,
                    first_chunk_s=now.load_s + own)  # fmt: skip
        return first_of(call)

    def _machine(self, at: float, now: Now) -> Window:
        busy = math.sin(2 * math.pi * (at % DAY_S) / DAY_S - 2.0)
        draw = self.chance.gauss
        readings = {
            "cpu_ratio": tuple(min(1.0, max(0.0, 0.35 + 0.2 * busy + now.cpu + draw(0, 0.08))) for _ in range(4)),
            "memory_ratio": (min(1.0, 0.55 + 0.03 * busy + now.memory + draw(0, 0.01)),),
            "gpu0_temperature_celsius": (60 + 7 * busy + now.celsius + draw(0, 1.5),),
        }
        return Window(at=at, readings=readings)

    def _wild(self, sigma: float) -> float:
        far = 5.0 if self.chance.random() < 0.01 else 1.0  # one in a hundred is wild
        return far * math.exp(self.chance.gauss(0, sigma))

    def _poisson(self, mean: float) -> int:
        count, left = 0, self.chance.expovariate(1.0)
        while left < mean:
            count, left = count + 1, left + self.chance.expovariate(1.0)
        return count


def between(first: float, last: float, planted: Now) -> Plan:
    """Something that holds from one minute until before another."""
    return lambda minute: planted if first <= minute < last else Now()


def ramp(first: float, last: float, name: str, most: float) -> Plan:
    """Something that grows: a factor by its logarithm, a plain figure evenly; it stays at its end."""

    def plan(minute: float) -> Now:
        part = min(1.0, max(0.0, (minute - first) / (last - first)))
        value = most * part if name in {"cpu", "memory", "celsius"} else most**part
        return replace(Now(), **{name: value})

    return plan
