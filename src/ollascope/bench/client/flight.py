"""One request of a run on its way: what was asked, and what came when."""

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from ollascope.apis.skimming import Heard
from ollascope.engines.engine import Stream, Trace
from ollascope.pipe import AnswerHead, Receiver, Sending
from ollascope.words.errors import NetworkTrouble, StaleConnection, Trouble
from ollascope.words.prompt import Prompt

HEAP: Final = 32  # pieces that are read together
HEAP_BYTES: Final = 32_768
LONG: Final = HEAP_BYTES // HEAP


class Shot(NamedTuple):
    """One request of the plan."""

    number: int
    stage: int
    phase: str | None = None
    due_ns: int | None = None  # by the monotonic clock
    user: int | None = None
    turn: int | None = None


class Hearer(Protocol):
    """Who is told of requests on their way."""

    def has_pieces(self, flight: "Flight") -> None:
        """There is something to read, when there is time."""

    def has_ended(self, flight: "Flight") -> None:
        """Nothing more will come."""

    def is_stale(self, flight: "Flight") -> None:
        """Nothing of it was sent: its kept connection had been closed."""


class Flight(Receiver):
    """One request on its way; while it lasts nothing is done with its bytes but to keep them with their stamps."""

    __slots__ = (
        "at_wall", "body", "connect_s", "content_type", "counted", "done", "ended_ns", "gaps", "heard", "hearer", "id",
        "mark", "pieces", "prompt", "queued", "retries", "sending", "sent_ns", "shot", "size", "stamps", "status",
        "stream", "then", "told", "trace", "trouble",
    )  # fmt: skip

    def __init__(self, shot: Shot, prompt: Prompt, hearer: Hearer, then: Callable[["Flight"], None] | None) -> None:
        self.shot = shot
        self.prompt = prompt
        self.hearer = hearer
        self.then = then  # the load's, when it has ended
        self.id = ""
        self.at_wall = 0.0
        self.sent_ns = self.ended_ns = 0
        self.sending: Sending | None = None
        self.stream: Stream | None = None  # of an engine in this process
        self.status: int | None = None
        self.content_type = ""
        self.connect_s: float | None = None
        self.retries = 0
        self.pieces: list[bytes] = []
        self.stamps: list[int] = []
        self.size = 0
        self.mark = 1  # the first piece is read soon: it tells whether this is an answer at all
        self.body = b""  # of an answer that is a refusal
        self.heard: Heard | None = None
        self.gaps: Counter[int] | None = None  # how many fell into each bucket of a sketch, as far as they are counted
        self.queued = self.done = self.told = False
        self.counted = 0  # pieces that the counts know of
        self.trouble: Trouble | None = None
        self.trace: Trace | None = None

    def on_head(self, head: AnswerHead, at: int) -> None:
        self.status = head.status
        self.content_type = (head.headers.first(b"content-type") or b"").decode("latin-1")

    def on_piece(self, piece: bytes, at: int) -> None:
        self.pieces.append(piece)
        self.stamps.append(at)
        if len(self.pieces) == self.mark or len(piece) > LONG:
            self._weigh(piece)

    def on_end(self, at: int) -> None:
        self.ended_ns = at
        self.hearer.has_ended(self)

    def on_failed(self, trouble: NetworkTrouble) -> None:
        if isinstance(trouble, StaleConnection):
            self.hearer.is_stale(self)
            return
        self.trouble = trouble
        self.hearer.has_ended(self)

    def _weigh(self, piece: bytes) -> None:
        """Long pieces are read before there are many of them."""
        self.size += len(piece)
        if len(self.pieces) == self.mark or self.size >= HEAP_BYTES:
            self.hearer.has_pieces(self)
