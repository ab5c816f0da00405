"""A worker process: reads its plan, says `ready`, waits for the go, sends its part of the load and leaves the Calls."""

import asyncio
import gc
import resource
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.apis.formats import write_request
from ollascope.bench.client.aim import aim_of
from ollascope.bench.client.bodies import Bodies
from ollascope.bench.client.calls import Subject
from ollascope.bench.client.desk import Desk
from ollascope.bench.client.flight import Flight, Shot
from ollascope.bench.client.journal import Journal
from ollascope.bench.client.lines import Orders, Voice, read_plan
from ollascope.bench.client.loads.closed_loop import ClosedLoad
from ollascope.bench.client.loads.load import Load
from ollascope.bench.client.loads.open_loop import OpenLoad
from ollascope.bench.client.pulse import Pulse, memory
from ollascope.bench.client.sender import Gun, Sender
from ollascope.bench.plan import Plan, Status
from ollascope.pipe import run
from ollascope.words.errors import Trouble
from ollascope.words.ids import Ids

TICK_S: Final = 0.2
TRIES: Final = 5  # to write what a full disk did not take, at the end
FILES: Final = 1 << 20


def main() -> int:
    """The whole life of a worker; its exit code says whether it could begin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the coordinator, which then tells us
    plan = read_plan(0)
    if plan is None:
        return 1
    _allow_files()
    voice = Voice(1)
    try:
        run(_work(plan, voice))
    except Trouble as trouble:
        told = Status(worker=plan.worker, state="done", at_s=0.0, trouble=trouble.message, extra={"hint": trouble.hint})
        voice.say(told, last=True)
        return 1
    return 0


async def _work(plan: Plan, voice: Voice) -> None:
    await Worker(plan, voice).work()


class Worker:
    """What a worker does from its plan to its last line."""

    def __init__(self, plan: Plan, voice: Voice) -> None:
        self._plan = plan
        self._voice = voice
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(Path(plan.folder), plan.worker)
        self._desk, self._gun, self._bodies = _equip(plan, self._journal)
        self._load: Load = (
            OpenLoad(plan, self._gun, self._miss) if plan.schedule.open else ClosedLoad(plan, self._gun, self._bodies)
        )
        self._pulse = Pulse()
        self._over = asyncio.Event()
        self._go_ns = 0
        self._spent_s: float | None = None  # since when nothing more becomes due
        self._ended = 0  # answers that had ended then
        self._trouble: str | None = None

    async def work(self) -> None:
        """Everything, until the last line has been said."""
        orders = Orders(0, self._obey)
        gc.collect()
        gc.freeze()
        gc.disable()
        self._voice.say(self._status("ready"))
        self._loop.add_reader(0, orders.read)
        self._loop.add_signal_handler(signal.SIGTERM, self._cut)
        try:
            await self._over.wait()
        finally:
            self._loop.remove_reader(0)
            self._pulse.stop()
            await self._end()

    # Orders.

    def _obey(self, words: list[str]) -> None:
        """One order of the coordinator."""
        order, at_ns = words[0], int(words[1]) if len(words) > 1 else time.monotonic_ns()
        if order == "go" and not self._go_ns:
            self._go(at_ns)
        elif order == "stage" and self._go_ns:
            self._spent_s = None
            self._load.begin_stage(at_ns)
        elif order == "stop":
            self._load.stop()
            self._over_if_idle()
        elif order == "cut":
            self._cut()

    def _go(self, at_ns: int) -> None:
        self._go_ns = self._desk.go_ns = at_ns
        self._pulse.start()
        self._load.start(at_ns)
        self._loop.call_later(TICK_S, self._tick)

    def _cut(self) -> None:
        """Give up what runs, and end."""
        self._load.stop()
        self._give_up()
        self._over.set()

    def _miss(self, shot: Shot) -> None:
        """A shot that was due and is not sent any more."""
        flight = Flight(shot, self._bodies.settings(shot.number), self._desk, None)
        flight.id = Ids().next()
        flight.at_wall, flight.sent_ns = time.time(), time.monotonic_ns()
        self._desk.miss(flight)

    def _give_up(self) -> None:
        self._load.give_up()
        for flight in tuple(self._desk.flights):
            self._desk.cut(flight)

    # The course of time.

    def _tick(self) -> None:
        self._journal.flush()
        used, _ = memory()
        self._pulse.tidy(used)
        self._wait_for_ends()
        self._over_if_idle()
        if not self._over.is_set():
            self._voice.say(self._status("draining" if self._load.is_spent else "running"))
            self._loop.call_later(TICK_S, self._tick)

    def _wait_for_ends(self) -> None:
        """Answers are waited for so long after the last request was due; in an open loop, after the last answer.

        A server that is behind its load is still measured: latencies from due are right only if all answers are in.
        """
        if not self._load.is_spent:
            self._spent_s = None
            return
        now, ended = time.monotonic(), self._desk.counts.ended
        moves = self._plan.schedule.open and ended != self._ended
        if self._spent_s is None or self._load.waits_long or moves:
            self._spent_s, self._ended = now, ended
        if now - self._spent_s > self._plan.asked.ends.grace_s:
            self._give_up()

    def _over_if_idle(self) -> None:
        load = self._load
        if load.is_spent and load.is_last and not self._desk.flights and not load.waiting:
            self._over.set()

    def _status(self, state: str) -> Status:
        desk, counts, pulse = self._desk, self._desk.counts, self._pulse
        used, peak = memory()
        going = bool(self._go_ns)
        return Status(
            worker=self._plan.worker,
            state=state,
            at_s=(time.monotonic_ns() - self._go_ns) / 1e9 if going else 0.0,
            stage=self._load.stage,
            sent=counts.sent,
            ended=counts.ended,
            failed=counts.failed,
            in_flight=counts.in_flight,
            peak_in_flight=counts.peak,
            tokens_out=counts.tokens,
            outcomes=dict(counts.outcomes),
            ttft_s=counts.take_firsts(),
            cpu_s=pulse.cpu_s if going else 0.0,
            rss_bytes=used,
            rss_peak_bytes=peak,
            lag_worst_s=pulse.take_worst(),
            wall_step_s=pulse.wall_step_s if going else 0.0,
            unwritten=self._journal.unwritten,
            trouble=self._journal.trouble,
            extra={"waiting": self._load.waiting, "unread": desk.waiting},
        )

    async def _end(self) -> None:
        """The last Calls are read and written, and the last line said."""
        self._give_up()
        self._desk.finish()
        await self._gun.close()
        for _ in range(TRIES):
            self._journal.flush()
            if self._journal.trouble is None:
                break
            await asyncio.sleep(TICK_S)
        status = self._status("done")
        lost = self._journal.close()
        last = replace(status, lag_p99_s=self._pulse.lag_p99_s, lost_calls=lost, unwritten=len(lost))
        self._voice.say(last, last=True)


def _equip(plan: Plan, journal: Journal) -> tuple[Desk, Gun, Bodies]:
    """What is needed to send shots and to read what comes."""
    target = plan.asked.target
    if target.api == "inside":
        return _inside(plan, journal)
    aim = aim_of(plan.asked, plan.key)
    bodies = Bodies(plan.material, plan.schedule, plan.run, lambda prompt: write_request(aim.api, aim.action, prompt))
    subject = Subject(run=plan.run, target=target, engine=target.engine or target.api, backend=aim.backend)
    desk = Desk(subject, (aim.api, aim.action), journal, talks=bodies.talks)
    return desk, Sender(aim, bodies, desk, target.ca_file), bodies


def _inside(plan: Plan, journal: Journal) -> tuple[Desk, Gun, Bodies]:
    from ollascope.bench.client.inside import Inside  # noqa: PLC0415 - engines are loaded only where one is asked
    from ollascope.engines.settings import Engines  # noqa: PLC0415
    from ollascope.engines.table import open_engine  # noqa: PLC0415

    target = plan.asked.target
    engine = open_engine(target.engine or "fake", Engines())
    bodies = Bodies(plan.material, plan.schedule, plan.run, lambda prompt: write_request("ollama", "chat", prompt))
    subject = Subject(run=plan.run, target=target, engine=engine.name, backend=engine.backend)
    desk = Desk(subject, ("ollama", target.operation), journal, talks=bodies.talks)
    return desk, Inside(engine, bodies, desk), bodies


def _allow_files() -> None:
    """A connection is an open file: as many as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    sys.exit(main())
