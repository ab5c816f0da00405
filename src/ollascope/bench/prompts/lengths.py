"""Lengths in tokens by a distribution: read from `512`, `100-400`, `normal:512,128`; drawn so that few are enough."""

import math
import re
from random import Random
from statistics import NormalDist

from ollascope.bench.asked import Lengths, Spreading
from ollascope.words.errors import BadUsage

MOST_TOKENS = 10_000_000
NARROW = 1e-6  # a deviation below this share of the mean moves no length by a token
FORM = "write it as in 512, 100-400, normal:512,128 or lognormal:512,300 (mean, then standard deviation)"
NAMES: dict[str, Spreading] = {"normal": "normal", "lognormal": "lognormal", "uniform": "uniform", "fixed": "fixed"}


def read_lengths(text: str) -> Lengths:
    """Lengths from their text; after mean and deviation the least and the most may follow."""
    text = text.strip()
    if match := _RANGE.fullmatch(text):
        low, high = float(match[1]), float(match[2] or match[1])
        shape: Spreading = "uniform" if match[2] else "fixed"
        if low > high:
            raise BadUsage(f"{text[:60]!r} begins above its end", hint="write the smaller number first, as in 100-400")
        lengths = Lengths(mean=(low + high) / 2, spread=(high - low) / 2, shape=shape, least=int(low), most=int(high))
    elif match := _NAMED.fullmatch(text):
        numbers = [float(number) for number in match[2].split(",")]
        limits = [int(number) for number in numbers[2:]]
        defaults = Lengths(mean=1)
        lengths = Lengths(
            mean=numbers[0],
            spread=numbers[1],
            shape=NAMES[match[1]],
            least=limits[0] if limits else defaults.least,
            most=limits[1] if len(limits) > 1 else defaults.most,
        )
    else:
        raise BadUsage(f"{text[:60]!r} is no length in tokens", hint=FORM)
    check_lengths("the length", lengths)
    return lengths


def check_lengths(what: str, lengths: Lengths) -> None:
    """Raise BadUsage where no length could be drawn."""
    if not math.isfinite(lengths.mean) or not 1 <= lengths.mean <= MOST_TOKENS:
        raise BadUsage(f"{what} of {lengths.mean:g} tokens makes no sense", hint=f"give 1 to {MOST_TOKENS:,} tokens")
    if not math.isfinite(lengths.spread) or lengths.spread < 0:
        raise BadUsage(f"{what} spreads by {lengths.spread:g} tokens", hint="give a deviation from 0 on")
    if not 1 <= lengths.least <= lengths.most:
        raise BadUsage(f"{what} lies between {lengths.least} and {lengths.most} tokens", hint=FORM)
    if not lengths.least <= lengths.mean <= lengths.most:
        raise BadUsage(
            f"{what} of {lengths.mean:g} tokens on average cannot lie between {lengths.least} and {lengths.most}",
            hint="give a mean between the least and the most",
        )


def draw_lengths(lengths: Lengths, count: int, chance: Random) -> list[int]:
    """So many lengths, one from each equal part of the distribution, in a random order."""
    shares = [(number + chance.random()) / count for number in range(count)]
    chance.shuffle(shares)
    low, high = _limits(lengths)
    drawn = (min(high, max(low, round(_quantile(lengths, share)))) for share in shares)
    return [min(lengths.most, max(lengths.least, length)) for length in drawn]


def name_lengths(lengths: Lengths) -> str:
    """`512`, `100 to 400`, `normal, mean 512, deviation 128`."""
    if lengths.shape == "fixed" or not lengths.spread:
        return f"{lengths.mean:g}"
    if lengths.shape == "uniform":
        return "{} to {}".format(*_limits(lengths))
    return f"{lengths.shape}, mean {lengths.mean:g}, deviation {lengths.spread:g}"


def _limits(lengths: Lengths) -> tuple[int, int]:
    if lengths.shape == "uniform":
        low, high = math.ceil(lengths.mean - lengths.spread), math.floor(lengths.mean + lengths.spread)
        return max(lengths.least, low), min(lengths.most, max(low, high))
    return lengths.least, lengths.most


def _quantile(lengths: Lengths, share: float) -> float:
    """Of a distribution that is cut at its ends, not of one whose ends pile up there."""
    mean, spread = lengths.mean, lengths.spread
    if lengths.shape == "fixed" or spread < NARROW * mean:
        return mean
    low, high = _limits(lengths)
    if lengths.shape == "uniform":
        return low - 0.5 + share * (high - low + 1)
    if lengths.shape == "normal":
        return _cut(NormalDist(mean, spread), low - 0.5, high + 0.5, share)
    variance = math.log1p((spread / mean) ** 2)
    of_logs = NormalDist(math.log(mean) - variance / 2, math.sqrt(variance))
    return math.exp(_cut(of_logs, math.log(low - 0.5), math.log(high + 0.5), share))


def _cut(spread: NormalDist, low: float, high: float, share: float) -> float:
    begins, ends = spread.cdf(low), spread.cdf(high)
    return spread.inv_cdf(min(1 - 1e-12, max(1e-12, begins + share * (ends - begins))))


_RANGE = re.compile(r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?", re.ASCII)
_NAMED = re.compile(r"(normal|lognormal):\s*(\d{1,9}(?:\.\d+)?(?:\s*,\s*\d{1,9}(?:\.\d+)?){1,3})", re.ASCII)
