"""One run under way: workers' lines come in, limits are kept, stages follow each other, and how it stands is told."""

import os
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from ollascope.bench import folder as names
from ollascope.bench.about import About, Stretch
from ollascope.bench.plan import Status
from ollascope.bench.running.place import try_save
from ollascope.bench.running.preparing import Ready
from ollascope.bench.running.stand import Stand
from ollascope.bench.running.standing import Standing, Tally, end_of, stage_at
from ollascope.processes.identity import start_time

LOOK_S: Final = 0.25
LIVE_S: Final = 0.5
ABOUT_S: Final = 3.0
LEAVE_S: Final = 3.0  # for workers that were told to give up, to write their last Calls
SILENT_S: Final = 20.0  # a worker that says nothing for so long hangs
OVER_S: Final = 10.0  # beyond the last limit
LONGEST_LOOK_S: Final = 1.0  # a longer pause was ours, not the workers'
RSS_UNIT: Final = 1 if os.uname().sysname == "Darwin" else 1024

INTERRUPTED: Final = "interrupted"
DIED: Final = "worker-died"
HANGS: Final = "worker-hangs"


class Workers(Protocol):
    """What a course needs of the crew."""

    @property
    def died(self) -> tuple[int, ...]: ...
    def statuses(self, wait_s: float) -> list[Status]: ...
    def stop(self) -> None: ...
    def cut(self) -> None: ...
    def next_stage(self) -> None: ...


class Course:
    """Follows a run from its go until all workers have said their last line, or will not."""

    def __init__(self, ready: Ready, stand: Stand, workers: Workers, count: int, go_s: float) -> None:
        self._ready, self._stand, self._workers = ready, stand, workers
        self._count = count
        self._go_s = go_s  # the start of the run by the monotonic clock
        self._tally = Tally(ready.schedule, len(ready.skip))
        self._stage = 0
        self._begun: dict[int, float] = {0: max(0.0, ready.begun_s or 0.0)}  # when each stage really began
        self._cut_by: str | None = None
        self._cut_s: float | None = None  # when running answers are given up
        self._leave_s: float | None = None  # when nobody is waited for any more
        self._told: dict[str, float] = {}
        self._heard: dict[int, tuple[float, float]] = {}  # by worker: its own time, and since when that stands still
        self._silent_s = 0.0
        self._ended: tuple[int, float] = (0, 0.0)  # answers so far, and when that number rose last
        self._cpu_s = time.process_time()
        self._drift = stand.clock.wall() - stand.clock.monotonic()
        self._step_s = 0.0

    def follow(self) -> About:
        """Come back when it is over, with what only the run knows."""
        while not self._is_over():
            before = self.at_s
            statuses = self._workers.statuses(LOOK_S)
            at_s = self.at_s
            self._tally.take(statuses, at_s)
            self._listen(statuses, min(at_s - before, LONGEST_LOOK_S))
            self._judge(at_s)
            self._follow_stages(at_s)
            self._watch_clock()
            self._tell(at_s)
        return self.about(ended=True)

    @property
    def at_s(self) -> float:
        return self._stand.clock.monotonic() - self._go_s

    def about(self, *, ended: bool = False) -> About:
        """What only the run knows at this moment."""
        earlier = self._ready.about
        broken = self._cut_by in {INTERRUPTED, DIED, HANGS, "overtime"}
        troubles = tuple(status.trouble for status in self._tally.statuses if status.trouble)
        return replace(
            earlier,
            until_s=self.at_s,
            ended_at=self._stand.clock.wall() if ended else None,
            cut_by=(self._cut_by or "asked") if ended else "killed",
            partial=broken or not ended,
            stretches=_joined(earlier.stretches, self._stretches()),
            statuses=(*earlier.statuses, *self._tally.statuses),
            coordinator_cpu_s=(earlier.coordinator_cpu_s or 0.0) + time.process_time() - self._cpu_s,
            coordinator_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT,
            wall_step_s=max(earlier.wall_step_s, self._step_s, *(one.wall_step_s for one in self._tally.statuses)),
            notes=tuple(dict.fromkeys((*earlier.notes, *troubles, *self._sentences()))),
        )

    def _is_over(self) -> bool:
        if self._leave_s is not None and self.at_s >= self._leave_s:
            return True
        ended = sum(status.state == "done" for status in self._tally.statuses)
        return ended + len(self._workers.died) >= self._count

    def _judge(self, at_s: float) -> None:
        """Whether something ends the run now; the first reason stays the reason."""
        if self._stand.stop.asked and self._cut_by != INTERRUPTED:
            self._end(INTERRUPTED, at_s, grace_s=0.0)
        if self._cut_by is None and (reason := self._reason(at_s)):
            self._end(reason, at_s, grace_s=self._ready.asked.ends.grace_s if reason in {"errors", "tokens"} else 0.0)
        if self._cut_s is not None and at_s >= self._cut_s:
            self._workers.cut()
            self._cut_s, self._leave_s = None, at_s + LEAVE_S

    def _reason(self, at_s: float) -> str | None:
        ends, tally = self._ready.asked.ends, self._tally
        if self._workers.died:
            return DIED
        if self._silent_s >= SILENT_S:
            return HANGS
        if ends.errors is not None and tally.failed >= ends.errors:
            return "errors"
        if ends.tokens is not None and tally.tokens_out >= ends.tokens:
            return "tokens"
        last = end_of(self._ready.schedule)
        if last is not None and at_s > self._moved_at(last, at_s) + ends.grace_s + OVER_S:
            return "overtime"
        return None

    def _moved_at(self, last_s: float, at_s: float) -> float:
        """When the run came forward last: its planned end, or later in an open loop whose answers still come."""
        if self._tally.ended != self._ended[0]:
            self._ended = self._tally.ended, at_s
        return max(last_s, self._ended[1]) if self._ready.schedule.open else last_s

    def _end(self, reason: str, at_s: float, *, grace_s: float) -> None:
        self._cut_by = reason
        self._workers.stop()
        self._cut_s = at_s + grace_s

    def _listen(self, statuses: Sequence[Status], waited_s: float) -> None:
        """How long the most silent of the workers has said nothing new."""
        said = {status.worker: status for status in statuses}
        for worker in range(self._count):
            heard, silent = self._heard.get(worker, (-1.0, 0.0))
            status = said.get(worker)
            still = status is None or (status.at_s == heard and status.state != "done")
            self._heard[worker] = (status.at_s if status else heard, silent + waited_s if still else 0.0)
        self._silent_s = max(silent for _, silent in self._heard.values())

    def _follow_stages(self, at_s: float) -> None:
        """A sweep goes on when all have drained; other stages begin by the clock or as the workers say."""
        schedule = self._ready.schedule
        if schedule.apart:
            if self._has_drained() and self._stage + 1 < len(schedule.stages) and self._cut_by is None:
                self._stage += 1
                self._begun[self._stage] = at_s
                self._workers.next_stage()
            return
        said = max((status.stage for status in self._tally.statuses), default=0)
        self._stage = max(self._stage, said, stage_at(schedule.stages, at_s))
        self._begun.setdefault(self._stage, at_s)

    def _has_drained(self) -> bool:
        lines = self._tally.statuses
        return len(lines) == self._count and all(
            line.stage == self._stage and line.state == "draining" and not line.in_flight for line in lines
        )

    def _stretches(self) -> list[Stretch]:
        """When each stage ran; one whose time was fixed began then."""
        stages, at_s = self._ready.schedule.stages, self.at_s
        begun = sorted(self._begun.items())
        found = []
        for place, (number, since) in enumerate(begun):
            stage = stages[number]
            starts = since if stage.starts_s is None or self._ready.schedule.apart else max(stage.starts_s, 0.0)
            follows = begun[place + 1][1] if place + 1 < len(begun) else at_s
            ends = follows if stage.ends_s is None or self._ready.schedule.apart else min(stage.ends_s, at_s)
            found.append(
                Stretch(
                    number=number,
                    name=stage.name,
                    since_s=starts,
                    counts_s=min(starts + stage.warm_up_s, ends),
                    until_s=ends,
                    users=stage.level.users,
                    rate=stage.level.rate,
                    due=stage.shots if self._ready.schedule.open else None,
                )
            )
        return found

    def _sentences(self) -> list[str]:
        died = ", ".join(str(worker) for worker in self._workers.died)
        told = {
            DIED: f"worker {died} ended before its time; what the others measured stands",
            HANGS: f"a worker said nothing for {SILENT_S:.0f} seconds; what was written until then stands",
            "overtime": "the workers did not end when their time was over, and were ended",
        }
        return [told[self._cut_by]] if self._cut_by in told else []

    def _watch_clock(self) -> None:
        drift = self._stand.clock.wall() - self._stand.clock.monotonic()
        self._step_s = max(self._step_s, abs(drift - self._drift))

    def _tell(self, at_s: float) -> None:
        now = self._standing(at_s)
        self._stand.listener.standing(now)
        if self._is_due("live", at_s, LIVE_S):
            try_save(self._ready.folder / names.LIVE, now)
        if self._is_due("about", at_s, ABOUT_S):
            try_save(self._ready.folder / names.ABOUT, self.about())

    def _standing(self, at_s: float) -> Standing:
        state = "running" if self._cut_by is None else "ending"
        now = first_standing(self._ready.folder.name, self._stand.clock.wall(), state)
        return self._tally.standing(replace(now, at_s=at_s), self._stage)

    def _is_due(self, what: str, at_s: float, every_s: float) -> bool:
        if at_s < self._told.get(what, float("-inf")) + every_s:
            return False
        self._told[what] = at_s
        return True


def _joined(earlier: Sequence[Stretch], later: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """A stage in which the run was broken off and taken up again is one stretch."""
    found = {stretch.number: stretch for stretch in earlier}
    for stretch in later:
        first = found.get(stretch.number, stretch)
        found[stretch.number] = replace(stretch, since_s=first.since_s, counts_s=first.counts_s)
    return tuple(found[number] for number in sorted(found))


def first_standing(run: str, at: float, state: str) -> Standing:
    """Who carries the run out, and nothing yet of how it goes."""
    pid = os.getpid()
    return Standing(run=run, pid=pid, process=start_time(pid), state=state, at=at)
