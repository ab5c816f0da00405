"""The engine's library built on a thread of its own, while everything else goes on."""

from collections.abc import Callable
from threading import Event, Thread

from ollascope.engines.llamacpp.building.build import Report, Wish, build
from ollascope.engines.llamacpp.installed import Installed
from ollascope.words.errors import Trouble

Done = Callable[[Trouble | None], None]  # how it ended: what went wrong, if anything did
Build = Callable[[Report, Wish, Event], Installed]


class Background:
    """One build; it ends early when it is stopped, and nothing half made stays."""

    def __init__(self, wish: Wish, report: Report, done: Done, build_: Build = build) -> None:
        self._stop = Event()
        self._work: Callable[[], Installed] = lambda: build_(report, wish, self._stop)
        self._done = done
        self._thread = Thread(target=self._run, name="ollascope-build", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience_s: float) -> None:
        """End it, and wait a while until the compilers have ended too."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            self._work()
        except Trouble as trouble:
            self._done(trouble)
        else:
            self._done(None)
