"""Everything that judges and alarms, joined: each turn looks at what came, judges it, and queues notices."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollascope.ledger.reading import Following, read_calls
from ollascope.ledger.select import COUNTED, Where
from ollascope.ledger.summary import Question, summarise
from ollascope.monitor.alerts.judging import Measured, Place, adapt, judge_rules
from ollascope.monitor.alerts.keeping import Keeping, load_value, save_value
from ollascope.monitor.alerts.notices import due
from ollascope.monitor.alerts.rules import Book, Rule
from ollascope.monitor.alerts.sending import Sending
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.state import Alarms, Held, key_of
from ollascope.monitor.alerts.step import step
from ollascope.monitor.anomalies.judge import judge
from ollascope.monitor.anomalies.state import State
from ollascope.monitor.objectives import Objective, Tallies, judge_objectives, observe, resumed
from ollascope.monitor.past.recent import ended_at
from ollascope.monitor.windows import Gathering
from ollascope.words.alerts import Condition
from ollascope.words.clock import Clock
from ollascope.words.sample import Sample
from ollascope.words.summary import Summary

ANOMALIES, OBJECTIVES = "anomalies.json", "objectives.json"
SAVE_S, SAVE_LEARNT_S = 60.0, 600.0
AGAIN_S = 30.0  # a notice queued so shortly before the end may not have gone out
SAMPLES = 2000
LONGEST_CALL_S = 3600.0  # one that was sent earlier and ended since is looked for no further back


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be watched, and where."""

    ledger: Path
    folder: Path  # of alarms, silences and history
    book: Book = field(default_factory=Book)
    objectives: tuple[Objective, ...] = ()
    fewest: int = 20
    settings: Alerts = field(default_factory=Alerts)
    clock: Clock = field(default_factory=Clock)


class Watch:
    """Judges and alarms; one thread takes turns, any thread may hand in Samples and Conditions."""

    def __init__(self, orders: Orders, sending: Sending | None = None) -> None:
        self._orders = orders
        self._keeping = Keeping(orders.folder)
        self._sending = sending or Sending(orders.book.channels)
        self._following = Following(orders.ledger, Where(counted=COUNTED), orders.clock.wall)
        self._gathering = Gathering()
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._fresh: deque[Sample] = deque(maxlen=SAMPLES)
        self._others: dict[str, tuple[float, Condition]] = {}
        self._lock = threading.Lock()
        self._alarms = told_again(self._keeping.alarms())
        self._state = load_value(orders.folder / ANOMALIES, State) or State()
        self._counted: frozenset[str] = frozenset()
        self._tallies = self._caught_up(load_value(orders.folder / OBJECTIVES, Tallies) or Tallies())
        self._conditions: tuple[Condition, ...] = ()
        self._own: tuple[Condition, ...] = ()
        self._saved = self._saved_learnt = orders.clock.wall()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What was judged in the last turn, by all judges: for metrics and pages."""
        return self._conditions

    @property
    def own(self) -> tuple[Condition, ...]:
        """What was judged here in the last turn, without what others handed in."""
        return self._own

    @property
    def alarms(self) -> Alarms:
        """What stands."""
        return self._alarms

    @property
    def anomalies(self) -> State:
        """What the anomaly judge remembers."""
        return self._state

    @property
    def tallies(self) -> Tallies:
        """How the objectives stand."""
        return self._tallies

    @property
    def sending(self) -> Sending:
        """The notices on their way."""
        return self._sending

    def take_sample(self, sample: Sample) -> None:
        """A reading of the machine."""
        self._fresh.append(sample)

    def take_conditions(self, conditions: Iterable[Condition]) -> None:
        """What another judge found, as the probes; each holds until the same judge says otherwise."""
        now = self._orders.clock.wall()
        with self._lock:
            for condition in conditions:
                self._others[key_of(condition.name, condition.labels)] = (now, condition)

    def turn(self) -> None:
        """Look, judge, remember, tell."""
        now = self._orders.clock.wall()
        learnt = self._look(now)
        others, self._own = self._others_said(now), self._judged(now)
        self._conditions = (*adapt(others, self._orders.book.rules), *self._own)
        silences = self._keeping.silences(now)
        before = self._alarms
        stepped = step(before, self._conditions, now, stale_s=self._orders.settings.stale_s)
        self._alarms, notices = due(stepped.alarms, silences, self._orders.book.grouping, now)
        self._save(now, changed=bool(notices or _gist(before) != _gist(self._alarms)), learnt=learnt)
        self._keeping.remember(stepped.events, self._orders.settings.history)
        for notice in notices:
            self._sending.send(notice)

    def close(self, patience_s: float = 2.0) -> None:
        """Remember everything and let what waits go out."""
        now = self._orders.clock.wall()
        self._saved_learnt = now - SAVE_LEARNT_S
        self._save(now, changed=True, learnt=True)
        self._sending.close(patience_s)

    def _look(self, now: float) -> bool:
        calls = self._following.look()
        self._gathering.add_all(calls)
        while self._fresh:
            sample = self._fresh.popleft()
            self._samples.append(sample)
            self._gathering.add_sample(sample)
        fresh = [call for call in calls if call.id not in self._counted]
        self._counted = frozenset()
        self._tallies = observe(self._tallies, self._orders.objectives, fresh, now)
        return bool(calls)

    def _caught_up(self, tallies: Tallies) -> Tallies:
        """The tallies with what was recorded while no monitor ran."""
        orders, now = self._orders, self._orders.clock.wall()
        if not orders.objectives:
            return tallies
        tallies, since = resumed(tallies, now)
        where = Where(since=since - LONGEST_CALL_S, counted=COUNTED)
        missed = [call for call in read_calls(orders.ledger, where) if ended_at(call) >= since]
        self._counted = frozenset(call.id for call in missed)  # those that came meanwhile are seen once more
        return observe(tallies, orders.objectives, missed, now)

    def _others_said(self, now: float) -> list[Condition]:
        with self._lock:
            said = {key: each for key, each in self._others.items() if now - each[0] <= self._orders.settings.stale_s}
            self._others = {key: (at, condition) for key, (at, condition) in said.items() if condition.active}
        return [condition for _, condition in said.values()]

    def _judged(self, now: float) -> tuple[Condition, ...]:
        orders = self._orders
        windows = self._gathering.closed(now)
        found: list[Condition] = []
        if orders.settings.anomalies:
            starts = self._state.starts
            self._state, anomalies = judge(self._state, windows, now)
            found += anomalies
            if self._state.starts != starts:  # what begins must survive, whatever happens
                self._saved_learnt = now - SAVE_LEARNT_S
        found += judge_objectives(self._tallies, orders.objectives, now, fewest=orders.fewest)
        measured = Measured(figures=self._figures(now), samples=self._samples, now=now, fires=self._fires,
                            known=self._known)  # fmt: skip
        return (*adapt(found, orders.book.rules), *judge_rules(orders.book.rules, measured))

    def _figures(self, now: float) -> Callable[[Rule], Mapping[Place, Summary]]:
        kept: dict[tuple[float, str | None, str], dict[Place, Summary]] = {}

        def figures(rule: Rule) -> Mapping[Place, Summary]:
            key = (rule.over_s, rule.model, rule.each)
            if key not in kept:
                where = Where(since=now - rule.over_s, until=now, model=rule.model, counted=COUNTED)
                by = (rule.each,) if rule.each else ()
                found = summarise(self._orders.ledger, Question(where=where, by=by), wall=self._orders.clock.wall)
                kept[key] = {tuple(word or "" for word in words): summary for words, summary in found.items()}
            return kept[key]

        return figures

    def _fires(self, name: str, labels: Mapping[str, str]) -> bool:
        held = self._alarms.held.get(key_of(name, labels))
        return held is not None and held.standing == "firing"

    def _known(self, rule: Rule) -> Iterable[Place]:
        return [(held.labels.get(rule.each, ""),) for held in self._alarms.held.values() if held.name == rule.name]

    def _save(self, now: float, *, changed: bool, learnt: bool) -> None:
        if changed or now - self._saved >= SAVE_S:
            self._keeping.keep(self._alarms)
            if learnt or now - self._saved >= SAVE_S:
                save_value(self._orders.folder / OBJECTIVES, self._tallies)
            self._saved = now
        if now - self._saved_learnt >= SAVE_LEARNT_S:
            save_value(self._orders.folder / ANOMALIES, self._state)
            self._saved_learnt = now


def told_again(alarms: Alarms) -> Alarms:
    """The alarms of a process that has ended, with nobody told of what may not have gone out any more."""
    last = max((held.seen for held in alarms.held.values()), default=0.0)

    def doubtful(held: Held) -> bool:
        return held.told_at is not None and held.told_at >= last - AGAIN_S and held.standing == "firing"

    return replace(alarms, held={key: replace(held, told="") if doubtful(held) else held
                                 for key, held in alarms.held.items()})  # fmt: skip


def _gist(alarms: Alarms) -> Sequence[tuple[str, str, str, float]]:
    """What must not be lost when the process is killed."""
    return [(key, held.standing, held.told, held.since) for key, held in alarms.held.items()]
