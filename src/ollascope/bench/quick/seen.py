"""What the runs of `quick` showed at each number of users, and how many of them are served at a comfortable speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ollascope.bench.result import Delivered, Reading, Result, Tail, Throughput

FIRST_S: Final = 2.0
"""A first token that comes later is felt as waiting."""
TOKENS_PER_S: Final = 8.0
"""About as quick as people read: 5 to 6 words a second."""
FAILING: Final = 0.01
"""More failed requests than this are felt as a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What so many users at once saw."""

    users: int
    delivered: Delivered
    throughput: Throughput
    ttft: Tail | None = None
    total: Tail | None = None
    load: Tail | None = None

    @property
    def slow_s(self) -> float | None:
        """What nearly all first tokens kept: the 95th percentile, or the slowest where there are too few."""
        if self.ttft is None or {"p95", "max"} & set(self.ttft.endless):
            return None
        return self.ttft.max if self.ttft.p95 is None else self.ttft.p95

    @property
    def is_comfortable(self) -> bool | None:
        """Whether each of them would be content; None is not known."""
        if self.delivered.failed > FAILING * (self.delivered.ok + self.delivered.failed):
            return False
        speed = self.throughput.user_tokens_per_s
        if self.slow_s is None or speed is None:
            return None
        return self.slow_s <= FIRST_S and speed >= TOKENS_PER_S


def seen_in(results: Sequence[Result]) -> list[Seen]:
    """Every number of users that was tried, the fewest first."""
    found: list[Seen] = []
    for result in results:
        if result.parts:
            found += [
                Seen(users=part.users, delivered=part.delivered, throughput=part.throughput,
                     ttft=part.metrics.get("ttft_s"), total=part.metrics.get("total_s"),
                     load=part.metrics.get("load_s"))
                for part in result.parts if part.users is not None
            ]  # fmt: skip
        elif (users := result.asked.load.levels[0].users) is not None:
            found.append(
                Seen(users=users, delivered=result.delivered, throughput=result.throughput,
                     ttft=result.metrics.get("ttft_s"), total=result.metrics.get("total_s"),
                     load=result.metrics.get("load_s"))
            )  # fmt: skip
    return sorted(found, key=lambda one: one.users)


def comfortable(seen: Sequence[Seen]) -> int | None:
    """The most users of which each was content, as long as all fewer were; 0 for none, None where nothing is known."""
    most: int | None = None
    for one in seen:
        if one.is_comfortable is None:
            break
        if not one.is_comfortable:
            return most or 0
        most = one.users
    return most


def readings_of(results: Sequence[Result]) -> list[Reading]:
    """All readings of the machine."""
    return [reading for result in results for reading in result.readings]


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of what was measured."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def most(values: Sequence[float | None]) -> float | None:
    """The greatest of what was measured."""
    return max((value for value in values if value is not None), default=None)
