"""One Call as a waterfall: what happened from when to when, as far as it was measured."""

from dataclasses import dataclass
from typing import Literal

from ollascope.words.call import Call

What = Literal["late", "connect", "queue", "load", "prefill", "untold", "thinking", "decode"]

SHORTEST = 0.002  # of the whole: what is shorter cannot be told from nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One bar: where it begins, in seconds from when the request was sent, and how long it is."""

    what: What
    start: float
    length: float

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.start + self.length


def phases_of(call: Call) -> list[Phase]:
    """What happened one after the other; engines tell how long a phase took, not when it began."""
    found: list[Phase] = []
    if call.due_s is not None and call.due_s < 0:
        found.append(Phase(what="late", start=call.due_s, length=-call.due_s))
    at = 0.0
    before: list[tuple[What, float | None]] = [
        ("connect", call.connect_s), ("queue", call.queue_s), ("load", call.load_s), ("prefill", call.prefill_s),
    ]  # fmt: skip
    for what, length in before:
        if length is not None and length > 0:
            found.append(Phase(what=what, start=at, length=length))
            at += length
    found += _answer(call, at)
    whole = max((phase.end for phase in found), default=0.0)
    return [phase for phase in found if phase.what != "untold" or phase.length > whole * SHORTEST]


def _answer(call: Call, at: float) -> list[Phase]:
    """From where the prompt was read to the end."""
    first, end = call.first_chunk_s, call.end_s
    if first is None:
        length = call.decode_s
        found = [] if not length else [Phase(what="decode", start=at, length=length)]
        at += length or 0.0
        return [*found, *_untold(at, end)]
    found = list(_untold(at, first))
    start = first
    if call.first_answer_s is not None and call.first_answer_s > first:
        found.append(Phase(what="thinking", start=first, length=call.first_answer_s - first))
        start = call.first_answer_s
    if end is not None and end > start:
        found.append(Phase(what="decode", start=start, length=end - start))
    return found


def _untold(start: float, end: float | None) -> list[Phase]:
    """Time of which nobody says what happened in it."""
    return [] if end is None or end <= start else [Phase(what="untold", start=start, length=end - start)]
