"""How a run is followed: a bar on a terminal, a line now and then in a pipe, nothing where a program reads."""

from collections.abc import Callable
from typing import Final

from ollascope.bench.running.standing import Standing
from ollascope.reports.say import count, digits, seconds
from ollascope.words.errors import Trouble

LINE_S: Final = 10.0
FIRST_S: Final = 2.0
DRAWN_S: Final = 0.5
BAR: Final = 24  # letters


class Lines:
    """A line now and then; what is told is always a line."""

    def __init__(self, tell: Callable[[str], None], *, silent: bool = False) -> None:
        self._tell = tell
        self._silent = silent
        self._next_s = FIRST_S
        self._stage = 0
        self.troubles: list[Trouble] = []

    def told(self, text: str) -> None:
        if not self._silent:
            self._tell(text)

    def standing(self, now: Standing) -> None:
        if now.at_s < self._next_s and now.stage == self._stage:
            return
        self._next_s, self._stage = now.at_s + LINE_S, now.stage
        left = f", {seconds(float(round(now.left_s)))} left" if now.left_s is not None else ""
        self.told(f"{seconds(now.at_s)}: {figures(now)}{left}")

    def failed(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None: ...


class Bar:
    """A bar and the figures of the moment, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
        from rich.live import Live  # noqa: PLC0415

        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._drawn_s = float("-inf")
        self.troubles: list[Trouble] = []

    def told(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False)

    def standing(self, now: Standing) -> None:
        """Drawn twice a second: drawing takes time of the machine that is measured."""
        from rich.text import Text  # noqa: PLC0415

        if now.at_s < self._drawn_s + DRAWN_S:
            return
        if not self._live.is_started:
            self._live.start()
        self._drawn_s = now.at_s
        self._live.update(Text(f"{headline(now)}\n{figures(now)}"), refresh=True)

    def failed(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live.is_started:
            self._live.stop()


def headline(now: Standing) -> str:
    """What runs, how much of it is over, how long it takes yet."""
    stage = f"{now.stage_name} ({now.stage + 1} of {now.stages})" if now.stages > 1 else now.stage_name
    parts = [stage]
    if now.share is not None:
        full = round(now.share * BAR)
        parts.append(f"{'━' * full}{'╌' * (BAR - full)} {now.share:.0%}")
    if now.left_s is not None and now.state == "running":
        parts.append(f"{seconds(float(round(now.left_s)))} left")
    return "  ".join(parts)


def figures(now: Standing) -> str:
    """The moment in words: requests, in flight, rates, time to the first token, failures."""
    parts = [f"{count(now.ended - now.failed)} answered", f"{now.in_flight} in flight"]
    if now.requests_per_s is not None:
        parts.append(f"{digits(now.requests_per_s)} requests/s")
    if now.tokens_per_s:
        parts.append(f"{digits(now.tokens_per_s)} tokens/s")
    if now.ttft_p50_s is not None and now.ttft_p95_s is not None:
        parts.append(f"TTFT {seconds(now.ttft_p50_s)}, p95 {seconds(now.ttft_p95_s)}")
    if now.failed:
        parts.append(f"{count(now.failed)} failed")
    return ", ".join(parts)
