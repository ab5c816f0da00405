"""What is going on, held open between two looks: the engine, the Calls of the last minutes, the machine."""

import time
from dataclasses import replace
from pathlib import Path

from ollascope.engines.asking import place
from ollascope.engines.asking.reaching import reach
from ollascope.engines.engine import Engine
from ollascope.engines.settings import Engines
from ollascope.engines.table import choose
from ollascope.host.machine import Look, Machine
from ollascope.host.processes import Wanted
from ollascope.host.runner import read_runners
from ollascope.host.thresholds import Host
from ollascope.ledger.select import COUNTED, Counted
from ollascope.monitor.past.recent import Recent
from ollascope.monitor.top import (
    PATIENCE_S,
    WINDOWS_S,
    Seen,
    View,
    counted_calls,
    endings_of,
    shows_demo,
    windows_of,
)
from ollascope.settings.load import Settings
from ollascope.words.call import Call
from ollascope.words.errors import Trouble
from ollascope.words.sample import Sample

LEDGER = "ledger"


class Sight:
    """Whatever a view is made of; the engine is asked in one thread, the rest is looked at in one other."""

    def __init__(self, settings: Settings, sample_s: float = 0.0) -> None:
        self._sample_s = sample_s  # between two readings of the machine: shares of a short time jump about
        self._engines, self._host = settings.of(Engines), settings.of(Host)
        self._data: Path = settings.data_folder
        self._choice = choose(self._engines).name
        self._engine: Engine | None = None
        self._recent = Recent(self._data / LEDGER, WINDOWS_S[-1])
        self._machine = Machine(Look(folder=self._data, wanted=Wanted(names=self._host.engine_names)))
        self._machine.search()
        self._sample = self._machine.read()  # shares of time need two readings
        self._read_at = float("-inf")

    def ask(self) -> Seen:
        """What the engine tells; one that fails is looked for anew the next time."""
        try:
            return self._ask(self._reached())
        except Trouble:
            self._leave()
            raise

    def calls(self) -> list[Call]:
        """The Calls of the last quarter of an hour, whether or not they count."""
        return self._recent.look()

    def view(self, seen: Seen, counted: Counted = COUNTED) -> View:
        """What is going on at this moment, with what the engine told last."""
        now = time.time()
        calls, left_out = counted_calls(self.calls(), counted)
        engine = self._engine
        name = engine.name if engine else self._choice
        return View(
            at=now,
            engine=name,
            backend=engine.backend if engine else "",
            seen=seen,
            windows=windows_of(calls, now),
            endings=endings_of(calls, now),
            left_out=left_out,
            demo=shows_demo(calls, name, seen),
            sample=self.sample(),
        )

    def sample(self) -> Sample:
        """The machine, as it was read last."""
        if time.monotonic() - self._read_at >= self._sample_s:
            self._sample, self._read_at = self._machine.read(), time.monotonic()
        return self._sample

    def close(self) -> None:
        """Give everything back."""
        self._machine.close()
        self._leave()

    def _reached(self) -> Engine:
        if self._engine is None:
            wait = replace(self._engines.patience, connect_s=PATIENCE_S, answer_s=PATIENCE_S)
            want = place.wanted(replace(self._engines, patience=wait), place.Place())
            self._engine = reach(want, lambda: self._data, lambda _: None)
        return self._engine

    def _ask(self, engine: Engine) -> Seen:
        models = engine.loaded()
        runners = read_runners(self._machine.engines(), PATIENCE_S / 2) if self._host.runners else ()
        slots = [runner.slots for runner in runners if runner.slots]
        if not slots:
            return Seen(models=models)
        return Seen(models=models, busy=sum(one.busy for one in slots), slots=sum(one.count for one in slots))

    def _leave(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
