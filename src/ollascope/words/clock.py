"""The two clocks: the wall's for when, the monotonic one for how long."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Seconds since 1970, which may step, and seconds since some start, which never do."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


def utc_text(at: float) -> str:
    """An instant as people and other programs read it: 2026-11-21T08:15:30.250Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
