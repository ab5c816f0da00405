"""Objectives for a page: what is left of each error budget, how fast it goes, and what that means."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ollascope.monitor.alerts.commands import FOLDER, list_alerts
from ollascope.monitor.alerts.keeping import load_value
from ollascope.monitor.alerts.watch import OBJECTIVES
from ollascope.monitor.objectives import (
    BURNING,
    DAY_S,
    HOUR_S,
    MOST_BAD,
    Budget,
    Objective,
    Objectives,
    Tallies,
    Tally,
    budget_of,
    read_objectives,
)
from ollascope.words.alerts import Alert
from ollascope.words.errors import BadSettings, StorageTrouble
from ollascope.words.record import Json

SHOWN_HOURS = 7 * 24
LOW = 0.25  # of a budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """How fast a budget went in one window; `loud` is what an alert needs, None where no alert looks."""

    window: str
    rate: float | None
    loud: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One objective as it stands."""

    budget: Budget
    allowed: float  # the share of requests that may break it
    tone: str
    burns: Sequence[Burn]
    lasts_s: float | None  # at the pace of the last hour; None: it does not run out
    hours: Sequence[float | None]  # the share that broke it, hour by hour, the newest last
    alerts: Sequence[Alert]

    def to_json(self) -> dict[str, Json]:
        """As a program reads it."""
        return {**asdict(self.budget), "allowed": self.allowed, "lasts_s": self.lasts_s,
                "alerts": [alert.id for alert in self.alerts]}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """All objectives, over how many days their budgets are counted, and until when requests have been counted."""

    promises: Sequence[Promise] = ()
    days: int = 30
    fewest: int = 0
    seen: float | None = None
    mistakes: Sequence[str] = ()
    hint: str = ""


def promised(data: Path, section: Objectives, now: float) -> Promised:
    """How every objective stands."""
    folder = data / FOLDER
    try:
        objectives = read_objectives(section)
        tallies = load_value(folder / OBJECTIVES, Tallies) or Tallies()
        alerts = list_alerts(folder, now) if objectives else []
    except BadSettings as error:
        return Promised(days=section.days, mistakes=error.message.splitlines(), hint=error.hint)
    except StorageTrouble as error:
        return Promised(days=section.days, mistakes=[error.message], hint=error.hint)
    found = [_promise(one, tallies, alerts, now, section.days) for one in objectives]
    return Promised(promises=found, days=section.days, fewest=section.fewest, seen=tallies.seen or None)


def _promise(one: Objective, tallies: Tallies, alerts: Sequence[Alert], now: float, days: int) -> Promise:
    budget = budget_of(tallies, one, now, days=days)
    return Promise(
        budget=budget,
        allowed=one.budget,
        tone=_tone(budget),
        burns=[Burn(window=window, rate=rate, loud=_loud(one, window)) for window, rate in budget.burn.items()],
        lasts_s=_lasts(budget, days),
        hours=_by_hour(tallies.of.get(one.text, Tally()), now),
        alerts=[alert for alert in alerts if alert.labels.get("slo") == one.text],
    )


def _tone(budget: Budget) -> str:
    left = budget.remaining
    return "soft" if left is None else "problem" if left <= 0 else "warning" if left < LOW else "ok"


def _loud(one: Objective, window: str) -> float | None:
    """The lowest rate at which an alert that looks at this window may fire."""
    factors = [each.factor for each in BURNING if window in each.name.split("/")]
    return min(*factors, MOST_BAD / one.budget) if factors else None


def _lasts(budget: Budget, days: int) -> float | None:
    rate, left = budget.burn.get("1h"), budget.remaining
    return None if not rate or left is None or left <= 0 else left * days * DAY_S / rate


def _by_hour(tally: Tally, now: float) -> list[float | None]:
    """The share of each hour's requests that broke the promise; None where there were none."""
    cells = {int(at // HOUR_S): (of, bad) for at, of, bad in tally.hours}
    last = int(now // HOUR_S)
    counts = [cells.get(hour) for hour in range(last - SHOWN_HOURS + 1, last + 1)]
    return [bad / of if of else None for of, bad in (count or (0, 0) for count in counts)]
