"""The true times of every request, so that whoever measured them can be judged."""

import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ollascope.engines.fake.settings import Remembering
from ollascope.words.record import Json

Outcome = Literal["running", "ok", "cancelled"] | str


@dataclass(slots=True, kw_only=True)
class Truth:
    """One request; times are of the monotonic clock in nanoseconds, 0 means it did not come to that."""

    id: str
    label: str = ""
    model: str = ""
    operation: str = ""
    stream: bool = True
    arrived: int = 0
    slot: int = 0  # its turn came
    loaded: int = 0  # the model was ready
    first: int = 0  # the first token was due
    ended: int = 0
    load: int = 0  # how long it waited for the model to be loaded
    prefill: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    outcome: Outcome = "running"
    pieces: int = 0
    most: int = 4096
    due: "array[int]" = field(default_factory=lambda: array("q"))
    written: "array[int]" = field(default_factory=lambda: array("q"))

    def note(self, due: int, at: int) -> None:
        """A piece that was due then and is given away at that time."""
        self.pieces = pieces = self.pieces + 1
        if pieces <= self.most:
            self.due.append(due)
            self.written.append(at)

    def facts(self) -> dict[str, Json]:
        """All of it, offsets in nanoseconds since the request arrived."""
        start = self.arrived
        offsets = {
            name: at - start if at else None
            for name, at in (("slot", self.slot), ("loaded", self.loaded), ("first", self.first), ("ended", self.ended))
        }
        said: dict[str, Json] = {"id": self.id, "label": self.label, "model": self.model, "operation": self.operation}
        counts: dict[str, Json] = {
            "tokens_in": self.tokens_in, "tokens_cached": self.tokens_cached, "tokens_out": self.tokens_out,
            "pieces": self.pieces,
        }  # fmt: skip
        return {
            **said, "stream": self.stream, "outcome": self.outcome, **counts, "arrived_ns": start,
            **{f"{name}_ns": offset for name, offset in offsets.items()},
            "load_ns": self.load, "prefill_ns": self.prefill,
            "due_ns": [at - start for at in self.due], "written_ns": [at - start for at in self.written],
        }  # fmt: skip


class Memory:
    """The last requests, by id."""

    def __init__(self, settings: Remembering, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._settings = settings
        self._clock = clock
        self._kept: dict[str, Truth] = {}
        self._number = 0

    def begin(self, label: str = "") -> Truth:
        """A new request; the oldest is forgotten when there are too many."""
        self._number += 1
        truth = Truth(id=f"fake-{self._number}", label=label, arrived=self._clock(), most=self._settings.pieces)
        self._kept[truth.id] = truth
        if len(self._kept) > self._settings.requests:
            del self._kept[next(iter(self._kept))]
        return truth

    def forget(self) -> None:
        self._kept.clear()

    def find(self, name: str) -> Truth | None:
        """The request with this id, or the latest with this label."""
        return self._kept.get(name) or next((one for one in reversed(self._kept.values()) if one.label == name), None)

    def __iter__(self) -> Iterator[Truth]:
        return iter(tuple(self._kept.values()))

    def __len__(self) -> int:
        return len(self._kept)
