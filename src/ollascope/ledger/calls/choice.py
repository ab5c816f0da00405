"""Which Calls a page shows, and a place in their order to go on from."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from ollascope.ledger.rollups import Group
from ollascope.ledger.select import Where
from ollascope.words.call import Call
from ollascope.words.errors import BadUsage
from ollascope.words.outcomes import is_failed

Order = Literal["newest", "oldest", "total", "ttft", "tokens-in", "tokens-out"]
Key = tuple[float, bytes]  # when a Call was sent, and its id as it stands in its line: no two are the same
Rank = tuple[float, float, bytes]  # before that, how great the value is by which Calls are put in order

ORDERS: Final[tuple[Order, ...]] = get_args(Order)
GREATEST: Final[Mapping[Order, str]] = {  # orders by a field, the greatest first, and else the newest
    "total": "end_s", "ttft": "first_chunk_s", "tokens-in": "tokens_in", "tokens-out": "tokens_out",
}  # fmt: skip

LONGEST_WORD = 200  # of a group's words, which are cut
NO_MODEL = "model-missing"  # such Calls are summed without the model they asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The Calls that are meant; beyond a Where, only failures, or those that took longer than `slower_s`."""

    where: Where = field(default_factory=Where)
    failed: bool = False
    slower_s: float | None = None
    order: Order = "newest"

    @property
    def field(self) -> str | None:
        """The field of Calls that puts them in order, if it is not their time."""
        return GREATEST.get(self.order)

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out more than what does not count, and than what blocks tell of themselves."""
        return bool(self.where.wanted().keys() - {"model"}) or self.failed

    def test(self) -> Callable[[Call], bool]:
        """Whether a Call is meant."""
        is_meant, failed, slower = self.where.test(), self.failed, self.slower_s

        def holds(call: Call) -> bool:
            if not is_meant(call) or (failed and not is_failed(call.outcome)):
                return False
            return slower is None or (call.end_s is not None and call.end_s >= slower)

        return holds

    def may_hold(self, group: Group) -> bool:
        """Whether Calls of a group of the sums can be meant."""
        outcome = group.word("outcome") or ""
        if self.failed and not is_failed(outcome):
            return False
        for name, word in self.where.wanted().items():
            unnamed = name == "model" and outcome == NO_MODEL
            if not unnamed and group.word(name) != word[:LONGEST_WORD]:
                return False
        return self.where.counted.holds(group.words[0], group.word("model"), group.nested, group.word("engine"))


def place_text(place: Key | Rank) -> str:
    """A place as it stands in an address."""
    *numbers, number = place
    return "~".join([*(f"{each!r}" for each in numbers), number.decode("utf-8", "surrogateescape")])


def read_key(text: str) -> Key:
    """A place in the order of time, from an address."""
    (at,), number = _read(text, 1)
    return at, number


def read_rank(text: str) -> Rank:
    """A place in another order, from an address."""
    (value, at), number = _read(text, 2)
    return value, at, number


def _read(text: str, count: int) -> tuple[list[float], bytes]:
    parts = text.split("~", count)
    try:
        numbers = [float(each) for each in parts[:count]]
    except ValueError:
        numbers = []
    if len(parts) <= count or not numbers or any(math.isnan(each) for each in numbers):
        raise BadUsage(f"{text[:40]!r} is no place in the list", hint="begin at its top again")
    return numbers, parts[count].encode("utf-8", "surrogateescape")
