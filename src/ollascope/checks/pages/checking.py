"""All checks, run in the background for whoever looks, and again when somebody asks."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import SEVERITY, Finding, Surroundings
from ollascope.checks.machine.ports import ID as PORTS
from ollascope.checks.run import run_checks
from ollascope.checks.table import CHECKS
from ollascope.processes.state import own_ports
from ollascope.settings.addresses import Addresses
from ollascope.settings.load import Settings
from ollascope.words.clock import Clock

EVERY_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What all checks said, the worst first, when that was, and how long it took."""

    findings: Sequence[Finding]
    at: float
    took_s: float

    @property
    def state(self) -> str:
        """The state that matters most."""
        return self.findings[0].state if self.findings else "ok"


class Rounds:
    """Runs all checks: when the last round is old and somebody looks, or when somebody asks for another."""

    def __init__(self, ask: Callable[[], Sequence[Finding]], clock: Clock, every_s: float = EVERY_S) -> None:
        self._ask = ask
        self._clock = clock
        self._every_s = every_s
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._due = float("-inf")
        self.last: Round | None = None

    @property
    def running(self) -> bool:
        """Whether a round is on its way."""
        return self._thread is not None and self._thread.is_alive()

    def look(self, wait_s: float = 0.0) -> Round | None:
        """The last round, or None while there is none; an old one is replaced in the background."""
        if self._clock.monotonic() >= self._due:
            self.again()
        thread = self._thread
        if wait_s and self.last is None and thread is not None:
            thread.join(wait_s)
        return self.last

    def again(self) -> None:
        """Begin a round, if none is on its way."""
        with self._lock:
            if not self.running:
                self._due = self._clock.monotonic() + self._every_s
                self._thread = threading.Thread(target=self._run, name="checks", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        begun = self._clock.monotonic()
        try:
            findings = sorted(self._ask(), key=lambda each: -SEVERITY.index(each.state))
        except Exception:  # a bug must not stay silent, nor take the page with it
            log.exception("the checks cannot be run")
            return
        self.last = Round(findings=findings, at=self._clock.wall(), took_s=self._clock.monotonic() - begun)


def examine(settings: Settings, file: Path | None) -> Sequence[Finding]:
    """What every check says while our own processes run, the dashboard that asks at least: their ports are no news."""
    ours = own_ports(settings.data_folder)
    table = {name: path for name, path in CHECKS.items() if ours or name != PORTS}
    mine = frozenset({settings.of(Addresses).dashboard})
    return run_checks(Surroundings(settings=settings, settings_file=file, own_ports=mine), table)
