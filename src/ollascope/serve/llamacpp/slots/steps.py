"""The two steps that all answers take together: the running ones decode, then the new ones read on in their prompts."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ollascope.serve.llamacpp.slots.answer import Answer
from ollascope.serve.llamacpp.slots.choosing import GrammarDone
from ollascope.serve.llamacpp.slots.native.context import Context, Outcome
from ollascope.serve.llamacpp.slots.native.model import Model
from ollascope.serve.llamacpp.slots.reading import FILLER, Reader
from ollascope.serve.llamacpp.slots.reuse import NEAR, Costs, Idle, choose_slot, shared_length
from ollascope.serve.llamacpp.slots.slot import Slot, of
from ollascope.serve.llamacpp.slots.weighing import Weights, told, weigh
from ollascope.serve.llamacpp.wish import Counts, Event
from ollascope.words.errors import InferenceFailed, Trouble


@dataclass(slots=True)
class Tally:
    """Totals, as they grow."""

    requests: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    prefill_s: float = 0.0
    decode_s: float = 0.0
    decodes: int = 0
    busy_slots: int = 0


class Steps:
    """The slots of one context; `stop_for_nobody`, `close` and `counts` are for other threads too."""

    def __init__(self, model: Model, context: Context, costs: Costs) -> None:
        self.slots = tuple(Slot(number, context) for number in range(context.form.sequences))
        self.busy = 0  # slots that have an answer
        self._context = context
        self._vocabulary = model.vocabulary
        self._cuts = model.cuts
        self._reader = Reader(self.slots, context, costs, cuts=model.cuts)
        self._tally = Tally()
        self._clock: Callable[[], float] = time.perf_counter
        self._ticks = 0

    def admit(self, answer: Answer) -> None:
        """Give an answer a slot; there must be a free one."""
        idle = [slot for slot in self.slots if slot.answer is None]
        shared = {slot.id: shared_length(slot.remembered, answer.cut) for slot in self.slots}
        number = choose_slot(
            [Idle(id=slot.id, length=slot.length, shared=shared[slot.id], used=slot.used) for slot in idle],
            [slot.id for slot in self.slots if slot.answer], max(shared.values()), self._reader.costs,
        )  # fmt: skip
        self._ticks += 1
        answer.order = self._ticks
        answer.started_at = self._clock()
        self.slots[number].answer = answer
        self.busy += 1
        self._tally.requests += 1

    def decode(self) -> None:
        """One more token for each running answer."""
        running = [slot for slot in self.slots if slot.answer and slot.answer.decoding]
        if not running:
            return
        started = self._clock()
        between = list(self._between(running))
        places = self._put(running, between)
        self._tally.decodes += 1
        self._tally.busy_slots += self.busy
        outcome = self._context.decode()
        for slot in between:
            self._context.remove(slot.id, slot.length)
        if outcome == "done":
            self._advance(running, places)
        else:
            self._lose(running, outcome)
        self._tally.decode_s += self._clock() - started

    def prefill(self) -> None:
        """One more piece of the prompts; who is through gets the first token of the answer."""
        started = self._clock()
        pieces = self._reader.plan()
        if not pieces:
            return
        self._tally.decodes += 1
        self._tally.busy_slots += self.busy
        outcome = self._reader.read(pieces)
        if outcome in {"failed", "full"}:
            self._lose([piece.slot for piece in pieces], outcome)
        elif outcome == "done":
            through = [piece for piece in pieces if piece.ends]
            for piece in through:
                of(piece.slot).first_at = self._clock()
            if through:
                self._advance([piece.slot for piece in through], [piece.place for piece in through])
        self._tally.prefill_s += self._clock() - started

    def leave(self, answer: Answer, why: Trouble) -> bool:
        """End an answer in the middle; whether it had a slot."""
        for slot in self.slots:
            if slot.answer is answer:
                self._finish(slot, [answer.last(why, self._clock())])
                return True
        return False

    def leave_all(self, why: Trouble) -> None:
        """End all answers in the middle and forget everything, as nobody knows what is true any more."""
        for slot in self.slots:
            if slot.answer:
                self._finish(slot, [why])
            slot.length = 0
        self._context.clear()

    def stop_for_nobody(self) -> None:
        """From any thread: cut a prefill short if most of it is for answers that were cancelled."""
        self._reader.stop_for_nobody()

    def close(self) -> None:
        """From any thread: no decode goes on from here."""
        self._reader.close()

    def counts(self) -> Counts:
        """From any thread."""
        tally = self._tally
        return Counts(
            requests=tally.requests, tokens_in=tally.tokens_in, tokens_cached=tally.tokens_cached,
            tokens_out=tally.tokens_out, prefill_s=tally.prefill_s, decode_s=tally.decode_s, decodes=tally.decodes,
            busy_slots=tally.busy_slots,
        )  # fmt: skip

    def _between(self, running: Sequence[Slot]) -> Iterator[Slot]:
        """Idle slots that decode a token for nothing: a gap costs one more pass over the weights, which is more."""
        if not self._cuts:
            return
        for one, other in pairwise(running):
            gap = self.slots[one.id + 1 : other.id]
            if len(gap) < NEAR and not any(slot.is_full for slot in gap):
                yield from gap

    def _put(self, running: Sequence[Slot], between: Sequence[Slot]) -> list[int]:
        places = []
        for slot in sorted([*running, *between], key=lambda slot: slot.id):
            if slot.answer and slot.answer.decoding:
                places.append(self._context.size)
                self._context.put(slot.id, [slot.answer.next], slot.length, tell_last=True)
                slot.remember([slot.answer.next])
            else:
                self._context.put(slot.id, [FILLER], slot.length, tell_last=False)
        return places

    def _advance(self, slots: Sequence[Slot], places: Sequence[int]) -> None:
        """Choose and tell a token for each of these slots, whose outputs stand in the context in this order."""
        logits = self._context.logits(len(slots))
        best = logits.argmax(axis=1).tolist()
        now = self._clock()
        for row, slot in enumerate(slots):
            answer = of(slot)
            if answer.given >= answer.most:  # none at all were wanted
                self._finish(slot, [answer.end("length", now)])
                continue
            weights = weigh(logits[row]) if answer.wish.logprobs is not None else None
            try:
                token = answer.chooser.choose(self._context, logits[row], places[row], best[row])
            except GrammarDone:
                self._finish(slot, [answer.end("stop", now)])
            except Trouble as trouble:
                self._finish(slot, [trouble])
            else:
                self._give(slot, token, weights, now)

    def _give(self, slot: Slot, token: int, weights: Weights | None, now: float) -> None:
        answer = of(slot)
        answer.given += 1
        if token in self._vocabulary.ends:
            self._finish(slot, [answer.end("stop", now)])
            return
        piece = told(self._vocabulary, token, weights, answer.wish.logprobs or 0)
        if answer.given >= answer.most:
            self._finish(slot, [piece, answer.end("length", now)])
        else:
            answer.next = token
            answer.tell([piece])

    def _lose(self, slots: Sequence[Slot], outcome: Outcome) -> None:
        if outcome == "stopped":
            return  # the model is being closed: all answers end then
        trouble = InferenceFailed(
            f"llama.cpp could not decode: {self._context.library.words()}",
            hint="try again; if it stays, load the model anew or with a smaller context",
        )
        for slot in slots:
            self._finish(slot, [trouble])
            slot.cut(0)

    def _finish(self, slot: Slot, events: Sequence[Event]) -> None:
        answer = of(slot)
        slot.answer = None
        self.busy -= 1
        self._ticks += 1
        slot.used = self._ticks
        answer.chooser.close()
        self._count(answer)
        answer.tell(events)

    def _count(self, answer: Answer) -> None:
        if answer.decoding:
            self._tally.tokens_in += len(answer.tokens)
            self._tally.tokens_cached += answer.cached
        self._tally.tokens_out += answer.given
