"""The task of the monitor that judges and alarms, and what it puts on the board for metrics."""

from pathlib import Path

from ollascope.monitor.alerts.reading.book import read_book
from ollascope.monitor.alerts.rules import EVERY, Book
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.watch import Orders, Watch
from ollascope.monitor.anomalies.judge import scores
from ollascope.monitor.board import Board
from ollascope.monitor.loop import Task
from ollascope.monitor.measures import nearest_of
from ollascope.monitor.objectives import Objectives, budget_of, read_objectives
from ollascope.settings.load import Settings
from ollascope.words.clock import Clock
from ollascope.words.errors import BadSettings

FOLDER, LEDGER = "alerts", "ledger"  # in the data folder
JUDGE, TARGETS = "alerts", "objectives.targets"
LAST_S = 2.0  # for notices that still wait when the monitor ends


def orders_in(settings: Settings, where: str | None = None) -> Orders:
    """What these settings want to be watched; `where` is what mistakes in the objectives begin with."""
    if where is None:
        origin = next(entry.origin for entry in settings.entries() if entry.key == TARGETS)
        where = f"{origin}: {TARGETS}"
    return orders_of(settings.data_folder, settings.of(Alerts), settings.of(Objectives), where)


def orders_of(data: Path, settings: Alerts, objectives: Objectives, where: str = TARGETS,
              clock: Clock | None = None) -> Orders:  # fmt: skip
    """What is to be watched; every mistake in objectives and rules is told at once, before anything starts."""
    promised = read_objectives(objectives, where)
    book = read_book(settings.file) if settings.file is not None else Book()
    _refuse_strangers(book, [one.text for one in promised], where)
    return Orders(ledger=data / LEDGER, folder=data / FOLDER, book=book, objectives=promised, fewest=objectives.fewest,
                  settings=settings, clock=clock or Clock())  # fmt: skip


def _refuse_strangers(book: Book, known: list[str], where: str) -> None:
    """A rule about an objective that nobody promised would never hold."""
    for rule in book.rules:
        if rule.sort == "burn" and rule.what not in {EVERY, *known}:
            hint = nearest_of(rule.what, known) if known else f"write it into {where}, or * for every objective"
            what = f"the rule {rule.name!r} is about {rule.what!r}, which {where} does not promise"
            raise BadSettings(what, hint=hint)


def alarming(orders: Orders, board: Board, *, days: int = 30) -> Task:
    """Judge and alarm again and again, from what lies on the board and in the ledger."""
    turning = _Turning(orders, board, days)
    return Task(name="alerts", every_s=orders.settings.every_s, run=turning.turn, close=turning.close)


class _Turning:
    """Opens the watch at its first turn, so that a ledger or folder that cannot be used is tried again."""

    def __init__(self, orders: Orders, board: Board, days: int) -> None:
        self._orders = orders
        self._board = board
        self._days = days
        self._watch: Watch | None = None
        self._last = 0.0

    def turn(self) -> None:
        if self._watch is None:
            self._watch = Watch(self._orders)
        watch, board = self._watch, self._board
        if board.sample is not None and board.sample.at != self._last:
            self._last = board.sample.at
            watch.take_sample(board.sample)
        ours = {id(condition) for condition in watch.own}
        watch.take_conditions(condition for condition in board.conditions if id(condition) not in ours)
        watch.turn()
        board.put(JUDGE, watch.own)
        board.scores = scores(watch.anomalies)
        self._put_budgets(watch)

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close(LAST_S)

    def _put_budgets(self, watch: Watch) -> None:
        now = self._orders.clock.wall()
        found = [budget_of(watch.tallies, one, now, days=self._days) for one in self._orders.objectives]
        self._board.budgets = {each.slo: each.remaining for each in found if each.remaining is not None}
        self._board.burn_rates = {
            (each.slo, window): rate for each in found for window, rate in each.burn.items() if rate is not None
        }
