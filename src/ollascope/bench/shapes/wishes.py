"""What a trace wants of each request: its lengths, gathered so that requests of equal lengths share their prompts."""

import math
from array import array
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import repeat

from ollascope.bench.shapes.trace import Trace

MOST = 20_000  # different wishes
MOST_TOKENS = 4_000_000  # of all their prompts, which are kept in memory
VARIANTS = 128  # prompts that there are, so that few lengths do not mean few texts
ROUNDING = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)

Pair = tuple[int, int]  # tokens in and out; 0 where the trace does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The lengths of one prompt and of its answer; None where the trace does not tell."""

    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The prompts that a trace needs, and which of them each of its rows asks."""

    all: tuple[Wish, ...] = ()
    rows: "array[int]"
    rounded: float = 0.0  # share from one length of a prompt to the next; none is further off than half of it
    grouped: bool = False  # answers of similar length have the mean of theirs


def wishes(trace: Trace) -> Wishes:
    """The wishes of a trace, in the order of their first rows; none where it tells no lengths."""
    if not trace.tokens_in and not trace.tokens_out:
        return Wishes(rows=array("L"))
    pairs = list(zip(trace.tokens_in or repeat(0), trace.tokens_out or repeat(0), strict=False))
    counts = Counter(pairs)
    share, nearest = 0.0, {pair: pair for pair in counts}
    if grouped := len(counts) > MOST or _tokens(counts) > MOST_TOKENS:
        share, nearest = _gather(counts)
    places = {pair: place for place, pair in enumerate(dict.fromkeys(nearest.values()))}
    variants = max(1, min(VARIANTS // len(places), MOST_TOKENS // (1 + _tokens(places))))
    rows, turn = array("L"), [0] * len(places)
    for pair in pairs:
        place = places[nearest[pair]]
        rows.append(place * variants + turn[place] % variants)
        turn[place] += 1
    every = tuple(
        Wish(tokens_in=pair[0] or None, tokens_out=pair[1] or None) for pair in places for _ in range(variants)
    )
    return Wishes(all=every, rows=rows, rounded=share, grouped=grouped)


def _gather(counts: Mapping[Pair, int]) -> tuple[float, dict[Pair, Pair]]:
    """Prompts are rounded a little; the answers of each length share what memory is left, and keep their sum."""
    for share in ROUNDING:
        near = {length: _near(length, share) for length, _ in counts}
        lengths = set(near.values())
        if sum(lengths) <= MOST_TOKENS / 2 and len(lengths) <= MOST / 2:
            break
    answers: dict[int, Counter[int]] = {length: Counter() for length in lengths}
    for (length, answer), count in counts.items():
        answers[near[length]][answer] += count
    each = (MOST_TOKENS - sum(lengths)) / len(lengths)
    means = {
        length: _group(found, max(1, min(MOST // len(lengths), int(each / max(1, length)))))
        for length, found in answers.items()
    }
    return share, {(length, answer): (near[length], means[near[length]][answer]) for length, answer in counts}


def _group(answers: Counter[int], groups: int) -> dict[int, int]:
    """Answers in groups of about equally many rows, each with the mean of its group; those not told stay so."""
    known = sorted(answer for answer in answers if answer)
    if len(known) <= groups:
        return {answer: answer for answer in answers}
    rows, seen = sum(answers[answer] for answer in known), 0
    members: dict[int, list[int]] = {}
    for answer in known:
        members.setdefault(seen * groups // rows, []).append(answer)
        seen += answers[answer]
    means = {0: 0}
    for group in members.values():
        weight = sum(answers[answer] for answer in group)
        mean = max(1, round(sum(answer * answers[answer] for answer in group) / weight))
        means.update(dict.fromkeys(group, mean))
    return means


def _tokens(pairs: Collection[Pair]) -> int:
    return sum(pair[0] for pair in pairs)


def _near(length: int, share: float) -> int:
    """The nearest length of a row in which each is longer than the one before by the same share."""
    if not length or not share:
        return length
    step = math.log1p(share)
    return round(math.exp(round(math.log(length) / step) * step))
