"""Numbers as a person reads them: three digits, a unit that fits, and a plain word for what was not measured."""

import math
from collections.abc import Callable, Mapping

from ollascope.reports.words import Language, word
from ollascope.words.metrics import Unit

Say = Callable[[float], str]
Span = tuple[float, float]


def seconds(value: float) -> str:
    """12.3 ms, 1.23 s, 2 min 5 s, 2 h."""
    size = abs(value)
    if size >= 99.95:
        sign, whole = "-" if value < 0 else "", round(size)
        hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
        parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (rest, "s")]
        return sign + " ".join(f"{number} {unit}" for number, unit in parts if number)
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if size * factor >= 0.9995:
            return f"{digits(value * factor)} {unit}"
    return f"{digits(value * 1e6)} µs" if value else "0 s"


def per_second(value: float) -> str:
    """12.3/s."""
    return f"{digits(value)}/s"


def token_rate(value: float) -> str:
    """12.3 tokens/s."""
    return f"{digits(value)} tokens/s"


def share(value: float) -> str:
    """12.3 %; what is nearly all or nearly nothing never reads as all or nothing."""
    percent = value * 100
    if 99.95 <= percent < 100:
        return f"{math.floor(percent * 1000) / 1000:g} %"
    return f"{percent:.2g} %" if 0 < percent < 0.1 else f"{digits(percent)} %"


def count(value: float) -> str:
    """12,345."""
    return f"{value:,.0f}" if value == int(value) else digits(value)


def brief(value: float) -> str:
    """12,345 where that is short, else 12.3 M or 2.02 G."""
    for factor, unit in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= factor:
            return f"{digits(value / factor)} {unit}"
    return count(value)


def digits(value: float) -> str:
    """Three of them: 1.23, 12.3, 123, 12,345."""
    size = abs(value)
    if size >= 99.95:
        return f"{value:,.0f}"
    text = f"{value:.{1 if size >= 9.995 else 2 if size >= 0.9995 else 3}f}"
    return text.rstrip("0").rstrip(".") or "0"


def maybe(say: Say, value: float | None, language: Language = "en") -> str:
    """What `say` makes of it, or that it was not measured."""
    return word("not measured", language) if value is None else say(value)


def interval(say: Say, span: Span | None) -> str:
    """1.2 s to 1.4 s; nothing where there is none."""
    return "" if span is None else f"{say(span[0])} – {say(span[1])}"


SAY: Mapping[Unit, Say] = {"s": seconds, "tokens/s": token_rate, "ratio": share}
