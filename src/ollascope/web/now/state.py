"""Everything that the page Now shows, looked at once for all viewers."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollascope.checks.finding import Finding
from ollascope.checks.pages.checking import examine
from ollascope.engines.settings import Engines
from ollascope.ledger.reading import read_rows
from ollascope.ledger.select import COUNTED, Counted, Where
from ollascope.monitor.alerts.commands import FOLDER as ALERTS
from ollascope.monitor.alerts.commands import list_alerts
from ollascope.monitor.objectives import Budget, Objectives
from ollascope.monitor.pages.promises import promised
from ollascope.monitor.sight import LEDGER, Sight
from ollascope.monitor.top import Seen, View, counted_calls
from ollascope.processes.address import answers
from ollascope.settings.addresses import Addresses
from ollascope.web.joint import Desk
from ollascope.web.kept import Kept
from ollascope.web.live.topic import Viewing
from ollascope.web.now.measured import Bench, Told
from ollascope.web.now.trends import Trends, trends_of
from ollascope.words.alerts import Alert
from ollascope.words.errors import StorageTrouble, Trouble

CHECKS_S, ENGINE_S, MONITOR_S, ALERTS_S = 60.0, 2.0, 10.0, 2.0
TESTS_S, LAST_TEST_S = 1.0, 5.0
SAMPLE_S = 1.5
FIRST_WAIT_S = 0.15  # that the first page waits for what is not known yet
WITH_OURS = Counted(own=True, demo=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Alerts that stand and budgets of objectives, or why they cannot be told."""

    alerts: Sequence[Alert] = ()
    budgets: Sequence[Budget] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All of it at one moment; None is what is not known yet."""

    everything: bool
    view: View | None = None
    trends: Trends | None = None
    is_empty: bool = False  # nothing was ever recorded
    findings: Sequence[Finding] | None = None
    promises: Promises | None = None
    named: bool = False  # the settings say which model server it is
    watched: bool | None = None  # whether the monitor answers
    tests: Sequence[Told] = ()  # load tests under way, whose requests are recorded when they end
    last_test: Told | None = None  # told where requests are left out, or nothing was recorded
    trouble: str = ""


@dataclass(slots=True)
class Eyes:
    """What the page looks through; opened in the background, because a large ledger takes a moment."""

    desk: Desk
    sight: Kept[Sight] = field(init=False)
    seen: Kept[Seen] = field(init=False)
    findings: Kept[Sequence[Finding]] = field(init=False)
    promises: Kept[Promises] = field(init=False)
    watched: Kept[bool] = field(init=False)
    tests: Kept[Sequence[Told]] = field(init=False)
    last_test: Kept[Told | None] = field(init=False)
    has_calls: bool = False
    trouble: str = ""

    def __post_init__(self) -> None:
        self.sight = Kept("ledger", self._open, float("inf"))
        self.seen = Kept("engine", self._ask, ENGINE_S)
        self.findings = Kept("checks", self._check, CHECKS_S)
        self.promises = Kept("alerts", self._promises, ALERTS_S)
        self.watched = Kept("monitor", self._watched, MONITOR_S)
        bench = Bench(self.desk)
        self.tests = Kept("tests", bench.moving, TESTS_S)
        self.last_test = Kept("last test", bench.last, LAST_TEST_S)

    def start(self) -> None:
        """Begin to look, before the first viewer comes."""
        self.sight.read()
        self.findings.read()

    def close(self) -> None:
        """Give everything back."""
        sight = self.sight.read()
        if sight is not None:
            sight.close()

    def look(self, viewing: Viewing) -> Scene:
        """What is going on at this moment."""
        sight = self.sight.read(FIRST_WAIT_S)
        scene = Scene(
            everything=viewing.everything, trouble=self.trouble, findings=self.findings.read(),
            promises=self.promises.read(FIRST_WAIT_S), watched=self.watched.read(FIRST_WAIT_S),
            tests=self.tests.read(FIRST_WAIT_S) or (), named=self._is_named(),
        )  # fmt: skip
        if sight is None:
            return scene
        counted = WITH_OURS if viewing.everything else COUNTED
        view = sight.view(self.seen.read(FIRST_WAIT_S) or Seen(), counted)
        calls, _ = counted_calls(sight.calls(), counted)
        is_empty = self._is_empty(view)
        return replace(
            scene, view=view, trends=trends_of(calls, view.at), is_empty=is_empty, trouble="",
            last_test=self.last_test.read(FIRST_WAIT_S) if is_empty or view.left_out else None,
        )  # fmt: skip

    def _is_named(self) -> bool:
        engines = self.desk.settings.of(Engines)
        return engines.use != "auto" or bool(engines.ollama.url or engines.openai.url)

    def _is_empty(self, view: View) -> bool:
        if not self.has_calls:
            recent = view.left_out or view.windows[-1].requests
            self.has_calls = bool(recent) or _was_used(self.desk.data / LEDGER)
        return not self.has_calls

    def _open(self) -> Sight:
        try:
            return Sight(self.desk.settings, SAMPLE_S)
        except Trouble as error:
            self.trouble = error.message
            self.sight.forget()
            raise

    def _ask(self) -> Seen:
        sight = self.sight.read()
        if sight is None:
            return Seen()
        try:
            return sight.ask()
        except Trouble as error:
            return Seen(trouble=error.message)

    def _check(self) -> Sequence[Finding]:
        return examine(self.desk.settings, self.desk.settings_file)

    def _promises(self) -> Promises:
        now = time.time()
        try:
            alerts = list_alerts(self.desk.data / ALERTS, now)
        except StorageTrouble as error:
            return Promises(trouble=error.message)
        found = promised(self.desk.data, self.desk.settings.of(Objectives), now)
        return Promises(
            alerts=alerts, budgets=[one.budget for one in found.promises], trouble="\n".join(found.mistakes)
        )  # fmt: skip

    def _watched(self) -> bool:
        addresses = self.desk.settings.of(Addresses)
        return asyncio.run(answers(addresses.host, addresses.monitor, "/healthz"))


def _was_used(ledger: Path) -> bool:
    try:
        return next(read_rows(ledger, Where()), None) is not None
    except StorageTrouble:
        return False
