"""How long and how often the measurements run."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line asked for."""

    rounds: int = 5
    quick: bool = False
    exchanges: int = 100_000
    say: Callable[[str], None] = print

    def skip(self, what: str, why: str) -> None:
        self.say(f"  {what} is skipped: {why}")
