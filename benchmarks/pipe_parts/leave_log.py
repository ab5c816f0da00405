"""What is known of every exchange that is left: when somebody went, when the other side heard, and what went wrong."""

import asyncio
from collections import Counter
from time import monotonic_ns

from pipe_parts.leave_plan import Leaving


class Log:
    """Both sides write here; they live in one process and share its clock."""

    def __init__(self) -> None:
        self.plans: dict[int, Leaving] = {}
        self.left: dict[int, int] = {}
        self.seen: set[int] = set()  # the upstream has read the request's head
        self.waiting: dict[int, asyncio.Future[None]] = {}
        self.took_ms: list[float] = []
        self.slow: list[tuple[float, str]] = []
        self.phases: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.refused_unasked = 0

    def leave(self, number: int, phase: str) -> None:
        self.left[number] = monotonic_ns()
        self.phases[f"{self.plans[number].side}, {phase}"] += 1

    def hear(self, number: int, how: str) -> None:
        """The other side has noticed."""
        gone = self.left.pop(number, None)
        if gone is None:
            return
        took = (monotonic_ns() - gone) / 1e6
        self.took_ms.append(took)
        if took > 5:
            plan = self.plans[number]
            self.slow.append(
                (round(took, 1), f"{plan.side} {plan.manner} stall={plan.stall} written={plan.written} -> {how}")
            )
        if number in self.waiting:
            self.waiting[number].set_result(None)

    def complain(self, number: int, text: str) -> None:
        self.wrong.append(f"{text}: {self.plans.get(number, number)}")

    async def wait_heard(self, number: int) -> None:
        """Until the other side has heard, if it must; two seconds are never."""
        if number not in self.left:
            return
        future = self.waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(future, 2.0)
        except TimeoutError:
            self.complain(number, "the other side did not hear within two seconds")
            self.left.pop(number, None)
        finally:
            del self.waiting[number]
