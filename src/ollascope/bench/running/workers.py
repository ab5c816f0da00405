"""How many processes send the requests."""

import math
import os
from typing import Final

from ollascope.bench.asked import Asked

USERS: Final = 2000  # that one process serves without being late
RATE: Final = 1500.0  # requests a second
MOST: Final = 64


def how_many(asked: Asked, cores: int | None = None) -> int:
    """As many as asked for; else one, and one more for every 2,000 users or 1,500 requests a second; a core each."""
    if asked.workers:
        return min(asked.workers, MOST)
    if asked.target.api == "inside":
        return 1  # each process would have an engine of its own
    levels = asked.load.levels
    users = max((level.users or 0 for level in levels), default=0)
    rate = max((max(level.rate or 0.0, level.until_rate or 0.0) for level in levels), default=0.0)
    needed = max(math.ceil(users / USERS), math.ceil(rate / RATE), 1)
    return min(needed, cores or os.cpu_count() or 1, MOST)
