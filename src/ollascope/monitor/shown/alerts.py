"""The alerts of a stretch of time as a part of its report, and as facts."""

from collections.abc import Sequence
from dataclasses import asdict

from ollascope.logs.form import printable
from ollascope.reports.parts import Table
from ollascope.reports.say import count
from ollascope.reports.words import Language, word
from ollascope.words.alerts import Alert
from ollascope.words.clock import utc_text
from ollascope.words.record import Json

MOST = 20  # of more, the loudest
LABELS = 2  # the column


def alerts_table(alerts: Sequence[Alert], language: Language) -> Table:
    """What fired, the loudest first, with the reason and what can be done."""
    rows: list[tuple[str, ...]] = [
        (
            word(alert.severity, language),
            printable(alert.name),
            printable(", ".join(f"{key} {text}" for key, text in sorted(alert.labels.items()))),
            _moment(alert.fired_at or alert.since),
            word("still firing", language) if alert.resolved_at is None else _moment(alert.resolved_at),
            printable("; ".join(text for text in (alert.reason, alert.hint) if text)),
        )
        for alert in alerts[:MOST]
    ]
    names = ["severity", "alert", "labels", "from (UTC)", "until (UTC)", "reason"]
    if not any(row[LABELS] for row in rows):
        names.pop(LABELS)
        rows = [row[:LABELS] + row[LABELS + 1 :] for row in rows]
    left = len(alerts) - MOST
    note = word("and {count} more: `ollascope alerts history` shows them", language).format(count=count(left))
    headers = [word(name, language) for name in names]
    return Table(title=word("Alerts", language), headers=headers, rows=rows, note=note if left > 0 else "")


def alert_facts(alerts: Sequence[Alert]) -> list[Json]:
    """All of them for a program."""
    return [asdict(alert) for alert in alerts]


def _moment(at: float) -> str:
    return utc_text(at)[:16].replace("T", " ")
