"""How fast models were, for the pages about models: by the sums of what was recorded."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from ollascope.engines.pages.speeds import RATE, TTFT, Ask, Point, Span, Speeds, ends_of, point_of, speeds_of
from ollascope.ledger.reading import read_rows
from ollascope.ledger.rollups import every_group, has_rollups, open_rollups
from ollascope.ledger.select import COUNTED, Counted, Where
from ollascope.ledger.summary import Question, summarise, summarise_calls
from ollascope.words.call import Call
from ollascope.words.errors import StorageTrouble
from ollascope.words.summary import Summary

LATELY_S: Final = 7 * 86_400
MOST_UNSUMMED: Final = 20_000  # Calls that are read one by one where nobody has summed them
WITH_OURS: Final = Counted(own=True, demo=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """How fast models were: by the sums of what was recorded, or by the Calls where they are few and nobody sums."""

    ledger: Path
    wall: Callable[[], float] = time.time

    def lately(self, everything: bool) -> dict[str, Point]:
        """Each model in the last days; nothing where too much would have to be read."""
        now = self.wall()
        question = _question(Where(since=now - LATELY_S, until=now + 1), everything)
        if has_rollups(self.ledger):
            found = summarise(self.ledger, question)
        else:
            calls = self._few(question)
            found = {} if calls is None else summarise_calls(calls, question, now)
        return {name: point_of(now, summary) for (name,), summary in found.items() if name}

    def history(self, name: str, span: Span, everything: bool) -> Speeds:
        """One model over time, or why it cannot be told."""
        now = self.wall()
        since, until = ends_of(span, now)
        try:
            if has_rollups(self.ledger):
                return speeds_of(partial(self._sum, everything), self._names(), name, span, now)
            calls = self._few(_question(Where(since=since, until=until), everything))
        except StorageTrouble as trouble:
            return Speeds(span=span, trouble=trouble.message)
        if calls is None:
            unsummed = f"more than {MOST_UNSUMMED:,} requests are not summed: `ollascope monitor` sums them"
            return Speeds(span=span, trouble=unsummed)
        return speeds_of(_asked_of(calls), {call.model for call in calls if call.model}, name, span, now)

    def _sum(self, everything: bool, since: float, until: float, model: str) -> Summary | None:
        question = _question(Where(since=since, until=until, model=model), everything)
        return summarise(self.ledger, question).get((model,))

    def _names(self) -> set[str]:
        with open_rollups(self.ledger) as connection:
            return {word for group in every_group(connection).values() if (word := group.word("model"))}

    def _few(self, question: Question) -> list[Call] | None:
        calls = list(islice(read_rows(self.ledger, question.where), MOST_UNSUMMED + 1))
        return calls if len(calls) <= MOST_UNSUMMED else None


def _asked_of(calls: list[Call]) -> Ask:
    """The same of Calls that were read already."""

    def ask(since: float, until: float, model: str) -> Summary | None:
        meant = (call for call in calls if call.model == model and since <= call.sent_at < until)
        return summarise_calls(meant, _question(Where(since=since, until=until), True), until).get((model,))

    return ask


def _question(where: Where, everything: bool) -> Question:
    counted = WITH_OURS if everything else COUNTED
    return Question(where=replace(where, counted=counted), by=("model",), metrics=(TTFT, RATE))
