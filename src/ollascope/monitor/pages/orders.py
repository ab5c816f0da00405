"""Rules, channels and objectives as they are in force, or what is wrong with them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ollascope.monitor.alerts.commands import Result, try_channels
from ollascope.monitor.alerts.reading.book import read_book
from ollascope.monitor.alerts.rules import Book
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.task import orders_in
from ollascope.processes.state import read_report
from ollascope.settings.load import Settings
from ollascope.words.clock import Clock
from ollascope.words.errors import BadSettings, BadUsage, StorageTrouble

MONITOR = "monitor"  # the process that judges


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What is watched; with mistakes in it the monitor refuses to start."""

    file: Path | None
    anomalies: bool
    book: Book = field(default_factory=Book)
    mistakes: Sequence[str] = ()
    hint: str = ""
    changed: bool = False  # after the monitor had read it


def in_force(settings: Settings) -> InForce:
    """What these settings and their rules file want to be watched."""
    section = settings.of(Alerts)
    try:
        book = orders_in(settings).book
    except BadSettings as error:
        lines = error.message.splitlines()
        return InForce(file=section.file, anomalies=section.anomalies, mistakes=lines, hint=error.hint)
    changed = section.file is not None and _is_newer(section.file, settings.data_folder)
    return InForce(file=section.file, anomalies=section.anomalies, book=book, changed=changed)


def _is_newer(file: Path, data: Path) -> bool:
    """Whether the rules were written after the monitor, which reads them once, had started."""
    try:
        report = read_report(data)
        stand = report.children.get(MONITOR) if report else None
        return stand is not None and stand.pid is not None and file.stat().st_mtime > stand.since
    except (OSError, StorageTrouble):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of the last test notice over a channel, and when."""

    at: float
    result: Result


class Trials:
    """Sends test notices, one at a time, and remembers what came of them."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self.last: dict[str, Trial] = {}

    def send(self, channel: str) -> Result:
        """Send a test notice over a channel of the rules file."""
        file = self._settings.of(Alerts).file
        if file is None:
            raise BadUsage("there is no file with channels", hint="name one with alerts.file in the settings")
        if not self._lock.acquire(blocking=False):
            raise BadUsage("a test notice is on its way already", hint="its result comes within half a minute")
        try:
            (result,) = try_channels(read_book(file), self._clock.wall(), [channel])
            self.last = {**self.last, channel: Trial(at=self._clock.wall(), result=result)}
        finally:
            self._lock.release()
        return result
