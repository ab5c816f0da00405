"""How far a pull or create has come: rate and time left; a bar on a screen, a line now and then in a pipe."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from ollascope.apis.models import Progress
from ollascope.console.show import size_text
from ollascope.engines.shown.lists import span_text
from ollascope.logs.form import printable

if TYPE_CHECKING:
    from rich.progress import TaskID

WINDOW_S: Final = 10.0  # the rate is that of the last seconds
SHORTEST_S: Final = 0.5  # over less it says nothing
BROUGHT: Final = "pulling"  # how the status of a part begins that comes from a registry
THERE_BYTES: Final = 32 << 20  # more than this in the first report of a part was there before
LINE_S: Final = 10.0  # in a pipe: a line after so long, or after a tenth of the whole
LINE_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an order stands; without a total only its words are known."""

    text: str
    begins: bool
    total: int | None = None
    done: int = 0
    there: int = 0  # bytes that an earlier attempt had brought
    rate: float | None = None
    left_s: float | None = None

    @property
    def resumed(self) -> bool:
        return self.begins and self.total is not None and THERE_BYTES <= self.there < self.total

    def figures(self) -> str:
        """Share, sizes, rate and time left, as far as they are known."""
        if self.total is None:
            return ""
        share = f"{100 * self.done // max(1, self.total)} %"
        parts = [share, f"{size_text(self.done)} of {size_text(self.total)}"]
        if self.rate is not None and self.done < self.total:
            parts.append(f"{size_text(round(self.rate))}/s")
        if self.left_s is not None:
            parts.append(f"{span_text(self.left_s)} left")
        return ", ".join(parts)


def watch(steps: Iterable[Progress], display: "Display", clock: Callable[[], float]) -> None:
    """Carries an order out and shows how far it is."""
    course = Course(clock)
    with display:
        for step in steps:
            if not step.success:
                display.show(course.take(step))


class Course:
    """Follows the steps of one order."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key: str | None = None
        self._there = 0
        self._seen: deque[tuple[float, int]] = deque()

    def take(self, step: Progress) -> Standing:
        """Where the order stands after this step."""
        now, done = self._clock(), step.completed or 0
        key = step.digest or step.status
        begins = key != self._key
        if begins:
            self._key, self._there = key, done if step.status.startswith(BROUGHT) else 0
            self._seen.clear()
        self._note(now, done)
        rate = self._rate()
        left = None if step.total is None else max(0, step.total - done)
        return Standing(
            text=printable(step.status),
            begins=begins,
            total=step.total,
            done=done if step.total is None else min(done, step.total),
            there=self._there,
            rate=rate,
            left_s=left / rate if rate and left else None,
        )

    def _note(self, now: float, done: int) -> None:
        if self._seen and done < self._seen[-1][1]:  # a part that failed its check is brought again
            self._seen.clear()
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()

    def _rate(self) -> float | None:
        (begun, first), (now, done) = self._seen[0], self._seen[-1]
        return (done - first) / (now - begun) if now - begun >= SHORTEST_S else None


class Display(Protocol):
    """Shows where an order stands."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, standing: Standing) -> None: ...


class Lines:
    """A line at each new step, and now and then within a long one."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._at = 0.0
        self._share = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, standing: Standing) -> None:
        if standing.resumed:
            self._tell(resumption(standing))
        if not self._is_due(standing):
            return
        self._at = self._clock()
        self._share = standing.done / standing.total if standing.total else 0.0
        figures = standing.figures()
        self._tell(f"{standing.text}: {figures}" if figures else standing.text)

    def _is_due(self, standing: Standing) -> bool:
        if standing.begins:
            return True
        if not standing.total or self._share >= 1:
            return False
        share = standing.done / standing.total
        return share >= 1 or share >= self._share + LINE_SHARE or self._clock() - self._at >= LINE_S


class Screen:
    """A bar for each part that has a size, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
        from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
        from rich.progress import Progress as Bars  # noqa: PLC0415

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[figures]}"))
        self._bars: Bars = Bars(*columns, console=Console(stderr=True))
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, standing: Standing) -> None:
        if standing.resumed:
            self._bars.console.print(resumption(standing), markup=False, highlight=False)
        if standing.begins:
            self._begin(standing)
        if self._task is not None:
            total = standing.total
            self._bars.update(self._task, completed=standing.done, total=total, figures=standing.figures())

    def _begin(self, standing: Standing) -> None:
        """The bar before ends full: a server need not report the last bytes of a part."""
        if self._task is not None:
            task = self._bars.tasks[self._bars.task_ids.index(self._task)]
            figures = size_text(round(task.total)) if task.total else "done"
            self._bars.update(self._task, total=task.total or 1, completed=task.total or 1, figures=figures)
        self._task = self._bars.add_task(standing.text, total=standing.total, figures=standing.figures())


def resumption(standing: Standing) -> str:
    """What an earlier attempt left is used."""
    return f"going on where it stopped: {size_text(standing.there)} of {size_text(standing.total or 0)} are there"
