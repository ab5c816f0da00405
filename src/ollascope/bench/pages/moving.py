"""What is under way: tests that were started here, and runs that somebody else carries out in this data folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ollascope.bench import folder as names
from ollascope.bench.asked import Asked, Level
from ollascope.bench.pages.launches import Launch, Launches
from ollascope.bench.quick.plan import longest_s
from ollascope.bench.running.live import read_live
from ollascope.bench.running.place import under_way
from ollascope.bench.running.resuming import read_asked
from ollascope.bench.running.standing import Standing
from ollascope.ledger.select import is_demo
from ollascope.words.errors import Trouble

Kind = Literal["run", "quick"]
QUICK_S: Final = longest_s() + 4.0  # with starts and ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """One test under way; without a Standing it has not begun to send."""

    id: str
    kind: Kind = "run"
    run: str | None = None  # the folder that is written at this moment
    standing: Standing | None = None
    asked: Asked | None = None
    launch: Launch | None = None

    @property
    def model(self) -> str:
        """Whom it asks; empty as long as that is not known."""
        return self.asked.target.model if self.asked else self.launch.model if self.launch else ""

    @property
    def demo(self) -> bool:
        """Whether its figures will say nothing about real models."""
        return self.asked is not None and is_demo(self.asked.target.model, self.asked.target.engine)

    @property
    def level(self) -> Level | None:
        """The stretch of the load that is under way."""
        levels = self.asked.load.levels if self.asked else ()
        number = self.standing.stage if self.standing else 0
        return levels[number] if number < len(levels) else None

    def share(self, now: float) -> float | None:
        """How much of it is over; a quick look knows its whole length."""
        if self.kind == "quick" and self.launch is not None:
            return min(0.99, max(0.0, (now - self.launch.at) / QUICK_S))
        return self.standing.share if self.standing else None

    def left_s(self, now: float) -> float | None:
        """How many seconds are left, where that is known."""
        if self.kind == "quick" and self.launch is not None:
            return max(0.0, self.launch.at + QUICK_S - now)
        return self.standing.left_s if self.standing else None


def moving(data: Path, launches: Launches) -> list[Moving]:
    """Every test under way; the run of a quick look counts as that look."""
    standing = {run: read_live(names.results(data) / run) for run in under_way(data)}
    found, told = [], set[str]()
    for launch in launches.under_way():
        run = _run_of(launch, standing)
        if run is None and _is_over(data, launch):
            continue
        told |= {run} if run else set()
        found.append(_one(launch.id, "quick" if launch.kind == "quick" else "run", data, run, launch, standing))
    others = [run for run in standing if run not in told]
    return [*found, *(_one(run, "run", data, run, None, standing) for run in others)]


def find_moving(data: Path, launches: Launches, wanted: str) -> Moving | None:
    """The test of this id, if it is under way; also the run that a quick look carries out."""
    every = moving(data, launches)
    whole = next((one for one in every if one.id == wanted), None)
    inner = next((one for one in every if one.run == wanted), None)
    if whole is None and inner is not None:
        return Moving(id=wanted, run=wanted, standing=inner.standing, asked=inner.asked, launch=inner.launch)
    return whole


def _is_over(data: Path, launch: Launch) -> bool:
    """Whether all is written, and its process only has to leave."""
    return launch.kind == "run" and (names.results(data) / launch.id / names.RESULT).exists()


def _run_of(launch: Launch, standing: Mapping[str, Standing | None]) -> str | None:
    """The run that this process writes; by its name where it has not said how it stands."""
    by_pid = [run for run, now in standing.items() if now is not None and now.pid == launch.who.pid]
    return by_pid[0] if by_pid else launch.id if launch.id in standing else None


def _one(
    name: str, kind: Kind, data: Path, run: str | None, launch: Launch | None, standing: Mapping[str, Standing | None]
) -> Moving:
    if run is None:
        return Moving(id=name, kind=kind, launch=launch)
    try:
        asked = read_asked(names.results(data) / run)
    except Trouble:  # it is being made at this moment
        asked = None
    return Moving(id=name, kind=kind, run=run, standing=standing[run], asked=asked, launch=launch)
