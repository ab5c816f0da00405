"""Objectives (SLOs): what was promised, how much of the error budget is left, and how fast it goes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ollascope.monitor.measures import Bound, read_bound
from ollascope.words.alerts import AlertKind, Condition, Severity
from ollascope.words.call import Call
from ollascope.words.errors import BadSettings
from ollascope.words.metrics import metric
from ollascope.words.outcomes import OK, is_failed
from ollascope.words.record import Json
from ollascope.words.setting import setting

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
CATCH_UP_S = 3 * DAY_S  # the longest of the windows
MINUTES_KEPT_S, HOURS_KEPT_S = 6 * HOUR_S + MINUTE_S, 31 * DAY_S
FEWEST_BAD = 3
MOST_BAD = 0.8  # where the budget is large, no burn rate could ever be reached: so many of the requests always count
HINT = "write it as in `ttft p95 < 2 s`, `rate p5 > 10 tokens/s` or `success > 99.5 %`, and ` for MODEL` after it"

Cell = tuple[float, int, int]  # the start of a minute or an hour, requests, those that broke the promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What is promised, and from when on it is judged."""

    targets: tuple[str, ...] = setting(
        (), "what is promised, as `ttft p95 < 2 s` or `success > 99.5 % for qwen3:8b`; alerts tell when it is at risk"
    )
    days: int = setting(30, "days over which the error budget is counted", minimum=1, maximum=31)
    fewest: int = setting(20, "requests in the longer window below which nothing is judged", minimum=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promise: at most this share of the requests may break it."""

    text: str
    budget: float
    model: str | None = None
    bound: Bound | None = None  # of each request; None: that it succeeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many requests there were and how many broke the promise, minute by minute and hour by hour."""

    minutes: tuple[Cell, ...] = ()
    hours: tuple[Cell, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """The tally of every objective, by its text."""

    of: Mapping[str, Tally] = field(default_factory=dict)
    seen: float = 0.0  # until when Calls have been counted
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burning:
    """Two windows that must both burn faster than this; the short one ends it soon after the cause is gone."""

    factor: float
    long_s: float
    short_s: float
    name: str
    severity: Severity


BURNING = (
    Burning(factor=14.4, long_s=HOUR_S, short_s=5 * MINUTE_S, name="1h/5m", severity="critical"),
    Burning(factor=6.0, long_s=6 * HOUR_S, short_s=30 * MINUTE_S, name="6h/30m", severity="critical"),
    Burning(factor=1.0, long_s=3 * DAY_S, short_s=6 * HOUR_S, name="3d/6h", severity="warning"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How an objective stands; None where there were no requests."""

    slo: str
    requests: int
    broken: int
    remaining: float | None  # 1: untouched, 0: used up, below: overdrawn
    burn: Mapping[str, float | None] = field(default_factory=dict)  # by window: 5m, 30m, 1h, 6h, 3d


def read_objectives(section: Objectives, where: str = "objectives.targets") -> tuple[Objective, ...]:
    """The objectives that the settings name; every mistake is told at once, each with its place."""
    found: dict[str, Objective] = {}
    mistakes = []
    for number, text in enumerate(section.targets):
        try:
            objective = read_objective(text)
        except BadSettings as error:
            mistakes.append(f"{where}[{number}]: {error.message} — {error.hint}")
            continue
        if objective.text in found:
            mistakes.append(f"{where}[{number}]: {text!r} stands there twice — keep one of the two")
        found[objective.text] = objective
    if mistakes:
        raise BadSettings("\n".join(mistakes), hint=HINT)
    return tuple(found.values())


def read_objective(text: str) -> Objective:
    """One objective from its text."""
    plain, _, model = " ".join(text.split()).partition(" for ")
    percentile = re.search(r"\bp(\d{1,2}(?:\.\d{1,2})?)(?=\s*[<>])", plain)
    bound = _bound(plain, percentile[0] if percentile else "")
    if bound.source != "calls" or bound.name == "requests":
        raise BadSettings(f"{bound.name} is nothing that is promised of a request",
                          hint="promise a time, tokens per second, or success; rules can watch the rest")  # fmt: skip
    if bound.unit == "ratio" and bound.name in {"success", "errors"}:
        return _of_outcomes(text, bound, model)
    if percentile is None:
        raise BadSettings(f"{plain!r} does not say of how many requests", hint="name a percentile, as in p95")
    _refuse_wrong_side(bound)
    share = float(percentile[1]) / 100
    budget = 1 - share if bound.side == "<" else share
    return Objective(text=" ".join(text.split()), budget=_kept(budget, text), model=model or None, bound=bound)


def observe(tallies: Tallies, objectives: Sequence[Objective], calls: Iterable[Call], now: float) -> Tallies:
    """The tallies once these Calls have ended; those of objectives that are no more are dropped."""
    kept = list(calls)
    return replace(tallies, seen=now, of={one.text: _counted(tallies.of.get(one.text, Tally()), one, kept, now)
                                          for one in objectives})  # fmt: skip


def resumed(tallies: Tallies, now: float) -> tuple[Tallies, float]:
    """The tallies without the hour in which counting ended, and from when on Calls are to be counted again.

    So what was recorded while nobody counted is in them, and nothing is in them twice.
    """
    if tallies.of and not tallies.seen:
        return tallies, now
    since = max(tallies.seen, now - CATCH_UP_S) // HOUR_S * HOUR_S
    kept = {text: replace(tally, minutes=tuple(cell for cell in tally.minutes if cell[0] < since),
                          hours=tuple(cell for cell in tally.hours if cell[0] < since))
            for text, tally in tallies.of.items()}  # fmt: skip
    return replace(tallies, of=kept), since


def judge_objectives(
    tallies: Tallies, objectives: Sequence[Objective], now: float, *, fewest: int = 20
) -> tuple[Condition, ...]:
    """A condition for each objective and each pair of windows."""
    return tuple(_condition(one, tallies.of.get(one.text, Tally()), burning, now, fewest)
                 for one in objectives for burning in BURNING)  # fmt: skip


def budget_of(tallies: Tallies, one: Objective, now: float, *, days: int = 30) -> Budget:
    """How much of an error budget is left, and how fast it goes."""
    tally = tallies.of.get(one.text, Tally())
    requests, broken = _sum(tally, now, days * DAY_S)
    remaining = 1 - broken / (requests * one.budget) if requests else None
    windows = {"5m": 300.0, "30m": 1800.0, "1h": HOUR_S, "6h": 6 * HOUR_S, "3d": 3 * DAY_S}
    burn = {name: _burn(_sum(tally, now, length), one) for name, length in windows.items()}
    return Budget(slo=one.text, requests=requests, broken=broken, remaining=remaining, burn=burn)


def breaks(one: Objective) -> Callable[[Call], bool | None]:
    """Whether a Call breaks the promise; None where it says nothing of it."""
    bound = one.bound
    if bound is None:
        return lambda call: is_failed(call.outcome) if call.outcome == OK or is_failed(call.outcome) else None
    definition = metric(bound.name)

    def is_broken(call: Call) -> bool | None:
        value = definition.of(call)
        if value is None:
            return True if is_failed(call.outcome) and bound.side == "<" else None  # what never came was not in time
        return not bound.exceeds(value)

    return is_broken


def _bound(text: str, percentile: str) -> Bound:
    """The bound of an objective, whose percentile may be any; a mistake speaks of the text as it stands."""
    try:
        return read_bound(text.replace(percentile, "p50", 1) if percentile else text)
    except BadSettings as error:
        told = error.message.replace("p50", percentile) if percentile else error.message
        raise BadSettings(told, hint=error.hint) from error


def _of_outcomes(text: str, bound: Bound, model: str) -> Objective:
    right = (bound.name == "success") == (bound.side == ">")
    if not right:
        raise BadSettings(f"{text!r} promises failures", hint="write `success > 99.5 %` or `errors < 0.5 %`")
    budget = 1 - bound.number if bound.name == "success" else bound.number
    return Objective(text=" ".join(text.split()), budget=_kept(budget, text), model=model or None)


def _refuse_wrong_side(bound: Bound) -> None:
    if bound.unit == "s" and bound.side == ">":
        raise BadSettings(f"{bound.name} > promises to be slow", hint="a time is promised with <")
    if bound.unit == "tokens/s" and bound.side == "<":
        raise BadSettings(f"{bound.name} < promises to be slow", hint="a rate is promised with >, as in p5 > 10")
    if metric(bound.name).many is not None:
        raise BadSettings(f"{bound.name} has many values in each request", hint="promise tpot, total or ttft instead")


def _kept(budget: float, text: str) -> float:
    if not 0 < round(budget, 9) < 1:
        raise BadSettings(f"{text!r} leaves no room for a single failure, or for nothing else",
                          hint="promise less than 100 % and more than 0 %")  # fmt: skip
    return round(budget, 9)


def _counted(tally: Tally, one: Objective, calls: Sequence[Call], now: float) -> Tally:
    is_broken = breaks(one)
    minutes, hours = {cell[0]: cell for cell in tally.minutes}, {cell[0]: cell for cell in tally.hours}
    for call in calls:
        if one.model is not None and call.model != one.model:
            continue
        broken = is_broken(call)
        if broken is not None:
            at = min(now, call.sent_at + (call.end_s or 0.0))
            _add(minutes, at // MINUTE_S * MINUTE_S, broken)
            _add(hours, at // HOUR_S * HOUR_S, broken)
    return replace(tally, minutes=_latest(minutes, now - MINUTES_KEPT_S), hours=_latest(hours, now - HOURS_KEPT_S))


def _add(cells: dict[float, Cell], at: float, broken: bool) -> None:
    _, of, bad = cells.get(at, (at, 0, 0))
    cells[at] = (at, of + 1, bad + broken)


def _latest(cells: Mapping[float, Cell], since: float) -> tuple[Cell, ...]:
    return tuple(cells[at] for at in sorted(cells) if at >= since)


def _sum(tally: Tally, now: float, length_s: float) -> tuple[int, int]:
    cells = tally.minutes if length_s <= 6 * HOUR_S else tally.hours
    meant: Iterator[Cell] = (cell for cell in cells if cell[0] > now - length_s - MINUTE_S)
    counts = [(of, bad) for _, of, bad in meant]
    return sum(of for of, _ in counts), sum(bad for _, bad in counts)


def _burn(counts: tuple[int, int], one: Objective) -> float | None:
    of, bad = counts
    return bad / of / one.budget if of else None


def _condition(one: Objective, tally: Tally, burning: Burning, now: float, fewest: int) -> Condition:
    long, short = _sum(tally, now, burning.long_s), _sum(tally, now, burning.short_s)
    fast, soon = _burn(long, one), _burn(short, one)
    limit = min(burning.factor, MOST_BAD / one.budget)
    active: bool | None
    if long[0] < fewest:
        active = None if long[1] else False
        reason = f"{one.text}: only {long[0]} requests, {fewest} are needed to judge"
    else:
        active = fast is not None and soon is not None and min(fast, soon) >= limit and long[1] >= FEWEST_BAD
        reason = (f"{one.text}: {long[1]} of {long[0]} requests broke it, {fast or 0:.1f} times as many as the budget"
                  f" of {one.budget * 100:.3g} % allows; in the shorter window {soon or 0:.1f} times;"
                  f" the limit is {limit:.3g} ({burning.name})")  # fmt: skip
    labels = {"slo": one.text, "window": burning.name} | ({"model": one.model} if one.model else {})
    return Condition(name="slo-burn", kind=AlertKind.BURN_RATE, active=active, severity=burning.severity, labels=labels,
                     reason=reason, hint="`ollascope summary --last 1h` shows what is slow or fails",
                     value=fast, bound=limit)  # fmt: skip
