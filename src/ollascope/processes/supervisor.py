"""The supervisor: starts the children, watches them, starts them again and stops them.

It is one asyncio loop, because all it does is wait: for ends (SIGCHLD), output (a pipe a child), answers (sockets),
time and signals. What follows from each is decided in `plan` and `restart`; here it is carried out.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollascope.processes import plan, restart
from ollascope.processes.address import answers, choose_port, refusal, try_port, url
from ollascope.processes.files import private_folder
from ollascope.processes.identity import Identity
from ollascope.processes.output import Output, output_name
from ollascope.processes.plan import Child, Table
from ollascope.processes.restart import Life
from ollascope.processes.running import Keeper, Orphans, Running, exit_text
from ollascope.processes.settings import Processes
from ollascope.processes.state import Event, Report, Standing, remove_report, told_of, write_report
from ollascope.words.clock import Clock, utc_text

LOGS = "logs"
OWN_LOG = "supervisor.out"
OWN_LOG_LIMIT = 2 << 20
SETTLING_S = 0.5  # a child without an address is ready when it has lived this long
FIRST_PAUSE_S = 0.03  # between two questions whether a child answers
LONGEST_PAUSE_S = 1.0
GROUP_PAUSE_S = 0.05  # between two looks at a group whose leader has ended
SWEEP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a supervisor stands: its data folder, the lock it holds on that, and who it is itself."""

    data: Path
    lock: int
    me: Identity
    clock: Clock = field(default_factory=Clock)
    adopts: bool = False  # orphans below this process are its own


class Supervisor:
    """Keeps all children of a table running until it is told to stop."""

    def __init__(self, table: Table, place: Place, limits: Processes, tell: Callable[[Event], None]) -> None:
        plan.check(table)
        self._table = dict(table)
        self._place = place
        self._limits = limits
        self._tell_others = tell
        self._now = place.clock.monotonic
        self._lives = {name: Life(since=self._now()) for name in table}
        self._running: dict[str, Running] = {}
        self._probes: dict[str, asyncio.Task[None]] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._wake = asyncio.Event()
        self._orphans = Orphans()
        self._stop_at: float | None = None
        self._sweep_at: float | None = None
        self._settled = False
        self._free: set[str] = set()  # whose port is chosen here
        self._held: dict[str, str] = {}  # who may not start yet, and why
        self._told: set[str] = set()  # who is blocked, and that is known
        self._report: Report | None = None
        private_folder(place.data / LOGS)
        self._log = Output(place.data / LOGS / OWN_LOG, OWN_LOG_LIMIT, self._complain(f"{LOGS}/{OWN_LOG}"))
        limit = limits.log_mib << 20
        self._outputs = {
            name: Output(place.data / LOGS / output_name(name), limit, self._complain(f"{LOGS}/{output_name(name)}"))
            for name in table
        }

    async def run(self) -> bool:
        """Until told to stop, or until nothing runs and nothing will; false in the second case."""
        self._keeper = Keeper(self._place.lock)
        with self._signals():
            try:
                while not self._over():
                    self._step(self._now())
                    await self._pause()
            finally:
                self._clear()
        return self._stop_at is not None

    def stop(self) -> None:
        """End all children and then itself; asked a second time, kill them."""
        now = self._now()
        if self._stop_at is None:
            self._stop_at = now
            self._tell(Event(kind="stopping", text="stopping"))
        else:
            for name, life in self._lives.items():
                if life.runs and not life.killed:
                    self._lives[name] = replace(life, state="ending", final=True, deadline=now)
        self._wake.set()

    def hold(self, name: str, why: str) -> None:
        """This child does not start yet: what it needs is on its way; the others do not wait for it."""
        self._held[name] = why

    def release(self, name: str) -> None:
        """What it needed is there."""
        self._held.pop(name, None)
        self._wake.set()

    def give_up(self, name: str, why: str) -> None:
        """What it needs will not come."""
        self._held.pop(name, None)
        if self._lives[name].state == "waiting":
            self._become(name, replace(self._lives[name], state="failed", since=self._now(), reason=why))
        self._wake.set()

    def _step(self, now: float) -> None:
        for name in list(self._running):
            self._look(name, now)
        for name in self._table:
            self._become(name, restart.tick(self._lives[name], now, self._limits))
        if self._stop_at is None:
            for name in plan.startable(self._table, self._lives):
                if name not in self._held:
                    self._start(name, now)
        else:
            self._wind_down(self._stop_at, now)
        self._keeper.check()
        self._sweep(now)
        self._announce()

    def _over(self) -> bool:
        if self._stop_at is not None:
            return all(life.state in {"stopped", "failed"} for life in self._lives.values())
        return self._settled and not self._held and plan.hopeless(self._table, self._lives)

    async def _pause(self) -> None:
        """Until something happened or is due."""
        if self._over():
            return
        due = [life.deadline for life in self._lives.values() if life.deadline is not None]
        if self._sweep_at is not None:
            due.append(self._sweep_at)
        if self._stop_at is not None or any(life.state == "ending" for life in self._lives.values()):
            due.append(self._now() + GROUP_PAUSE_S)
        try:
            async with asyncio.timeout(max(0.0, min(due) - self._now()) if due else None):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def _start(self, name: str, now: float) -> None:
        self._lives[name] = restart.begin(self._lives[name], now, self._limits)
        self._outputs[name].forget()
        child = self._addressed(name)
        if child.port and (why := refusal(child.host, child.port, child.key)):
            self._ended(name, why)
            return
        words = {"{host}": child.host, "{port}": str(child.port)}
        try:
            running = Running([_filled(word, words) for word in child.command], self._outputs[name])
        except (OSError, ValueError) as error:  # the second is a letter that no command line can hold
            self._ended(name, f"cannot be started: {_reason(error)} ({child.command[0]})")
            return
        self._keeper.add(running.pid)
        self._running[name] = running
        self._probes[name] = asyncio.get_running_loop().create_task(self._probe(name, child))

    def _addressed(self, name: str) -> Child:
        """The child with a port in place of 0: the one it had the last time, if that is still free."""
        child = self._table[name]
        if child.port == 0:
            self._free.add(name)
        if name in self._free and (not child.port or try_port(child.host, child.port)):
            child = self._table[name] = replace(child, port=choose_port(child.host))
        return child

    async def _probe(self, name: str, child: Child) -> None:
        """Ask a child until it answers, less and less often."""
        began = self._now()
        if child.port is None:
            await asyncio.sleep(SETTLING_S)
        else:
            while not await answers(child.host, child.port, child.ready):
                await asyncio.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S + (self._now() - began) / 20))
        if self._running[name].poll() is None:
            self._become(name, restart.answer(self._lives[name], self._now()))
            self._wake.set()

    def _look(self, name: str, now: float) -> None:
        """See whether a child has ended, and on the way to its end whether its whole group has."""
        running, life = self._running[name], self._lives[name]
        code = running.poll()
        if code is None:
            return
        has_left = running.has_left()
        if has_left and life.state == "ending" and not life.killed:
            return  # those it leaves in its group have the rest of the time
        self._close(name, kill=has_left)
        self._ended(name, f"{exit_text(code)} after {now - life.since:.2g} s")

    def _close(self, name: str, *, kill: bool = True) -> None:
        running = self._running.pop(name)
        self._probes.pop(name).cancel()
        if kill:
            running.send(signal.SIGKILL)
        running.close()
        self._keeper.remove(running.pid)

    def _ended(self, name: str, reason: str) -> None:
        now = self._now()
        self._words[name] = self._outputs[name].last()
        self._become(name, restart.end(self._lives[name], now, self._limits, reason))

    def _become(self, name: str, life: Life) -> None:
        """Carry out what a change of a child's life means."""
        before, self._lives[name] = self._lives[name], life
        if life.killed and not before.killed:
            self._tell(Event(kind="killed", name=name, text="did not end in time and was killed"))
            self._running[name].send(signal.SIGKILL)
        elif life.state == "ending" != before.state:
            self._running[name].send(signal.SIGTERM)
        elif life.state == "failed" and name in self._running:  # not even SIGKILL ends it
            self._close(name)
        if life.state != before.state and (
            event := told_of(name, life, _address(self._table[name]), self._words.get(name, ()))
        ):
            self._tell(event)

    def _wind_down(self, stop_at: float, now: float) -> None:
        """Tell to end whom nobody needs any more; after half of the time everybody."""
        for name, life in self._lives.items():
            if not life.runs:
                self._lives[name] = restart.stop(life, now, now)
        everybody = now - stop_at > self._limits.stop_s / 2
        names = [name for name, life in self._lives.items() if life.runs and not life.final]
        for name in names if everybody else plan.stoppable(self._table, self._lives):
            self._end_for_good(name, now, stop_at + self._limits.stop_s)

    def _end_for_good(self, name: str, now: float, deadline: float) -> None:
        before = self._lives[name]
        if before.state == "ending":  # it has been told already
            self._lives[name] = replace(before, final=True)
        else:
            self._become(name, restart.stop(before, now, deadline))

    def _sweep(self, now: float) -> None:
        if self._place.adopts:
            known = {running.pid for running in self._running.values()} | {self._keeper.pid}
            self._sweep_at = now + SWEEP_S if self._orphans.reap(known, now) else None

    def _announce(self) -> None:
        """Tell what is new: who waits in vain, that all is settled, and the report for other programs."""
        if self._stop_at is None:
            stuck = plan.blocked(self._table, self._lives)
            for name in sorted(stuck.keys() - self._told):
                self._tell(Event(kind="blocked", name=name, text=f"waits for {stuck[name]}, which does not run"))
            self._told = set(stuck)
            if not self._settled and plan.settled(self._table, self._lives, self._held):
                self._settled = True
                self._tell(Event(kind="settled", text="nothing more will come of itself"))
        report = self._reported()
        if report != self._report:
            self._report = report
            try:
                write_report(self._place.data, report)
            except OSError as error:
                self._complain("run/state.json")(error)

    def _reported(self) -> Report:
        settled = plan.settled(self._table, self._lives, self._held)
        children = {name: self._standing(name, life) for name, life in self._lives.items()}
        return Report(supervisor=self._place.me, children=children, settled=settled)

    def _standing(self, name: str, life: Life) -> Standing:
        running, child = self._running.get(name), self._table[name]
        since = self._place.clock.wall() - (self._now() - life.since)
        known = self._report.children.get(name) if self._report else None
        if known and known.state == life.state and abs(known.since - since) < 1.0:
            since = known.since  # the same instant, reckoned twice
        return Standing(
            state=life.state, since=round(since, 3), pid=running.pid if running else None, restarts=life.restarts,
            address=_address(child) or None, port=child.port or None, page=child.page,
            reason=life.reason or None, words=self._words.get(name, ()), held=self._held.get(name),
        )  # fmt: skip

    def _clear(self) -> None:
        """Leave nothing behind, whatever happened."""
        for name in list(self._running):
            self._close(name)
        self._keeper.close()
        for output in self._outputs.values():
            output.close()
        self._log.close()
        remove_report(self._place.data)

    def _tell(self, event: Event) -> None:
        lines = (f"{event.name} {event.text}".strip(), *(f"  | {line}" for line in event.words))
        stamp = utc_text(self._place.clock.wall())
        self._log.take("".join(f"{stamp} {line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        self._tell_others(event)

    def _complain(self, name: str) -> Callable[[OSError], None]:
        """What is done about a file that cannot be written: it is said, and work goes on."""
        return lambda error: self._tell_others(
            Event(kind="trouble", name=name, text=f"cannot be kept: {_reason(error)}")
        )

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Listen to the signals that concern a supervisor; one that is ignored stays ignored, as under nohup."""
        loop = asyncio.get_running_loop()
        wanted = {signal.SIGTERM: self.stop, signal.SIGCHLD: self._wake.set}
        for number in (signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                wanted[number] = self.stop
        for number, action in wanted.items():
            loop.add_signal_handler(number, action)
        try:
            yield
        finally:
            for number in wanted:
                loop.remove_signal_handler(number)


def _address(child: Child) -> str:
    return url(child.host, child.port) if child.port else ""


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
