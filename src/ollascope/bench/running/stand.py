"""What a run needs beside what is asked of it: its data folder, clocks, who is told, and what may end it early."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ollascope.bench.running.standing import Standing
from ollascope.engines.settings import Engines
from ollascope.ledger.settings import Ledger
from ollascope.reports.words import Language
from ollascope.words.clock import Clock
from ollascope.words.errors import Trouble


class Listener(Protocol):
    """Whoever follows a run; called by the thread that carries it out."""

    troubles: list[Trouble]

    def told(self, text: str) -> None:
        """A sentence for a person."""

    def standing(self, now: Standing) -> None:
        """How it stands, some four times a second."""

    def failed(self, trouble: Trouble) -> None:
        """Something beside the measurement went wrong, as a report that could not be written."""


class Silence:
    """Nobody follows; what went wrong beside the measurement is kept."""

    def __init__(self) -> None:
        self.troubles: list[Trouble] = []

    def told(self, text: str) -> None: ...
    def standing(self, now: Standing) -> None: ...
    def failed(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)


class Stop:
    """How a person or a signal ends a run: the first time gently while requests are out, otherwise at once."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._gentle = False

    @property
    def asked(self) -> bool:
        """Whether the run is to end with what there is."""
        return self._asked.is_set()

    def ask(self) -> None:
        """To be called by a signal's handler or by another thread; at once means by KeyboardInterrupt."""
        if not self._gentle or self._asked.is_set():
            raise KeyboardInterrupt
        self._asked.set()

    def gentle(self, wanted: bool) -> None:
        """Whether there is something that would be lost at an end at once."""
        self._gentle = wanted

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until it is asked for."""
        return self._asked.wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Everything about a run that is not part of what it measures."""

    data: Path
    key: str = ""  # the server's; never written anywhere
    engines: Engines = field(default_factory=Engines)  # for an engine that is asked inside this program
    ledger: Ledger = field(default_factory=Ledger)  # how its Calls are recorded beside all others
    clock: Clock = field(default_factory=Clock)
    program: tuple[str, ...] | None = None  # the command line of a worker; none: the usual one
    listener: Listener = field(default_factory=Silence)
    stop: Stop = field(default_factory=Stop)
    language: Language = "en"  # of the page that is kept with the run
    run: str | None = None  # its id; none: one is made
    insists: bool = False  # a server that is not there, or lacks the model, is measured too: a result with its verdict
