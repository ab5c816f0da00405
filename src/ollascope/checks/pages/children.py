"""The processes that `ollascope up` keeps running, as a page shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ollascope.processes.state import Report, Standing, read_report
from ollascope.words.errors import StorageTrouble
from ollascope.words.record import Json

TONES: Mapping[str, str] = {"ready": "ok", "starting": "plain", "waiting": "plain", "ending": "soft", "stopped": "soft",
                            "resting": "warning", "failed": "problem"}  # fmt: skip
STATES = ("waiting", "starting", "ready", "ending", "resting", "failed", "stopped", "not running")
MOST_WORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process: how it stands and what it said last."""

    name: str
    state: str
    tone: str
    pid: int | None = None
    since: float | None = None
    restarts: int = 0
    address: str | None = None
    reason: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All processes of this data folder; without a supervisor each was started alone, if at all."""

    supervisor: int | None = None  # its process number
    since: float | None = None
    children: Sequence[Child] = ()
    trouble: str = ""

    def to_json(self) -> dict[str, Json]:
        """As a program reads it."""
        return {"supervisor": self.supervisor, "since": self.since, "trouble": self.trouble,
                "children": [asdict(child) for child in self.children]}  # fmt: skip


def family(data: Path, wanted: Iterable[str]) -> Family:
    """How the supervisor's children stand, those that are wanted and do not run among them."""
    try:
        report = read_report(data)
    except StorageTrouble as error:
        return Family(trouble=error.message)
    return Family() if report is None else _told(report, wanted)


def _told(report: Report, wanted: Iterable[str]) -> Family:
    names = dict.fromkeys([*wanted, *report.children])
    children = [_child(name, report.children.get(name)) for name in names]
    return Family(supervisor=report.supervisor.pid, since=report.supervisor.since, children=children)


def _child(name: str, stand: Standing | None) -> Child:
    if stand is None:
        return Child(name=name, state="not running", tone="problem")
    return Child(
        name=name,
        state=stand.state,
        tone=TONES.get(stand.state, "plain"),
        pid=stand.pid,
        since=stand.since,
        restarts=stand.restarts,
        address=stand.address,
        reason=stand.held or stand.reason or "",
        words=stand.words[-MOST_WORDS:],
    )
