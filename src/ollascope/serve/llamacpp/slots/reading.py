"""Prompts read piece by piece: the first come first, what is in memory already left out, nothing for those who left."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ollascope.serve.llamacpp.slots.answer import Answer
from ollascope.serve.llamacpp.slots.native.context import Context, Outcome
from ollascope.serve.llamacpp.slots.reuse import Costs, shared_length, worth_copying
from ollascope.serve.llamacpp.slots.slot import Slot, of

CHUNK_S = 0.08  # a piece takes about that long where one reads and others have to wait for it
ALONE_S = 1.0  # where nobody is decoding yet: together they read, and later decode, at less cost
SMALLEST_CHUNK = 32  # tokens; smaller ones waste the processor
TELLING_CHUNK = 16  # tokens from which on a piece tells how long one takes
WEIGHT_OF_NEWS = 0.3
FILLER = 0  # a token that nobody is told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Tokens of one prompt that are read in this step."""

    slot: Slot
    length: int
    place: int  # of its last token in the batch
    is_filled: bool  # more tokens follow it, which are forgotten at once

    @property
    def ends(self) -> bool:
        """The prompt is through with it."""
        return self.slot.length == len(of(self.slot).tokens)


class Reader:
    """Plans and reads; `stop_for_nobody` and `close` are for other threads."""

    def __init__(self, slots: Sequence[Slot], context: Context, costs: Costs, *, cuts: bool) -> None:
        self.costs = costs
        self._cuts = cuts
        self._slots = slots
        self._context = context
        self._clock: Callable[[], float] = time.perf_counter
        self._lock = threading.Lock()
        self._closing = False
        self._copied = False  # this step copies another slot's memory first
        self._reading: dict[Answer, int] = {}  # tokens of each in the piece under way

    def plan(self) -> list[Piece]:
        """Put into the batch what is read now, in the order of slots, which llama.cpp computes in one go."""
        reading = [slot for slot in self._slots if slot.answer and not slot.answer.decoding]
        if not reading:
            return []
        reading = [slot for slot in reading if not of(slot).cancelled.is_set()]
        reading.sort(key=lambda slot: of(slot).order)
        shares = self._share(reading)
        widths = widened(shares.values())
        return [
            self._put(slot, shares[slot], widths[shares[slot]]) for slot in sorted(shares, key=lambda slot: slot.id)
        ]

    def read(self, pieces: Sequence[Piece]) -> Outcome:
        """Compute them; what was read is remembered."""
        started = self._clock()
        outcome = self._compute(pieces)
        for piece in pieces:
            if outcome == "done":
                answer = of(piece.slot)
                piece.slot.remember(answer.tokens[piece.slot.length : piece.slot.length + piece.length])
                if piece.is_filled:
                    self._context.remove(piece.slot.id, piece.slot.length)
            else:
                piece.slot.cut(piece.slot.length)
        if outcome == "done" and not self._copied:
            self._learn(sum(piece.length for piece in pieces), self._clock() - started)
        return outcome

    def stop_for_nobody(self) -> None:
        """Cut the piece under way short if most of it is for answers that were cancelled."""
        with self._lock:
            self._stop()

    def close(self) -> None:
        """Whatever is computed ends now."""
        with self._lock:
            self._closing = True
            self._context.sign.raise_()

    def _share(self, reading: Sequence[Slot]) -> dict[Slot, int]:
        """How many tokens of each are read now."""
        left = self._budget(len(reading))
        shares: dict[Slot, int] = {}
        self._copied = False
        for slot in reading:
            if left <= 0:
                break
            if not of(slot).begun:
                if self._waits(slot, reading):
                    continue
                self._begin(slot)
            shares[slot] = min(len(of(slot).tokens) - slot.length, left)
            left -= shares[slot]
        return shares

    def _budget(self, reading: int) -> int:
        """Tokens of a piece: the more answers run and wait for it, the fewer."""
        most = self._context.form.batch
        running = sum(slot.answer is not None and slot.answer.decoding for slot in self._slots)
        if not running and reading == 1:
            return most  # nobody waits for it, and who leaves stops it
        seconds = CHUNK_S * (1 + reading / running) if running else ALONE_S
        return max(SMALLEST_CHUNK, min(most, int(seconds / self.costs.token_s)))

    def _waits(self, slot: Slot, reading: Sequence[Slot]) -> bool:
        """Whether another slot is computing what this prompt begins with too: that is copied when it is there."""
        wanted = of(slot).cut
        coming = [shared_length(of(other).tokens, wanted) for other in reading if of(other).begun]
        if not coming:
            return False
        known = max(shared_length(other.remembered, wanted) for other in self._slots)
        return worth_copying(known, max(coming), self.costs)

    def _begin(self, slot: Slot) -> None:
        """Keep of the slot's memory, or take from another's, what the prompt begins with."""
        answer = of(slot)
        own = shared_length(slot.remembered, answer.cut)
        others = [(shared_length(other.remembered, answer.cut), other) for other in self._slots if other is not slot]
        best, source = max(others, key=lambda pair: pair[0], default=(0, slot))
        if worth_copying(own, best, self.costs):
            slot.copy(source)
            own, self._copied = best, True
        slot.cut(own)
        answer.begun = True
        answer.cached = slot.length

    def _put(self, slot: Slot, length: int, width: int) -> Piece:
        tokens = of(slot).tokens
        end = slot.length + length
        self._context.put(slot.id, tokens[slot.length : end], slot.length, tell_last=end == len(tokens))
        place = self._context.size - 1
        is_filled = width > length and self._cuts and slot.length + width <= self._context.capacity
        if is_filled:
            self._context.put(slot.id, [FILLER] * (width - length), end, tell_last=False)
        return Piece(slot=slot, length=length, place=place, is_filled=is_filled)

    def _compute(self, pieces: Sequence[Piece]) -> Outcome:
        with self._lock:
            self._reading = {of(piece.slot): piece.length for piece in pieces}
            self._stop()
        outcome = self._context.decode()
        with self._lock:
            self._reading = {}
            if not self._closing:
                self._context.sign.lower()
        return outcome

    def _stop(self) -> None:
        gone = sum(length for answer, length in self._reading.items() if answer.cancelled.is_set())
        if gone * 2 > sum(self._reading.values()):
            self._context.sign.raise_()

    def _learn(self, tokens: int, took: float) -> None:
        if tokens >= TELLING_CHUNK:
            known = self.costs.token_s
            self.costs = replace(self.costs, token_s=known + (took / tokens - known) * WEIGHT_OF_NEWS)


def widened(lengths: Iterable[int]) -> dict[int, int]:
    """How many tokens long a piece of each of these lengths is made: none is a single token.

    llama.cpp computes pieces together as far as the shortest of them reaches, then goes on with the others. A prompt's
    token that it computes as the only one of its prompt is rounded otherwise than among others.
    """
    found: dict[int, int] = {}
    longer = 0
    for length in sorted(lengths, reverse=True):
        width = max(2, length)
        found[length] = longer = longer if longer - width == 1 else width
    return found
