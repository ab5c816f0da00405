"""What the runner of an Ollama did, task by task, put together from its lines (0.30 and later)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ollascope.logs.ollama_lines import Step

MOST_TASKS = 1024  # more in flight at once is no server on one machine
TASK_LINES = 300  # a finished task that nobody asked for within so many lines belongs to none


@dataclass(slots=True, kw_only=True)
class Task:
    """One prompt that a runner worked on; what its lines do not tell is None."""

    number: int
    slot: int
    line: int  # where it began
    prompt_tokens: int
    cached_tokens: int | None = None
    computed_tokens: int | None = None
    prefill_s: float | None = None
    answer_tokens: int | None = None
    decode_s: float | None = None
    total_s: float | None = None
    sampled: bool = False  # an answer was generated; embeddings have none
    shifted: bool = False
    cut: bool = False  # Ollama cut the prompt before the runner saw it
    cancelled: bool = False
    refused: bool = False
    done_line: int | None = None
    lost: bool = False  # its runner has ended
    mixed: bool = False  # two runners used the same numbers at once: whose line is whose cannot be told
    shared: bool = False  # matched to its request by order alone

    @property
    def embeds(self) -> bool:
        """Work without an answer, as far as its lines tell."""
        return not self.sampled and not self.cancelled and self.total_s is None


class Tasks:
    """The tasks in flight and those that finished and wait for the line of their request."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Task] = {}
        self._done: deque[Task] = deque()
        self._cuts: list[int] = []

    def cut(self, kept: int) -> None:
        """Ollama cut a prompt to so many tokens: the task that begins with as many is the one."""
        self._cuts = [*self._cuts[-63:], kept]

    def runner_ended(self) -> None:
        """Which runner it was is not said, so any task in flight may never end."""
        for task in self._open.values():
            task.lost = True

    def note(self, step: Step, line: int) -> Task | None:
        """Take one step; the task is given back when this ended it."""
        if step.kind == "started":
            self._start(step, line)
            return None
        if step.slot < 0:
            self._mark(step)
            return None
        task = self._open.get((step.slot, step.task))
        if task is None:
            return None
        _apply(task, step)
        if step.kind != "released":
            return None
        del self._open[step.slot, step.task]
        if task.refused:
            return None
        task.done_line = line
        self._done.append(task)
        return task

    def finished(self) -> list[Task]:
        """The tasks that ended and nobody took, oldest first."""
        return list(self._done)

    def in_flight(self) -> list[Task]:
        """The tasks that have not ended, oldest first."""
        return [task for task in self._open.values() if not task.lost]

    def lost(self) -> list[Task]:
        """The tasks whose runner ended before them."""
        return [task for task in self._open.values() if task.lost]

    def take(self, tasks: Iterable[Task]) -> None:
        """These have found their request."""
        taken = {id(task) for task in tasks}
        self._done = deque(task for task in self._done if id(task) not in taken)
        self._open = {key: task for key, task in self._open.items() if id(task) not in taken}

    def forget(self, line: int) -> None:
        """Drop what has waited for too long."""
        while self._done and line - (self._done[0].done_line or 0) > TASK_LINES:
            self._done.popleft()
        while len(self._done) > MOST_TASKS:
            self._done.popleft()
        while len(self._open) > MOST_TASKS:
            del self._open[next(iter(self._open))]

    def oldest(self) -> int | None:
        """The first line that still matters."""
        return min((task.line for task in (*self._open.values(), *self._done) if not task.lost), default=None)

    def _start(self, step: Step, line: int) -> None:
        task = Task(number=step.task, slot=step.slot, line=line, prompt_tokens=step.tokens)
        before = self._open.pop((step.slot, step.task), None)
        if before is not None and not before.lost:
            task.mixed = True
        if step.tokens in self._cuts:
            self._cuts.remove(step.tokens)
            task.cut = True
        self._open[step.slot, step.task] = task

    def _mark(self, step: Step) -> None:
        for task in (*self._open.values(), *self._done):
            if task.number == step.task:
                task.cancelled = task.cancelled or step.kind == "cancelled"
                task.refused = task.refused or step.kind == "refused"


def _apply(task: Task, step: Step) -> None:
    if step.kind == "cached" and task.cached_tokens is None:  # the first is the cache, later ones are progress
        task.cached_tokens = step.tokens
    elif step.kind == "sampling":
        task.sampled = True
    elif step.kind == "prefilled":
        task.prefill_s, task.computed_tokens, task.sampled = step.seconds, step.tokens, True
    elif step.kind == "decoded":
        task.answer_tokens = step.tokens
        task.decode_s = step.seconds if step.tokens > 1 and step.seconds > 0 else None
    elif step.kind == "total":
        task.total_s = step.seconds
    elif step.kind == "shifted":
        task.shifted = True
