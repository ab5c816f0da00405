"""One rule of a rules file: exactly one of `when`, `absent`, `burn`, `anomaly`, and how long and loud."""

from typing import cast

from ollascope.monitor.alerts.reading.nodes import Reader
from ollascope.monitor.alerts.rules import EVERY, SEVERITIES, Each, Rule, Sort
from ollascope.monitor.anomalies.signals import ERRORS, SIGNALS, signal_of
from ollascope.monitor.measures import Bound, nearest_of, read_bound, said
from ollascope.monitor.objectives import read_objective
from ollascope.words.alerts import Severity
from ollascope.words.errors import BadSettings

SORTS: dict[str, Sort] = {"when": "threshold", "absent": "absence", "burn": "burn", "anomaly": "anomaly"}
KEYS = ("name", *SORTS, "over", "each", "model", "least", "until", "for", "severity", "labels", "hint")
ABSENT = ("requests", "samples")
OWN_LABELS = frozenset({"name", "kind", "severity", "model", "backend", "slo", "window", "signal"})


def read_rule(reader: Reader) -> Rule | None:
    """The rule, or None where it is not known what makes it hold."""
    reader.know(*KEYS)
    name = reader.name()
    given = [key for key in SORTS if reader.has(key)]
    if len(given) != 1:
        what = f"has {' and '.join(given)} at once" if given else "does not say when it holds"
        reader.wrong("", f"the rule {name!r} {what}", f"give it one of {', '.join(SORTS)}")
        return None
    sort = SORTS[given[0]]
    bound = _bound(reader) if sort == "threshold" else None
    if sort == "threshold" and bound is None:
        return None
    return Rule(
        name=name,
        sort=sort,
        severity=_severity(reader),
        for_s=reader.duration("for", 0.0) if reader.has("for") else None,
        labels=_labels(reader),
        hint=reader.text("hint"),
        bound=bound,
        until=_until(reader, bound),
        over_s=max(60.0, reader.duration("over", 300.0)),
        each=cast("Each", reader.choice("each", ("model", "backend"), "")),
        model=reader.text("model") or None,
        least=reader.whole("least", 1, least=1),
        what=_what(reader, given[0]),
    )


def _bound(reader: Reader) -> Bound | None:
    try:
        bound = read_bound(reader.text("when"))
    except BadSettings as error:
        reader.wrong("when", error.message, error.hint)
        return None
    if told := _settled(bound):
        reader.wrong("when", told, "a share lies between 0 % and 100 %, everything else at 0 or above")
    return bound


def _settled(bound: Bound) -> str:
    """Why it is known beforehand whether a bound is ever exceeded; nothing where it is not."""
    share = bound.unit == "ratio"
    never = bound.number <= 0 and bound.unit != "°C" if bound.side == "<" else share and bound.number >= 1
    if never:
        return f"{bound.text!r} can never hold"
    return f"{bound.text!r} always holds" if bound.side == "<" and share and bound.number > 1 else ""


def _until(reader: Reader, bound: Bound | None) -> float | None:
    """Where what holds ends again; it must lie on the quiet side of the bound, or it could never end."""
    if not reader.has("until"):
        return None
    if bound is None:
        reader.wrong("until", "belongs to a rule with `when`", "remove it")
        return None
    try:
        name = f"{bound.name} {bound.statistic}".strip()
        end = read_bound(f"{name} {bound.side} {reader.text('until')}").number
    except BadSettings as error:
        reader.wrong("until", error.message, error.hint)
        return None
    if end != bound.number and bound.exceeds(end):
        side = "above" if bound.side == ">" else "below"
        reader.wrong("until", f"contradicts `when`: {said(end, bound.unit)} is {side} {said(bound.number, bound.unit)},"
                     " so it would end where it begins", "write a number on the other side of the bound")  # fmt: skip
    return end


def _severity(reader: Reader) -> Severity | None:
    found = reader.choice("severity", SEVERITIES, "")
    return cast("Severity", found) if found else None


def _labels(reader: Reader) -> dict[str, str]:
    labels = reader.words("labels")
    for own in OWN_LABELS & labels.keys():
        reader.wrong("labels", f"{own} is a label that Ollascope sets itself", "give it another name")
    return labels


def _what(reader: Reader, key: str) -> str:
    found = reader.text(key)
    if key == "absent" and found not in ABSENT:
        reader.wrong(key, f"{found[:60]!r} is none of {', '.join(ABSENT)}", nearest_of(found, ABSENT))
    elif key == "anomaly" and found != EVERY and signal_of(found) is None:
        known = [signal.name for signal in (*SIGNALS, ERRORS)]
        reader.wrong(key, f"there is no signal {found[:60]!r}", nearest_of(found, known))
    elif key == "burn" and found != EVERY:
        try:
            return read_objective(found).text
        except BadSettings as error:
            reader.wrong(key, error.message, error.hint)
    return found if key != "when" else EVERY
