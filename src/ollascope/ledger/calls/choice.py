"""Which Calls a page shows, and a place in their order to go on from."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ollascope.ledger.rollups import Group
from ollascope.ledger.select import Where
from ollascope.words.call import Call
from ollascope.words.errors import BadUsage
from ollascope.words.outcomes import is_failed

Order = Literal["newest", "oldest"]
Key = tuple[float, bytes]  # when a Call was sent, and its id as it stands in its line: no two are the same

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
    def is_narrow(self) -> bool:
        """Whether it leaves out more than what does not count."""
        return bool(self.where.wanted()) or self.failed or self.slower_s is not None

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


def place_text(key: Key) -> str:
    """A place as it stands in an address."""
    return f"{key[0]!r}~{key[1].decode('utf-8', 'surrogateescape')}"


def read_place(text: str) -> Key:
    """A place from an address."""
    at, mark, number = text.partition("~")
    try:
        key = float(at), number.encode("utf-8", "surrogateescape")
    except ValueError:
        key = math.nan, b""
    if not mark or not math.isfinite(key[0]):
        raise BadUsage(f"{text[:40]!r} is no place in the list", hint="begin at its top again")
    return key
