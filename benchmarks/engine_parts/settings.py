"""How long and how often the measurements run, and with what."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line asked for; `folder` holds what the measurements make and is gone afterwards."""

    folder: Path
    rounds: int = 3
    quick: bool = False
    threads: int = 2
    portable: Path | None = None
    say: Callable[[str], None] = print

    def skip(self, what: str, why: str) -> None:
        self.say(f"  {what} is skipped: {why}")
