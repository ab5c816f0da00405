"""The runs as a table for a person."""

from collections.abc import Sequence
from typing import Final

from ollascope.bench.shown import Listed
from ollascope.logs.form import printable
from ollascope.reports.say import digits, seconds
from ollascope.words.clock import utc_text

HEADERS: Final = ("RUN", "STATE", "VERDICT", "MODEL", "LOAD", "REQUESTS/S", "TTFT P50", "TTFT P95", "STARTED")
STYLES: Final = {"VALID": "green", "LIMITED": "yellow", "INVALID": "red"}


def rows(found: Sequence[Listed]) -> list[list[str]]:
    """A row for each run; what is not known is left empty."""
    return [
        [
            one.id + (" DEMO" if one.demo else ""),
            one.state if not one.text else f"{one.state}: {printable(one.text)}",
            one.verdict or "",
            printable(one.model or ""),
            one.load,
            "" if one.requests_per_s is None else digits(one.requests_per_s),
            "" if one.ttft_p50_s is None else seconds(one.ttft_p50_s),
            "" if one.ttft_p95_s is None else seconds(one.ttft_p95_s),
            "" if one.started_at is None else utc_text(one.started_at)[:16].replace("T", " "),
        ]
        for one in found
    ]
