"""The fake as a source of tokens: the plan of each prompt carried out in real time."""

import asyncio
import random as chance
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Final

from ollascope.engines.fake.cards import Entry
from ollascope.engines.fake.decide import decide
from ollascope.engines.fake.hall import Hall, Seat, shared
from ollascope.engines.fake.library import Library
from ollascope.engines.fake.plan import LEAST_S, SECOND, Fault, Plan
from ollascope.engines.fake.scripts import count
from ollascope.engines.fake.settings import Fake
from ollascope.engines.fake.truth import Memory, Truth
from ollascope.words.chunk import Chunk
from ollascope.words.errors import AnswerMalformed, AnswerUnfinished, ConnectionCut, EngineCrashed, Trouble
from ollascope.words.prompt import Prompt

GARBAGE: Final = b'\x00\xff\xfe{"model": garbage, \x80\r\n\r\n<<<'
Piece = Chunk | bytes | Trouble

WRONG_TYPE: Final = "text/html; charset=utf-8"
CUT_HINT: Final = "nothing to do: the fake was told to fail"


class FakeSource:
    """Answers prompts as the settings say; the same for a server and for a program that has it inside."""

    def __init__(self, settings: Fake | None = None, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.settings = settings or Fake()
        self.clock = clock
        self.library = Library(self.settings.models)
        self.hall = Hall(self.settings, clock)
        self.memory = Memory(self.settings.truth, clock)
        seed = self.settings.answer.seed
        self._random = chance.Random(seed) if seed else chance.Random()  # noqa: S311 - chance, not secrets

    def begin(self, prompt: Prompt, label: str = "") -> "Turn":
        """One prompt's way through the fake; nothing happens before `enter`."""
        return Turn(self, prompt, self.memory.begin(label))

    async def generate(self, prompt: Prompt) -> AsyncIterator[Chunk]:
        """The answer, each piece when its time has come."""
        turn = self.begin(prompt)
        try:
            await turn.enter()
            for due, chunk in turn.steps():
                while (left := due - self.clock()) > 0:
                    await asyncio.sleep(left / SECOND)
                turn.note(due, self.clock())
                yield turn.said(chunk)
        except Trouble as error:
            turn.leave(error.code)
            raise
        finally:
            turn.leave("cancelled")

    def look(self, prompt: Prompt) -> tuple[Entry, Plan]:
        """What will happen to a prompt."""
        entry = self.library.find(prompt.model)
        return entry, decide(prompt, self.settings, self._random, able=entry.able)


class Turn:
    """One prompt on its way: `enter`, then its steps, and `leave`, which may be called again."""

    def __init__(self, source: FakeSource, prompt: Prompt, truth: Truth) -> None:
        self.truth = truth
        truth.model, truth.operation, truth.stream = prompt.model, prompt.operation, prompt.stream
        self._source = source
        self._prompt = prompt
        self._plan: Plan | None = None
        self._seat: Seat | None = None
        self._left = False

    @property
    def content_type(self) -> str | None:
        """A media type other than the API's own, when that is what goes wrong."""
        fault = self._fault
        return WRONG_TYPE if fault is not None and fault.kind == "content-type" else None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The id by which `/fake/truth` knows the request."""
        return [(b"x-fake-id", self.truth.id.encode())]

    async def enter(self) -> None:
        """Until the model begins with the prompt; raises what the prompt is refused with."""
        model, plan = self.look()
        if not self.unload(model, plan):
            self.sit(await self._source.hall.enter(model, plan), plan)

    def look(self) -> tuple[str, Plan]:
        """The model and what will happen; raises what the prompt is refused with."""
        entry, plan = self._source.look(self._prompt)
        self._plan = plan
        self.truth.tokens_in = plan.tokens_in
        return entry.name, plan

    def unload(self, model: str, plan: Plan) -> bool:
        """A prompt that only takes the model out of memory is done with at once."""
        if not (plan.loads_only and plan.lifetime_s == 0):
            return False
        truth = self.truth
        self._source.hall.unload(model)
        truth.slot = truth.loaded = truth.first = self._source.clock()
        return True

    def sit(self, seat: Seat, plan: Plan) -> None:
        """A slot was given: the model begins with the prompt."""
        truth = self.truth
        self._seat = seat
        truth.slot = self._source.clock()
        truth.loaded = seat.ready
        truth.load = max(0, seat.ready - truth.arrived)
        self._start(plan, seat)

    def _start(self, plan: Plan, seat: Seat) -> None:
        truth = self.truth
        if plan.loads_only:
            truth.first = truth.slot
            return
        truth.tokens_cached = _cached(plan, seat)
        seat.said = plan.text
        truth.prefill = plan.prefill_ns(truth.tokens_cached)
        truth.first = truth.slot + truth.prefill + plan.times.first

    def steps(self) -> Iterator[tuple[int, Piece]]:
        """Each piece and when it is due, by the monotonic clock; a Trouble is what goes wrong then."""
        assert self._plan is not None
        first, plan, fault = self.truth.first, self._plan, self._fault
        late = 0
        for number, (offset, chunk) in enumerate(plan.steps()):
            if fault is not None and number == fault.after:
                late += fault.stall_ns if fault.kind == "stall" else 0
                if (wrong := _wrong(fault)) is not None:
                    yield first + offset, wrong
            yield first + offset + late, self._finished(chunk) if chunk.done else chunk

    def said(self, piece: Piece) -> Chunk:
        """The Chunk to give away, or the Trouble there is instead; with the last the slot is free."""
        if isinstance(piece, bytes):
            raise AnswerMalformed("the answer is garbage", hint=CUT_HINT)
        if isinstance(piece, Trouble):
            raise piece
        if piece.done:
            self.leave("ok")
        return piece

    @property
    def note(self) -> Callable[[int, int], None]:
        """To be called when a piece is given away: when it was due, and the time."""
        return self.truth.note

    def leave(self, outcome: str) -> None:
        """The prompt is done with: its slot is free."""
        if self._left:
            return
        self._left = True
        self.truth.outcome = outcome
        self.truth.ended = self._source.clock()
        if self._seat is not None and self._plan is not None:
            self._source.hall.leave(self._seat, self._plan.lifetime_s)

    @property
    def _fault(self) -> Fault | None:
        return self._plan.fault if self._plan is not None else None

    def _finished(self, chunk: Chunk) -> Chunk:
        """The last piece with the times and counts that depend on others."""
        truth, plan = self.truth, self._plan
        assert plan is not None
        truth.tokens_out = chunk.tokens_out or 0
        if plan.loads_only or (self._prompt.operation == "embed" and not chunk.vectors):
            return chunk
        cached = {"absent": None, "zero": 0, "count": truth.tokens_cached}[self._source.settings.answer.cached]
        load, prefill = max(LEAST_S, truth.load / SECOND), max(LEAST_S, (truth.first - truth.slot) / SECOND)
        waited = max(0, truth.slot - truth.arrived - truth.load) / SECOND
        return replace(
            chunk,
            tokens_cached=cached,
            queue_s=waited,
            load_s=load,
            prefill_s=prefill,
            total_s=waited + load + prefill + (chunk.decode_s or 0.0),
        )


def _cached(plan: Plan, seat: Seat) -> int:
    """The tokens at the prompt's beginning that the model has read before; one at least is always read."""
    known = count(plan.text[: shared(seat.said, plan.text)]) if seat.said else 0
    return max(0, min(known, plan.tokens_in - 1))


def _wrong(fault: Fault) -> Piece | None:
    """What comes in place of the next piece; none where something else is wrong with the answer."""
    if fault.kind == "line":
        message = "an error was encountered while running the model: unexpected EOF"
        return EngineCrashed(message, hint=CUT_HINT)
    if fault.kind == "cut":
        return ConnectionCut("the connection was cut", hint=CUT_HINT)
    if fault.kind == "unfinished":
        return AnswerUnfinished("the answer ended without its last part", hint=CUT_HINT)
    return GARBAGE if fault.kind == "garbage" else None
