"""Rules against what was measured: every rule gives conditions, also where nothing could be measured."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ollascope.monitor.alerts.rules import EVERY, Rule
from ollascope.monitor.measures import Bound, said, sample_value
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.outcomes import OK, failures
from ollascope.words.sample import Sample
from ollascope.words.summary import Summary

Place = tuple[str, ...]  # the model or backend that a rule looks at apart, or nothing
Figures = Callable[[Rule], Mapping[Place, Summary]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What rules are judged by: sums of Calls, Samples with the newest last, and which alerts fire."""

    figures: Figures
    samples: Sequence[Sample]
    now: float
    fires: Callable[[str, Mapping[str, str]], bool] = lambda _name, _labels: False
    known: Callable[[Rule], Iterable[Place]] = lambda _rule: ()  # places that an alert stands for


def judge_rules(rules: Iterable[Rule], measured: Measured) -> tuple[Condition, ...]:
    """A condition for every rule with a threshold or about absence, and for every place it looks at."""
    found: list[Condition] = []
    for rule in rules:
        if rule.sort == "threshold":
            found += _threshold(rule, measured)
        elif rule.sort == "absence":
            found.append(_absence(rule, measured))
    return tuple(found)


def adapt(conditions: Iterable[Condition], rules: Sequence[Rule]) -> tuple[Condition, ...]:
    """The conditions of the other judges with the severity, labels and waiting time that rules give them."""
    meant = [rule for rule in rules if rule.sort in {"burn", "anomaly"}]
    return tuple(_adapted(condition, meant) for condition in conditions)


def _adapted(condition: Condition, rules: Iterable[Rule]) -> Condition:
    for rule in rules:
        if _is_meant(rule, condition):
            condition = replace(
                condition,
                severity=rule.severity or condition.severity,
                for_s=condition.for_s if rule.for_s is None else rule.for_s,
                labels={**condition.labels, **rule.labels},
                hint=rule.hint or condition.hint,
            )
    return condition


def _is_meant(rule: Rule, condition: Condition) -> bool:
    sort = "burn" if condition.kind is AlertKind.BURN_RATE else "anomaly" if _is_anomaly(condition) else ""
    if rule.sort != sort or (rule.model is not None and condition.labels.get("model") != rule.model):
        return False
    return rule.what in {EVERY, condition.labels.get("slo" if sort == "burn" else "signal")}


def _is_anomaly(condition: Condition) -> bool:
    return condition.kind.endswith("-anomaly")


def _threshold(rule: Rule, measured: Measured) -> Iterator[Condition]:
    bound = rule.bound
    assert bound is not None
    if bound.source == "samples":
        yield _condition(rule, bound, _sampled(rule, bound, measured), (), measured)
        return
    found = dict(measured.figures(rule))
    places = [*found, *(place for place in measured.known(rule) if place not in found)] if rule.each else [()]
    for place in places:
        yield _condition(rule, bound, _figure(rule, bound, found.get(place)), place, measured)


def _condition(rule: Rule, bound: Bound, value: float | None, place: Place, measured: Measured) -> Condition:
    labels = _labels(rule, place)
    limit = bound.number
    if rule.until is not None and measured.fires(rule.name, labels):
        limit = rule.until
    active = None if value is None else replace(bound, number=limit).exceeds(value)
    return Condition(
        name=rule.name,
        kind=AlertKind.THRESHOLD,
        active=active,
        severity=rule.severity or "warning",
        labels=labels,
        reason=_reason(rule, bound, value, limit),
        hint=rule.hint,
        value=value,
        bound=limit,
        for_s=rule.for_s or 0.0,
    )


def _reason(rule: Rule, bound: Bound, value: float | None, limit: float) -> str:
    what = f"{bound.name} {bound.statistic}".strip()
    if value is None:
        return f"{what} was not measured in the last {rule.over_s:g} s"
    side = "above" if bound.side == ">" else "below"
    where = f" over {rule.over_s:g} s" if bound.source == "calls" else ""
    return f"{what} is {said(value, bound.unit)}{where}; the rule tells what is {side} {said(limit, bound.unit)}"


def _labels(rule: Rule, place: Place) -> dict[str, str]:
    labels = dict(rule.labels)
    if rule.model is not None:
        labels["model"] = rule.model
    if rule.each and place:
        labels[rule.each] = place[0]
    return labels


def _sampled(rule: Rule, bound: Bound, measured: Measured) -> float | None:
    for sample in reversed(measured.samples):
        if sample.at < measured.now - rule.over_s:
            return None
        value = sample_value(sample, bound.name)
        if value is not None:
            return value
    return None


def _figure(rule: Rule, bound: Bound, summary: Summary | None) -> float | None:
    if bound.name == "requests":
        return float(summary.requests) if summary else 0.0
    if summary is None or summary.requests < rule.least:
        return None
    if bound.name in {"success", "errors"}:
        return _share(summary, bound.name)
    figure = summary.metrics.get(bound.name)
    if figure is None or figure.n < rule.least:
        return None
    known = {"mean": figure.mean, "p50": figure.p50, "p90": figure.p90, "p95": figure.p95, "p99": figure.p99,
             "p999": figure.p999, "max": figure.max}  # fmt: skip
    return known[bound.statistic]


def _share(summary: Summary, name: str) -> float | None:
    good, bad = summary.outcomes.get(OK, 0), failures(summary.outcomes)
    if not good + bad:
        return None
    return (good if name == "success" else bad) / (good + bad)


def _absence(rule: Rule, measured: Measured) -> Condition:
    if rule.what == "samples":
        count = sum(sample.at >= measured.now - rule.over_s for sample in measured.samples)
    else:
        count = sum(summary.requests for summary in measured.figures(rule).values())
    return Condition(
        name=rule.name,
        kind=AlertKind.ABSENCE,
        active=count == 0,
        severity=rule.severity or "warning",
        labels=_labels(rule, ()),
        reason=f"{count} {rule.what} in the last {rule.over_s:g} s",
        hint=rule.hint or ("does the monitor run?" if rule.what == "samples" else "do the clients still reach it?"),
        value=float(count),
        for_s=rule.for_s or 0.0,
    )
