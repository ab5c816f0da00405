"""What Calls of one kind come to in one piece of time, kept so that many pieces add up quickly."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from ollascope.monitor.history.lanes import BITS, lanes_from, lanes_of
from ollascope.stats.packed import MANY, entries, few, many
from ollascope.words.call import Call
from ollascope.words.metrics import metric

SPREADS: Final = ("ttft_s", "total_s", "tpot_s", "decode_tokens_per_s")
LOAD: Final = "load_s"
_OF: Final = tuple((name, metric(name).of) for name in SPREADS)
_LOAD: Final = metric(LOAD).of


class Piece:
    """Requests, outcomes, tokens and how the metrics spread."""

    __slots__ = ("_shifts", "lanes", "load_s", "outcomes", "tokens_in", "tokens_out")

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.tokens_in = 0
        self.tokens_out = 0
        self.lanes: dict[str, int] = {}
        self._shifts: dict[str, int] = {}  # of a packed one: how far its lanes were moved
        self.load_s = 0.0  # the longest

    def add_cell(self, outcome: str, calls: int, tokens: tuple[int | None, int | None], blob: bytes,
                 names: Mapping[int, str]) -> None:  # fmt: skip
        """Take in one cell of the sums."""
        self.outcomes[outcome] += calls
        self.tokens_in += tokens[0] or 0
        self.tokens_out += tokens[1] or 0
        for number, count, at in entries(blob):
            name = names.get(number)
            if name is None:
                continue
            if count == MANY:
                sums, numbers, counts = many(blob, at)
                longest, lanes = sums[3][1], (0 if name == LOAD else lanes_from(numbers, counts))
            else:
                values = few(blob, at, count)
                longest, lanes = max(values, default=0.0), (0 if name == LOAD else lanes_of(values))
            if name == LOAD:
                self.load_s = max(self.load_s, longest)
            else:
                self.lanes[name] = self.lanes.get(name, 0) + lanes

    def add_call(self, call: Call) -> None:
        """Take in a Call that is not summed yet."""
        self.outcomes[call.outcome] += 1
        self.tokens_in += call.tokens_in or 0
        self.tokens_out += call.tokens_out or 0
        self.load_s = max(self.load_s, _LOAD(call) or 0.0)
        for name, of in _OF:
            value = of(call)
            if value is not None:
                self.lanes[name] = self.lanes.get(name, 0) + lanes_of((value,))

    def add(self, other: "Piece") -> None:
        """Take in all of another one."""
        mine = self.outcomes
        for outcome, count in other.outcomes.items():
            mine[outcome] += count
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out
        self.load_s = max(self.load_s, other.load_s)
        lanes, shifts = self.lanes, other._shifts
        for name, counted in other.lanes.items():
            lanes[name] = lanes.get(name, 0) + (counted << shifts.get(name, 0))

    def pack(self) -> None:
        """Take a third of the memory; from here on it can only be added to others."""
        for name, counted in self.lanes.items():
            lowest = (counted & -counted).bit_length() - 1
            self._shifts[name] = max(0, lowest) // BITS * BITS
            self.lanes[name] = counted >> self._shifts[name]

    @property
    def requests(self) -> int:
        """How many."""
        return self.outcomes.total()
