"""What the page of History says in figures: now, before, and by model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ollascope.ledger.select import is_demo
from ollascope.monitor.history.drawn import Drawn, totals
from ollascope.monitor.shown.account import report
from ollascope.monitor.summary import Account
from ollascope.reports.parts import Banner, Chart, Facts, Part, Table, Text
from ollascope.reports.say import brief, count, digits, seconds, share
from ollascope.reports.words import Language, word
from ollascope.words.record import Json

MOST_MODELS: Final = 30
TIMES: Final = 10.0  # beyond, a change reads better as a factor than in percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure, and what it was in the time before."""

    label: str
    value: str | None
    note: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One model in the table."""

    name: str
    demo: bool
    cells: Sequence[str | None]


def figures_of(drawn: Drawn, language: Language) -> list[Figure]:
    """The figures on top, each beside the time before."""
    now, before = totals(drawn.whole), totals(drawn.before)
    known = bool(drawn.before.requests)

    def figure(label: str, name: str, say: Callable[[float], str]) -> Figure:
        new, old = _number(now[name]), _number(before[name]) if known else None
        note = "" if old is None else word("before: {value}", language).format(value=say(old)) + _change(old, new)
        return Figure(label=word(label, language), value=None if new is None else say(new), note=note)

    return [
        figure("requests", "requests", brief),
        _failed(now, before if known else None, language),
        figure("TTFT p50", "ttft_s_p50", seconds),
        figure("TTFT p95", "ttft_s_p95", seconds),
        figure("total p50", "total_s_p50", seconds),
        figure("total p95", "total_s_p95", seconds),
        figure("tokens out", "tokens_out", brief),
        figure("tokens/s p50", "decode_tokens_per_s_p50", digits),
    ]


def lines_of(drawn: Drawn, language: Language) -> list[Line]:
    """By model, the most used first."""
    found = []
    for model, piece in list(drawn.models.items())[:MOST_MODELS]:
        told = totals(piece)
        found.append(
            Line(
                name=model or word("unknown", language),
                demo=is_demo(model),
                cells=(
                    count(piece.requests),
                    _share(told),
                    _said(told["ttft_s_p50"], seconds),
                    _said(told["ttft_s_p95"], seconds),
                    _said(told["total_s_p50"], seconds),
                    _said(told["decode_tokens_per_s_p50"], digits),
                    count(piece.tokens_out),
                ),
            )
        )
    return found


def _failed(now: Mapping[str, Json], before: Mapping[str, Json] | None, language: Language) -> Figure:
    old = None if before is None else _share(before)
    return Figure(
        label=word("failed", language),
        value=_share(now),
        note="" if old is None else word("before: {value}", language).format(value=old),
        tone="problem" if now["failed"] else "",
    )


def _share(told: Mapping[str, Json]) -> str | None:
    requests, failed = _number(told["requests"]), _number(told["failed"])
    return share((failed or 0.0) / requests) if requests else None


def _said(value: Json, say: Callable[[float], str]) -> str | None:
    number = _number(value)
    return None if number is None else say(number)


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _change(old: float, new: float | None) -> str:
    if new is None or not old:
        return ""
    if new / old >= TIMES:
        return f" (× {digits(new / old)})"
    told = f"{(new - old) / old * 100:+.0f} %"
    return "" if told in {"+0 %", "-0 %"} else f" ({told})"


def shown_parts(account: Account, language: Language) -> list[tuple[str, Part]]:
    """The parts of a day's report, each with what kind it is."""
    kinds = {Banner: "banner", Facts: "facts", Table: "table", Chart: "chart", Text: "text"}
    return [(kinds[type(part)], part) for part in report(account, language, on_page=True).parts]
