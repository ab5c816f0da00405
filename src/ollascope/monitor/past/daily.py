"""A page about each day that is over, made once it is, and given up in time."""

import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ollascope.ledger.segment import day_start, days, is_day
from ollascope.monitor.past.span import DAY_S
from ollascope.processes.files import private_folder
from ollascope.words.errors import StorageTrouble

FOLDER = "summaries"
SETTLED_S = 300.0  # a request that ran over midnight is written when it has ended
PAUSE_S = 0.2
CATCH_UP_DAYS = 7  # after a monitor that did not run
_PAGE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.html")

Make = Callable[[str, Path], None]  # the page of a day, at a path


def missing_days(ledger: Path, folder: Path, now: float) -> list[str]:
    """The days that are over, have records and no page, oldest first."""
    over = [day for day in days(ledger, since=now - CATCH_UP_DAYS * DAY_S) if now >= day_start(day) + DAY_S + SETTLED_S]
    return [day for day in over if not page_of(folder, day).exists()]


def page_of(folder: Path, day: str) -> Path:
    """Where the page of a day lies."""
    return folder / f"{day}.html"


def write_missing(ledger: Path, folder: Path, now: float, make: Make) -> list[str]:
    """Make the pages that are missing; gives their days."""
    missing = missing_days(ledger, folder, now)
    if missing:
        private_folder(folder)
    for day in missing:
        make(day, page_of(folder, day))
    return [day for day in missing if page_of(folder, day).exists()]


def page_by(program: Sequence[str], language: str, stop: threading.Event) -> Make:
    """Make pages by `ollascope summary`, a process of its own: the memory that a long day takes is given back."""

    def make(day: str, path: Path) -> None:
        if stop.is_set():
            return
        line = [*program, "--quiet", "summary", "--day", day, "--html", str(path), "--lang", language]
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        told = _wait(process, stop)
        if process.returncode and not stop.is_set():
            raise StorageTrouble(
                f"the page about {day} cannot be made: {told[:200]}",
                hint=f"`ollascope summary --day {day} --html FILE` shows why",
            )

    return make


def _wait(process: "subprocess.Popen[str]", stop: threading.Event) -> str:
    """Wait for its end, or end it when everything ends; its last line."""
    with process:
        while True:
            try:
                told = process.communicate(timeout=PAUSE_S)[1]
                return told.strip().rpartition("\n")[2]
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    process.kill()


def remove_old(folder: Path, now: float, keep_days: int) -> list[str]:
    """Remove the pages of days that lie longer back; nothing else that lies there."""
    if not folder.is_dir():
        return []
    found = [match[1] for path in folder.iterdir() if (match := _PAGE.fullmatch(path.name))]
    old = sorted(day for day in found if is_day(day) and _is_old(day, now, keep_days))
    for day in old:
        with suppress(FileNotFoundError):
            page_of(folder, day).unlink()
    return old


def _is_old(day: str, now: float, keep_days: int) -> bool:
    return day_start(day) + (keep_days + 1) * DAY_S <= now
