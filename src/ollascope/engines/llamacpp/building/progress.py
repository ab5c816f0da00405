"""Shows how far a build is: a bar where a person watches, a line for each stage and each tenth elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ollascope.console.show import note
from ollascope.engines.llamacpp.building.build import Report
from ollascope.engines.llamacpp.building.step import Step

TENTHS = 10


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Report]:
    """A report that shows itself."""
    if not (stream or sys.stderr).isatty():
        yield Lines()
        return
    from rich.console import Console  # noqa: PLC0415 - only a person's screen needs it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(file=stream or sys.stderr)
    if console.is_dumb_terminal:
        yield Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(step: Step) -> None:
            bar.update(task, description=step.text, completed=step.done, total=step.total or None)

        yield report


class Lines:
    """A report as lines for a log, few enough to be read."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", 0)

    def __call__(self, step: Step) -> None:
        tenth = step.done * TENTHS // step.total if step.total else 0
        if (step.stage, tenth) != self._last:
            self._last = (step.stage, tenth)
            note(step.text)
