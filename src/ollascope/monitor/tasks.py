"""What the monitor does again and again: sample, sum up, look after the ledger, follow Ollama's log, write pages."""

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from ollascope.engines.settings import Engines
from ollascope.host.machine import Look, Machine
from ollascope.host.processes import Wanted
from ollascope.host.thresholds import Host
from ollascope.ledger.retention import retire
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.sealed.sealing import seal, upkeep
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.logs.reading import OllamaSource, Reader, follow_ollama
from ollascope.logs.traffic import LONGEST_WAIT_S, Hands, Traffic
from ollascope.monitor.board import Board
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.exposition.page import CONTENT_TYPE
from ollascope.monitor.loop import Task
from ollascope.monitor.past.daily import FOLDER, Make, remove_old, write_missing
from ollascope.monitor.past.recent import Recent
from ollascope.monitor.probing.settings import Probes
from ollascope.monitor.probing.task import Probing, probing
from ollascope.monitor.server import Looking, looking
from ollascope.monitor.service import Reply
from ollascope.monitor.settings import Monitor
from ollascope.words.call import Call
from ollascope.words.clock import Clock

log = logging.getLogger(__name__)

DAILY_S = 60.0
LEDGER = "ledger"
NEEDED = ("sample", "totals", "sums")  # what has gone well once in a monitor that is ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the tasks work with."""

    data: Path
    monitor: Monitor
    host: Host
    keeping: Ledger
    ollama: OllamaSource
    backend: str | None
    writer: Writer
    make_page: Make
    exposition: Exposition
    engines: Engines = field(default_factory=Engines)
    probes: Probes = field(default_factory=Probes)
    board: Board = field(default_factory=Board)
    clock: Clock = field(default_factory=Clock)

    @property
    def ledger(self) -> Path:
        """The folder of the ledger."""
        return self.data / LEDGER


def tasks_of(tools: Tools) -> list[Task]:
    """The tasks that these settings want."""
    return [
        _sampling(tools), _counting(tools), _summing(tools), _upkeep(tools), *_following(tools), *_daily(tools),
        *_probing(tools), _looking(tools),
    ]  # fmt: skip


def metrics_page(tools: Tools) -> Reply:
    """What Prometheus reads, from what the tasks did last."""
    board, counts = tools.board, tools.writer.counts()
    moment = Moment(
        at=tools.clock.wall(),
        sample=board.sample,
        conditions=board.conditions,
        budgets=board.budgets,
        burn_rates=board.burn_rates,
        scores=board.scores,
        server=board.server,
        dropped=counts.lost + counts.refused,
    )
    return Reply(body=tools.exposition.page(moment), kind=CONTENT_TYPE)


def _sampling(tools: Tools) -> Task:
    wanted = Wanted(names=tools.host.engine_names)
    look = Look(folder=tools.data, wanted=wanted, own=(os.getpid(),), search_s=tools.host.search_s)
    machine = Machine(look, tools.clock)

    def sample() -> None:
        tools.board.sample = machine.read()
        tools.writer.sample(tools.board.sample)

    return Task(name="sample", every_s=tools.host.interval_s, run=sample, close=machine.close)


def _counting(tools: Tools) -> Task:
    return Task(name="totals", every_s=tools.monitor.totals_s, run=tools.exposition.update)


def _summing(tools: Tools) -> Task:
    def sums() -> None:
        if tools.ledger.is_dir():
            roll_up(tools.ledger)

    return Task(name="sums", every_s=tools.monitor.sums_s, run=sums)


def _upkeep(tools: Tools) -> Task:
    def look_after() -> None:
        with upkeep(tools.ledger):
            seal(tools.ledger)
            roll_up(tools.ledger)
            tools.exposition.update()  # what is given up must have been counted
            retire(tools.ledger, tools.keeping, tools.clock.wall())

    return Task(
        name="upkeep", every_s=tools.monitor.upkeep_s, run=look_after, first_s=min(10.0, tools.monitor.upkeep_s)
    )


def _following(tools: Tools) -> list[Task]:
    if tools.ollama.file is None and not tools.ollama.unit:
        return []
    follower = _Follower(tools)
    return [Task(name="ollama-log", every_s=tools.monitor.follow_s, run=follower.step, close=follower.close)]


class _Follower:
    """Reads an Ollama's log; opened at the first step, so that a log that cannot be opened is tried again."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._reader: Reader | None = None
        self._recent: Recent | None = None

    def step(self) -> None:
        tools = self._tools
        if self._reader is None:
            hands = Hands(calls=self._calls, sink=tools.writer.call, amend=tools.writer.amend)
            self._reader = follow_ollama(tools.ollama, tools.data, Traffic(hands=hands, backend=tools.backend))
        if self._reader is not None:
            self._reader.step()

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _calls(self, since: float, until: float) -> list[Call]:
        """What is recorded, and what is about to be: the door that made a Call may still hold it."""
        self._tools.writer.flush(1.0)
        if self._recent is None:
            self._recent = Recent(self._tools.ledger, 2 * LONGEST_WAIT_S, self._tools.clock.wall)
        return self._recent.between(since, until)


def _daily(tools: Tools) -> list[Task]:
    if not tools.monitor.daily:
        return []
    folder = tools.data / FOLDER

    def pages() -> None:
        now = tools.clock.wall()
        for day in write_missing(tools.ledger, folder, now, tools.make_page):
            log.info("the page about %s is in %s", day, folder)
        remove_old(folder, now, tools.monitor.daily_days)

    return [Task(name="daily", every_s=DAILY_S, run=pages, first_s=5.0)]


def _looking(tools: Tools) -> Task:
    means = Looking(data=tools.data, engines=tools.engines, every_s=tools.monitor.server_s,
                    alarms=not tools.probes.enabled, clock=tools.clock)  # fmt: skip
    return looking(means, tools.board)


def _probing(tools: Tools) -> list[Task]:
    if not tools.probes.enabled:
        return []
    means = Probing(data=tools.data, engines=tools.engines, probes=tools.probes, sink=tools.writer.call,
                    clock=tools.clock)  # fmt: skip
    return [probing(means, tools.board)]
