"""The engine in force for pages: kept open between two looks, found anew once it has failed, never closed in use."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.engines.asking.place import Place, wanted
from ollascope.engines.asking.reaching import reach
from ollascope.engines.engine import Engine
from ollascope.engines.settings import Engines
from ollascope.words.errors import NetworkTrouble, Trouble

LOOK_S: Final = 3.0  # for a list or a card: a page is never much later than this
ORDER_S: Final = 30.0  # for an order that is carried out at once, as removing a model
FAKE: Final = "fake"


class Doorway:
    """Opens engines as the settings say; the fake in this process is one, whoever asks for it."""

    def __init__(self, settings: Engines, data: Path) -> None:
        self._settings = settings
        self._data = data
        self._fake: Engine | None = None
        self._lock = threading.Lock()

    def open(self) -> Engine:
        """An engine with all the patience that is set."""
        return self._opened(self._settings)

    def open_quick(self) -> Engine:
        """An engine that is asked while somebody waits for a page."""
        wait = self._settings.patience
        hurried = replace(wait, connect_s=min(wait.connect_s, LOOK_S), answer_s=LOOK_S, first_s=ORDER_S)
        return self._opened(replace(self._settings, patience=hurried))

    def leave(self, engine: Engine) -> None:
        """Give it back."""
        if engine.name != FAKE:
            engine.close()

    def close(self) -> None:
        """End what runs in the fake."""
        if self._fake is not None:
            self._fake.close()

    def _opened(self, settings: Engines) -> Engine:
        want = wanted(settings, Place())
        if want.name != FAKE:
            return reach(want, lambda: self._data, lambda _: None)
        with self._lock:
            if self._fake is None:
                self._fake = reach(want, lambda: self._data, lambda _: None)
            return self._fake


class Reached:
    """One engine for many threads; the last who uses one that has failed closes it."""

    def __init__(self, open_: Callable[[], Engine], leave: Callable[[Engine], None]) -> None:
        self._open = open_
        self._leave = leave
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._users: dict[int, int] = {}

    @contextmanager
    def use(self) -> Iterator[Engine]:
        """The engine, as long as it is needed."""
        engine = self.take()
        try:
            yield engine
        except Trouble as trouble:
            self.give_back(engine, trouble)
            raise
        except BaseException:
            self.give_back(engine)
            raise
        self.give_back(engine)

    def take(self) -> Engine:
        """The engine, until it is given back."""
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
            self._users[id(self._engine)] = self._users.get(id(self._engine), 0) + 1
            return self._engine

    def give_back(self, engine: Engine, trouble: Trouble | None = None) -> None:
        """It is not needed any more; one that does not answer is looked for anew the next time."""
        with self._lock:
            if isinstance(trouble, NetworkTrouble) and self._engine is engine:
                self._engine = None
            left = self._users[id(engine)] - 1
            if left:
                self._users[id(engine)] = left
            else:
                del self._users[id(engine)]
            over = not left and self._engine is not engine
        if over:
            self._leave(engine)

    def close(self) -> None:
        """Give it back; streams that run on it end."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            self._leave(engine)
