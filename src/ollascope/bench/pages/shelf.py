"""The list of runs as `bench list` tells it, read anew only when something in the folder is another."""

import threading
from pathlib import Path
from typing import Final

from ollascope.bench import folder as names
from ollascope.bench.running.place import is_held
from ollascope.bench.shown import Listed, runs

Sign = tuple[tuple[str, int, int, bool], ...]

PAGE: Final = 50


class Shelf:
    """All runs, the latest first."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._sign: Sign | None = None
        self._found: tuple[Listed, ...] = ()
        self._lock = threading.Lock()

    def read(self) -> tuple[Listed, ...]:
        """Every run; looking whether one changed costs a glance at each, reading them all a moment."""
        with self._lock:
            sign = _sign(names.results(self._data))
            if sign != self._sign:
                self._found = tuple(runs(self._data, is_held))
                self._sign = sign
            return self._found


def page_of(found: tuple[Listed, ...], after: str, size: int = PAGE) -> tuple[tuple[Listed, ...], str]:
    """The runs behind the one of that id, and the id to go on behind; empty at the end."""
    places = [place for place, one in enumerate(found) if one.id == after]
    start = places[0] + 1 if places else 0
    shown = found[start : start + size]
    return shown, shown[-1].id if start + size < len(found) else ""


def _sign(top: Path) -> Sign:
    """What changes whenever a run begins, ends, or is removed."""
    try:
        folders = sorted(one for one in top.iterdir() if not one.name.startswith(".") and one.is_dir())
    except OSError:
        return ()
    return tuple(_sign_of(folder) for folder in folders)


def _sign_of(folder: Path) -> tuple[str, int, int, bool]:
    try:
        facts = (folder / names.RESULT).stat()
    except OSError:
        return folder.name, 0, 0, is_held(folder)
    return folder.name, facts.st_mtime_ns, facts.st_size, is_held(folder)
