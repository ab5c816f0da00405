"""The log of an Ollama, line by line, as the requests it served; pure: lines in, requests out.

It lies among the logs because its shape is that of a log reader (line in, event out, incremental); a client of the
engine has nothing to do with it. Ollama writes one line when a request has ended, without saying which of the runner's
lines before it were its own. They are joined by order and time; where two would fit, `by_order` says so.
"""

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Literal

from ollascope.logs.ollama_lines import Access, Step, Told, read_line
from ollascope.logs.ollama_tasks import Task, Tasks

Operation = Literal["chat", "generate", "embed", "embeddings"]
Api = Literal["ollama", "openai", "anthropic"]

ACTIONS: dict[str, tuple[Api, Operation]] = {
    "/api/chat": ("ollama", "chat"),
    "/api/generate": ("ollama", "generate"),
    "/api/embed": ("ollama", "embed"),
    "/api/embeddings": ("ollama", "embeddings"),
    "/v1/chat/completions": ("openai", "chat"),
    "/v1/completions": ("openai", "generate"),
    "/v1/responses": ("openai", "chat"),
    "/v1/embeddings": ("openai", "embed"),
    "/v1/messages": ("anthropic", "chat"),
}
REFUSALS = frozenset({400, 401, 403, 404, 405, 413, 429, 501, 503})
HOLD_S = 2.0  # what a log says of a request after its line comes within moments
EARLY_LINES = 60
WAIT_LINES = 200  # so far behind the line of a request may that of its runner come
SLACK_S = 0.005  # between the clocks of Ollama and its runner
TRUNCATED_S = 60.0  # longer durations are written in whole seconds
NEAR_S = 1.5  # lines about one event lie within so long, a second of it for the coarse clock of a request's line
AFTER_S = 0.5
MARK_S = 600.0
INSTANT_S = 0.02  # a request refused so quickly never reached a model


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One request to a model, as the log tells it; None where it does not.

    It ended between `ended_at` and `within_s` later: a log file has whole seconds. `line` counts from the first line
    this reader was fed; `second` and `key` are the same whenever this line is read again.
    """

    line: int
    second: float
    key: str
    ended_at: float
    within_s: float
    duration_s: float
    status: int
    path: str
    api: Api
    operation: Operation
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    prefill_s: float | None = None
    decode_s: float | None = None
    cancelled: bool = False
    by_order: bool = False
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class _Held:
    """A request that is not given out yet, as its runner or a later message may still tell of it."""

    served: Served
    tasks: list[Task]
    waits: bool = False  # for a task that is in flight
    early: bool = False  # no task was in flight: its lines may come all together behind this one
    left: bool = False  # the log says that the client went away

    @property
    def embeds(self) -> bool:
        return self.served.operation.startswith("embed")


@dataclass(frozen=True, slots=True)
class _Mark:
    """A message that belongs to a request: which one is told by order and time."""

    flag: str
    at: float
    line: int


class OllamaLog:
    """Feed it the lines of one log in order; each call gives the requests that are complete."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._line = -1
        self._now: float | None = None
        self._tasks = Tasks()
        self._held: list[_Held] = []
        self._marks: list[_Mark] = []

    def feed(self, line: str, at: float | None = None) -> list[Served]:
        """One more line; `at` is when it was written, where that is known better than the line tells."""
        self._line += 1
        fact = read_line(line, self._zone)
        if isinstance(fact, Step):
            self._step(fact)
        elif isinstance(fact, Told):
            self._tell(fact, at)
        elif isinstance(fact, Access):
            self._access(fact, line, at)
        return self._ripe() if fact is not None else []

    def prime(self, line: str) -> None:
        """Learn the log's time zone from a line that lies before those that are fed."""
        fact = read_line(line)
        if isinstance(fact, Told) and fact.zone is not None:
            self._zone = fact.zone

    def settle(self, at: float = float("inf")) -> list[Served]:
        """The log has been quiet until this instant: give out what waited for more of it."""
        self._now = at if self._now is None else max(self._now, at)
        found = self._ripe()
        if at == float("inf"):
            self._now = None
        return found

    def needed_from(self) -> int:
        """The first line that must be fed again to a reader that takes over; the next one if none."""
        begun = [held.served.line for held in self._held] + [self._line + 1]
        begun += [task.line for held in self._held for task in held.tasks] + [mark.line for mark in self._marks]
        oldest = self._tasks.oldest()
        return min(begun if oldest is None else [*begun, oldest])

    def _step(self, step: Step) -> None:
        ended = self._tasks.note(step, self._line)
        if ended is not None:
            self._give(ended)

    def _tell(self, told: Told, at: float | None) -> None:
        if told.zone is not None:
            self._zone = told.zone
        moment = at if at is not None else told.at
        if moment is None:
            return
        self._now = moment
        if told.message.startswith("llama-server terminated"):
            self._tasks.runner_ended()
        if told.kept is not None:
            self._tasks.cut(told.kept)
        if told.flag:
            self._marks = [*self._marks[-255:], _Mark(told.flag, moment, self._line)]

    def _access(self, access: Access, line: str, at: float | None) -> None:
        ended_at, within_s = self._ended(access, at)
        if ended_at is None:
            return
        self._now = ended_at
        action = ACTIONS.get(access.path)
        if action is None or access.method != "POST":
            return
        if access.duration_s >= TRUNCATED_S:
            within_s += 1.0
        second = float(int(ended_at)) if access.at is None or at is not None else access.at
        served = Served(
            line=self._line,
            second=second,
            key=self._key(line),
            ended_at=ended_at,
            within_s=within_s,
            duration_s=access.duration_s,
            status=access.status,
            path=access.path,
            api=action[0],
            operation=action[1],
        )
        held = _Held(served, [])
        self._join(held)
        self._held.append(held)

    def _key(self, line: str) -> str:
        """The line itself; of several alike, as two requests that ran out of time together have, also which it is."""
        bare = line[line.find("[GIN]") :].rstrip()
        alike = sum(held.served.key.startswith(bare) for held in self._held)
        return f"{bare} #{alike}"

    def _ended(self, access: Access, at: float | None) -> tuple[float | None, float]:
        """The line has whole seconds; a message before it in the same second tells more."""
        if at is not None:
            return at, 0.0
        if access.at is None or self._now is None or not access.at < self._now < access.at + 1:
            return access.at, 1.0
        return self._now, access.at + 1 - self._now

    def _join(self, held: _Held) -> None:
        """Find the runner's tasks of a request that has just ended."""
        if held.embeds:  # one text is one task; the last may still be ending
            known = [*self._tasks.finished(), *(self._tasks.in_flight() if held.served.status < 400 else [])]
            self._hand(held, [task for task in known if task.embeds])
            return
        if held.served.status in REFUSALS:
            return  # it never reached the runner
        fitting = [task for task in self._tasks.finished() if not task.embeds and _fits(task, held.served)]
        fitting = self._serve_early(fitting)
        if len(fitting) > 1:
            for task in fitting:
                task.shared = True
        fitting = fitting or self._tasks.lost()  # a request whose runner died ends at once
        if fitting:
            self._hand(held, fitting[-1:])  # the newest: one that was missed must not put all later ones off by one
        else:
            held.waits = bool(self._tasks.in_flight())
            held.early = not held.waits and held.served.status < 400

    def _serve_early(self, tasks: list[Task], keep: int = 1) -> list[Task]:
        """Of several finished tasks the first may be that of a request whose line came before all of the task's."""
        for held in self._held:
            fitting = [task for task in tasks if held.early and _follows(task, held.served)]
            if fitting and len(tasks) > keep:
                held.early = False
                self._hand(held, fitting[:1])
                tasks = [task for task in tasks if task is not fitting[0]]
        return tasks

    def _give(self, task: Task) -> None:
        """A task has just ended: the line of its request may have come before."""
        if task.embeds:
            return
        waiting = [held for held in self._held if held.waits and self._line - held.served.line < WAIT_LINES
                   and _fits(task, held.served)]  # fmt: skip
        if not waiting:
            return
        if len(waiting) > 1:
            task.shared = True
        self._hand(waiting[-1] if task.cancelled else waiting[0], [task])

    def _hand(self, held: _Held, tasks: list[Task]) -> None:
        self._tasks.take(tasks)
        held.tasks += tasks
        held.waits = False

    def _ripe(self) -> list[Served]:
        self._tasks.forget(self._line)
        if self._now is None:
            return []
        count = sum(1 for held in self._held if self._now - held.served.ended_at >= HOLD_S)
        given = self._held[:count]
        if given:
            if any(held.early for held in given):
                self._serve_early([task for task in self._tasks.finished() if not task.embeds], keep=0)
            for mark in self._marks:
                self._own(mark)
            if self._now != float("inf"):
                self._marks = [mark for mark in self._marks if self._now - mark.at < _kept_s(mark)]
        self._held = self._held[count:]
        return [_complete(held) for held in given]

    def _own(self, mark: _Mark) -> None:
        """Give a mark to its request, if that has ended; a runner may take several with it."""
        if mark.flag == "runner-killed":
            for held in self._held:
                if _was_cut_off(held, mark):
                    _flag(held, mark.flag)
            return
        if mark.flag == "client-left":
            left = [held for held in self._held if held.served.status == 500 and _is_near(held.served, mark.at)]
            owner = min(left, key=lambda held: abs(held.served.line - mark.line), default=None)
        else:
            candidates = [held for held in self._held if _may_own(held, mark)]
            order = [(_late(held.served, mark.at), held.served.line) for held in candidates]
            owner = candidates[order.index(min(order))] if candidates else None
        if owner is not None:
            _flag(owner, mark.flag)
            self._marks = [other for other in self._marks if other is not mark]


def _flag(held: _Held, flag: str) -> None:
    held.left = held.left or flag in {"client-left", "load-aborted"}
    if flag != "client-left" and flag not in held.served.flags:
        held.served = replace(held.served, flags=(*held.served.flags, flag))


def _kept_s(mark: _Mark) -> float:
    """A runner's end is told at once; what is said at the beginning of a request waits for its end."""
    return 2 * HOLD_S if mark.flag in {"runner-killed", "client-left"} else MARK_S


def _may_own(held: _Held, mark: _Mark) -> bool:
    """The line of a request comes after what was said of it while it ran."""
    served = held.served
    if served.line < mark.line or held.embeds or served.status in REFUSALS:
        return False
    if mark.flag == "prompt-truncated" and held.tasks:
        return any(task.cut for task in held.tasks)
    if mark.flag == "load-aborted" and served.status < 499:
        return False
    began = served.ended_at - served.duration_s
    return began - NEAR_S <= mark.at <= served.ended_at + served.within_s + AFTER_S


def _was_cut_off(held: _Held, mark: _Mark) -> bool:
    """A request that ended when its runner did, without an end of its own."""
    served = held.served
    died = any(task.lost for task in held.tasks)
    refused = not held.tasks and served.status == 500 and served.duration_s > INSTANT_S
    return (died or refused) and not held.left and _is_near(served, mark.at)


def _is_near(served: Served, at: float) -> bool:
    return served.ended_at - NEAR_S <= at <= served.ended_at + served.within_s + AFTER_S


def _late(served: Served, at: float) -> float:
    """How far an instant lies from the beginning of a request, which is known to `within_s`."""
    first = served.ended_at - served.duration_s
    return max(0.0, first - at, at - first - served.within_s)


def _fits(task: Task, served: Served) -> bool:
    return task.total_s is None or task.total_s <= served.duration_s + SLACK_S


def _follows(task: Task, served: Served) -> bool:
    soon = served.line < task.line < served.line + EARLY_LINES
    return soon and task.total_s is not None and task.total_s <= served.duration_s


def _complete(held: _Held) -> Served:
    tasks, served = held.tasks, held.served
    flags = [*served.flags]
    if any(task.shifted for task in tasks):
        flags.append("context-shifted")
    if any(task.cut for task in tasks) and "prompt-truncated" not in flags:
        flags.append("prompt-truncated")
    cancelled = served.status == 499 or held.left or any(task.cancelled for task in tasks)
    served = replace(served, flags=tuple(flags), cancelled=cancelled)
    return served if any(task.mixed for task in tasks) else _counted(served, tasks)


def _counted(served: Served, tasks: list[Task]) -> Served:
    if not tasks:
        return served
    first = tasks[0]
    cached = [task.cached_tokens for task in tasks]
    return replace(
        served,
        tokens_in=sum(task.prompt_tokens for task in tasks),
        tokens_cached=None if None in cached else sum(count or 0 for count in cached),
        tokens_out=first.answer_tokens,
        prefill_s=first.prefill_s,
        decode_s=first.decode_s,
        by_order=any(task.shared for task in tasks),
    )
