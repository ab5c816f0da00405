"""Metrics of one group in one span of time, as bytes that merge: few values whole, many as sums and a sketch."""

import struct
from collections.abc import Iterator, Mapping, Sequence

from ollascope.stats.percentiles import Interval
from ollascope.stats.sketch import Sketch
from ollascope.stats.spread import Spread

FEW = 8  # values of a metric that are kept as they are: smaller than a sketch, and exact

MANY = 255

_ENTRY = struct.Struct("<BB")  # number of the metric, and either the count and then the values, or MANY and then
_SUMS = struct.Struct("<QddddH")  # count, sum, sum of squares, least, most, and so many bytes of sketch
_WIDTHS = {"B": 1, "H": 2, "I": 4, "Q": 8}

Sums = tuple[int, float, float, Interval]  # count, sum, sum of squares, least and most
Metrics = Mapping[int, Sequence[float] | Spread]  # by the number of the metric; a Spread holds more than a few


def pack(metrics: Metrics) -> bytes:
    """Metrics as bytes."""
    parts: list[bytes] = []
    for number, held in metrics.items():
        if isinstance(held, Spread) or len(held) > FEW:
            parts.extend(_pack_many(number, held))
        else:
            parts += (_ENTRY.pack(number, len(held)), struct.pack(f"<{len(held)}d", *held))
    return b"".join(parts)


def entries(blob: bytes) -> Iterator[tuple[int, int, int]]:
    """For each metric its number, its count or MANY, and where in the bytes the rest begins."""
    at, unpack, size = 0, _ENTRY.unpack_from, len(blob)
    while at < size:
        number, count = unpack(blob, at)
        at += _ENTRY.size
        yield number, count, at
        at += 8 * count if count != MANY else _SUMS.size + _SUMS.unpack_from(blob, at)[5]


def few(blob: bytes, at: int, count: int) -> tuple[float, ...]:
    """The values of a metric that has few."""
    return struct.unpack_from(f"<{count}d", blob, at)


def many(blob: bytes, at: int) -> tuple[Sums, Sequence[int], Sequence[int]]:
    """The sums of a metric that has many values, and the buckets and counts of its sketch."""
    *sums, length = _SUMS.unpack_from(blob, at)
    at += _SUMS.size
    count, total, squares, least, most = sums
    return (count, total, squares, (least, most)), *_unpack_sketch(blob[at : at + length])


def merged(one: bytes, other: bytes) -> bytes:
    """Two such packs as one."""
    metrics = dict(_unpack(one))
    for number, held in _unpack(other):
        metrics[number] = _together(metrics[number], held) if number in metrics else held
    return pack(metrics)


def _unpack(blob: bytes) -> Iterator[tuple[int, Sequence[float] | Spread]]:
    for number, count, at in entries(blob):
        if count != MANY:
            yield number, few(blob, at, count)
            continue
        sums, buckets, counts = many(blob, at)
        spread = Spread()
        spread.add_sums(*sums)
        spread.sketch.add_counts(buckets, counts)
        yield number, spread


def _together(one: Sequence[float] | Spread, other: Sequence[float] | Spread) -> Sequence[float] | Spread:
    if isinstance(one, Spread):
        if isinstance(other, Spread):
            one.merge(other)
        else:
            one.add_all(other)
        return one
    return _together(other, one) if isinstance(other, Spread) else (*one, *other)


def _pack_many(number: int, held: Sequence[float] | Spread) -> tuple[bytes, bytes, bytes]:
    if not isinstance(held, Spread):
        values, held = held, Spread()
        held.add_all(values)
    sketch = _pack_sketch(held.sketch)
    sums = _SUMS.pack(held.count, held.total, held.squares, held.least, held.most, len(sketch))
    return _ENTRY.pack(number, MANY), sums, sketch


def _pack_sketch(sketch: Sketch) -> bytes:
    """The width of a count, the buckets in 16 bits each, the counts in that width."""
    pairs = sketch.pairs()
    numbers, counts = [number for number, _ in pairs], [count for _, count in pairs]
    code = next(code for code, width in _WIDTHS.items() if max(counts) < 1 << 8 * width)
    return code.encode() + struct.pack(f"<{len(pairs)}h{len(pairs)}{code}", *numbers, *counts)


def _unpack_sketch(blob: bytes) -> tuple[Sequence[int], Sequence[int]]:
    code = chr(blob[0])
    count = (len(blob) - 1) // (2 + _WIDTHS[code])
    numbers = struct.unpack_from(f"<{count}h{count}{code}", blob, 1)
    return numbers[:count], numbers[count:]
