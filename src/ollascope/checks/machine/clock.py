"""The check `clock`: can the times that are written down be trusted?"""

import ctypes
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, State, Surroundings
from ollascope.words.clock import Clock, utc_text
from ollascope.words.errors import BadSettings

ID = "clock"
PACKAGE = Path(__file__).parent.parent
FILES = 2000  # looked at, at most
STEP_S = 0.1
SLACK_S = 60.0  # what file servers and containers disagree by
DAY_S = 86_400.0
NOT_SYNCHRONISED = 5  # what adjtimex answers: TIME_ERROR
SERVICE = "turn a time service on, as with `timedatectl set-ntp true`, or install chrony"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The wall clock, the newest file's time, whether a time service steers the clock, and how far it just jumped."""

    wall: float
    newest: float | None
    synchronised: bool | None
    step_s: float


def check_clock(around: Surroundings) -> Finding:
    """The wall clock: not before the newest file, kept right by a time service, and not jumping."""
    return judge(read_clock(around.clock, _folders(around)))


def judge(reading: Reading) -> Finding:
    """A clock that is days behind is a problem; the rest makes times unsure, never durations."""
    facts: Facts = {
        "wall": utc_text(reading.wall),
        "newest_file": None if reading.newest is None else utc_text(reading.newest),
        "synchronised": reading.synchronised,
        "step_s": round(reading.step_s, 6),
    }
    behind_s = 0.0 if reading.newest is None else reading.newest - reading.wall
    if behind_s > SLACK_S:
        text = f"{facts['wall']} is before the newest file, which is of {facts['newest_file']}"
        state: State = "problem" if behind_s > DAY_S else "warning"
        return Finding(id=ID, state=state, text=text, hint=f"set the clock right; {SERVICE}", facts=facts)
    if abs(reading.step_s) > STEP_S:
        text = f"the wall clock jumped by {reading.step_s:+.2f} s while it was read"
        hint = "something sets the clock in steps; let one time service steer it, and no other program"
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    if reading.synchronised is None:
        text = "whether a time service keeps the clock right cannot be told here"
        return Finding(id=ID, state="unknown", text=text, hint="compare it with a clock you trust", facts=facts)
    if not reading.synchronised:
        text = "no time service keeps the clock right"
        hint = f"{SERVICE}; without one, times of different machines cannot be compared"
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    return Finding(id=ID, state="ok", text="a time service keeps the clock right", facts=facts)


def read_clock(clock: Clock, folders: tuple[Path, ...]) -> Reading:
    """Both clocks before and after the files were looked at: what differs is a jump."""
    wall, monotonic = clock.wall(), clock.monotonic()
    newest = max((at for folder in folders for at in _times(folder)), default=None)
    elapsed = clock.monotonic() - monotonic
    after = clock.wall()
    return Reading(wall=after, newest=newest, synchronised=synchronised(), step_s=after - wall - elapsed)


def synchronised() -> bool | None:
    """Whether the kernel thinks a time service steers the clock; `None` where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    status = ctypes.create_string_buffer(512)  # struct timex, larger on no platform; zeros only ask
    try:
        answer = int(ctypes.CDLL(None, use_errno=True).adjtimex(status))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != NOT_SYNCHRONISED


def _folders(around: Surroundings) -> tuple[Path, ...]:
    try:
        return PACKAGE, around.settings.data_folder
    except BadSettings:  # without a home folder there is no data either, and the check `data` says so
        return (PACKAGE,)


def _times(folder: Path) -> Iterator[float]:
    """When the files of a folder were last written; not every file of a large one."""
    files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)  # passes over closed folders
    for path in islice(files, FILES):
        try:
            yield path.stat().st_mtime
        except OSError:  # it went away, or is not ours to look at
            continue
