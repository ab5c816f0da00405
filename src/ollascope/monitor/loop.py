"""Tasks that come again and again, each in its own thread, none able to stop the others."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ollascope.words.errors import Trouble

log = logging.getLogger(__name__)

LONGEST_S = 300.0  # between two attempts of a task that fails
MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done every so many seconds, for the first time after `first_s`."""

    name: str
    every_s: float
    run: Callable[[], object]
    first_s: float = 0.0
    close: Callable[[], None] | None = None  # what to give back at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a task went so far."""

    done: int = 0
    failures: int = 0  # since it last went well
    done_at: float | None = None  # by the monotonic clock
    trouble: str = ""


class Loop:
    """Runs tasks until it is told to stop."""

    def __init__(self, tasks: Sequence[Task], stop: threading.Event, monotonic: Callable[[], float] = time.monotonic):
        self._tasks = tuple(tasks)
        self._stop = stop
        self._monotonic = monotonic
        self._courses = {task.name: Course() for task in tasks}
        self._threads = [
            threading.Thread(target=self._keep, args=(task,), name=task.name, daemon=True) for task in self._tasks
        ]

    def start(self) -> None:
        """Begin with all of them."""
        for thread in self._threads:
            thread.start()

    def courses(self) -> dict[str, Course]:
        """How each task went so far."""
        return dict(self._courses)

    def end(self, patience_s: float) -> bool:
        """Tell all to stop and wait at most so long; what has ended gives back what it held. False if one goes on."""
        self._stop.set()
        deadline = self._monotonic() + patience_s
        for task, thread in zip(self._tasks, self._threads, strict=True):
            thread.join(max(0.0, deadline - self._monotonic()))
            if not thread.is_alive() and task.close is not None:
                task.close()
        return not any(thread.is_alive() for thread in self._threads)

    def turn(self, task: Task) -> float:
        """Do a task once; gives the seconds until its next turn."""
        before = self._courses[task.name]
        try:
            task.run()
        except Trouble as error:
            return self._failed(task, before, f"{error.message}; {error.hint}" if error.hint else error.message)
        except Exception as error:  # noqa: BLE001 - a bug in one task must not end the others; it is logged whole
            return self._failed(task, before, f"{type(error).__name__}: {error}", error)
        if before.failures:
            log.warning("%s works again after %d failures", task.name, before.failures)
        self._courses[task.name] = Course(done=before.done + 1, done_at=self._monotonic())
        return task.every_s

    def _keep(self, task: Task) -> None:
        wait = task.first_s
        while not self._stop.wait(wait):
            began = self._monotonic()
            wait = max(0.0, self.turn(task) - (self._monotonic() - began))

    def _failed(self, task: Task, before: Course, text: str, bug: Exception | None = None) -> float:
        if not before.failures:
            log.error("%s fails, everything else goes on: %s", task.name, text, exc_info=bug)
        failures = before.failures + 1
        self._courses[task.name] = replace(before, failures=failures, trouble=text)
        return max(task.every_s, min(task.every_s * 2.0 ** min(failures, MOST_DOUBLINGS), LONGEST_S))
