"""The little languages of loads: `10s`, `20`, `1,2,4,8`, `10/s:30s,1-50/s:60s`."""

import math
import re
from dataclasses import dataclass

from ollascope.bench.asked import Level
from ollascope.words.errors import BadUsage

LONGEST = 2_000  # characters of a list of levels
AMOUNT = "write seconds as in 10s, 500ms, 1.5m or 1h, or a number of requests as in 20"
LEVEL = "write users as in 4 or 4:30s, rates as in 10/s, 10/s:30s or 30/min:200, a ramp as in 1-50/s:60s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So many seconds, or so many requests: one of the two."""

    seconds: float | None = None
    requests: int | None = None


def read_amount(text: str) -> Amount:
    """Seconds or a number of requests from a text as `10s`, `1m30s` or `20`."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return Amount(requests=int(text))
    if _TIME.fullmatch(text) is None:
        raise BadUsage(f"{text[:60]!r} is neither a time nor a number of requests", hint=AMOUNT)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if not math.isfinite(seconds):
        raise BadUsage(f"{text[:60]!r} is longer than any time", hint=AMOUNT)
    return Amount(seconds=seconds)


def read_levels(text: str) -> tuple[Level, ...]:
    """The levels of steps or of a sweep: users or rates, each with its length where one is given."""
    if len(text) > LONGEST:
        raise BadUsage(f"a list of levels with {len(text)} characters is too long", hint=LEVEL)
    return tuple(_read_level(part.strip()) for part in text.split(","))


def _read_level(text: str) -> Level:
    match = _LEVEL.fullmatch(text)
    if match is None:
        raise BadUsage(f"{text[:60]!r} is no level of a load", hint=LEVEL)
    length = Amount() if match["length"] is None else read_amount(match["length"])
    if match["per"] is None:
        return _users(match, length)
    per_s = 1 / _SECONDS[{"min": "m"}.get(match["per"], match["per"])]
    until = None if match["until"] is None else float(match["until"]) * per_s
    return Level(rate=float(match["from"]) * per_s, until_rate=until, seconds=length.seconds, requests=length.requests)


def _users(match: re.Match[str], length: Amount) -> Level:
    if match["until"] is not None or not _WHOLE.fullmatch(match["from"]):
        raise BadUsage(f"{match[0][:60]!r} is no number of users", hint=LEVEL)
    return Level(users=int(match["from"]), seconds=length.seconds, requests=length.requests)


_NUMBER = r"\d{1,15}(?:\.\d{1,15})?"
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_TIME = re.compile(rf"(?:{_NUMBER}(?:ms|s|m|h))+", re.ASCII)
_PART = re.compile(rf"({_NUMBER})(ms|s|m|h)", re.ASCII)
_LEVEL = re.compile(
    rf"(?P<from>{_NUMBER})(?:-(?P<until>{_NUMBER}))?(?:/(?P<per>s|min|h))?(?::(?P<length>[^:]+))?", re.ASCII
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
