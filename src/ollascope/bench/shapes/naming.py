"""The names of stages, as a person reads them."""

from ollascope.bench.asked import Level


def name_level(level: Level) -> str:
    """`16 users`, `20 requests/s`, `from 1 to 50 requests/s`."""
    if level.users is not None:
        return "1 user" if level.users == 1 else f"{level.users} users"
    rate = level.rate or 0.0
    if level.until_rate is not None and level.until_rate != rate:
        return f"from {rate:g} to {level.until_rate:g} requests/s"
    return "1 request/s" if rate == 1 else f"{rate:g} requests/s"
