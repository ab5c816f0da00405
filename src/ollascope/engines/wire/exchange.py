"""One request and its streamed answer, which any thread may close in any phase."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self

from requests import PreparedRequest, RequestException, Response
from urllib3 import HTTPResponse

from ollascope.engines.wire import troubles
from ollascope.engines.wire.connection import Answer, Send, Visit, send
from ollascope.engines.wire.framing import Chunks, Counted, Crooked, Frame, Open
from ollascope.engines.wire.grip import Grip
from ollascope.engines.wire.patience import Patience
from ollascope.words.errors import NetworkTrouble, Trouble

MOST_READ: Final = 16_384  # bytes taken from the socket at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status and headers of an answer, their names in lower case; `connect_s` is None on a connection kept open."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_s: float | None = None

    @property
    def retry_after_s(self) -> float | None:
        """How long the server asks one to wait, told in seconds or as a date."""
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit() and len(said) < 10:
            return float(said)
        try:
            until, now = parsedate_to_datetime(said), parsedate_to_datetime(self.headers.get("date", ""))
            return max(0.0, (until - now).total_seconds())
        except (ValueError, TypeError):  # no date, or one without its zone
            return None


class Exchange:
    """Nothing is sent before `begin`; then iterate over the pieces of the body as they arrive, or `read` it."""

    def __init__(self, request: PreparedRequest, place: str, patience: Patience, go: Send) -> None:
        self._request = request
        self._go = go
        self._grip = Grip()
        self._visit = Visit(place=place, patience=patience, grip=self._grip)
        self._reading = threading.Lock()  # held by whoever uses the socket: only with it may it be given away
        self._response: Response | None = None
        self._answer: Answer | None = None
        self._receive: Callable[[int], bytes] | None = None  # while the body comes
        self._frame: Frame = Counted(0)
        self._first = b""  # of the body, as it came with the head
        self._begun = False

    def begin(self) -> Head:
        """Sends the request and waits for the head of the answer."""
        assert not self._begun, "an exchange begins once"
        with self._reading:
            head = self._begin()
        self._check_ended()
        return head

    def __iter__(self) -> Iterator[bytes]:
        assert self._begun, "an exchange begins before it is read"
        return self

    def __next__(self) -> bytes:
        with self._reading:
            piece = self._next()
        if self._grip.ended:
            self._check_ended()
        if not piece:
            raise StopIteration
        return piece

    def read(self, most: int, deadline: float | None = None) -> bytes:
        """The rest of the body within the time for a whole answer, `most` bytes of it at most."""
        if deadline is None:
            deadline = time.monotonic() + self._visit.patience.answer_s
        parts: list[bytes] = []
        size = 0
        while size < most:
            with self._reading:
                piece = self._next(deadline)
            if self._grip.ended:
                self._check_ended()
            if not piece:
                return b"".join(parts)
            parts.append(piece)
            size += len(piece)
        if not self._frame.done:
            self.close()
        return b"".join(parts)[:most]

    def close(self) -> None:
        """Ends the exchange at once, from any thread in any phase; whoever waits in it gets Cancelled."""
        self._grip.end()
        if self._reading.acquire(blocking=False):  # otherwise whoever reads wakes now and gives the socket away
            try:
                self._discard()
            finally:
                self._reading.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._answer is not None:
            self.close()

    @property
    def done(self) -> bool:
        """The body was read to its end."""
        return self._begun and self._frame.done

    def _begin(self) -> Head:
        if self._grip.ended:
            raise troubles.cancelled()
        self._begun = True
        self._frame = Open()
        try:
            response = send(self._visit, self._request, self._go)
            self._response, self._answer = response, self._visit.answer
            self._take_over()
        except BaseException as error:
            if (named := self._named(error)) is error:
                raise
            raise named from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        if self.done:
            self._give_back()
        return Head(status=response.status_code, headers=headers, connect_s=self._visit.connect_s)

    def _take_over(self) -> None:
        """From here on the body is read from the socket itself."""
        answer = self._answer
        assert answer is not None
        self._grip.take(answer.socket)  # the connection lets go of one that is not to be kept
        answer.wait_at_most(self._visit.patience.idle_s)
        self._frame, self._receive = _frame_of(answer), answer.socket.recv
        if left := answer.left_over():
            self._first = self._frame.feed(left)

    def _next(self, deadline: float | None = None) -> bytes:
        """The next piece, or nothing at the end of the body."""
        if self._first:
            piece, self._first = self._first, b""
            return piece
        receive, frame = self._receive, self._frame
        if receive is None:
            if self.done:
                return b""
            raise troubles.cancelled()
        try:
            while True:
                if deadline is not None:
                    self._hurry(deadline)
                data = receive(MOST_READ)
                piece = frame.feed(data) if data else self._at_end(frame)
                if piece or frame.done:
                    break
        except BaseException as error:
            if (named := self._named(error)) is error:
                raise
            raise named from error
        if frame.done:
            self._give_back()
        return piece

    def _hurry(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise troubles.late(self._visit.place, "no whole answer", self._visit.patience.answer_s)
        assert self._answer is not None
        self._answer.socket.settimeout(min(left, self._visit.patience.idle_s))

    def _at_end(self, frame: Frame) -> bytes:
        """The connection has ended: so has the body, if that is how it ends."""
        if self._grip.ended or not frame.endless:
            raise troubles.cut(self._visit.place, "before the end of its answer")
        frame.done, frame.clean = True, False
        return b""

    def _named(self, error: BaseException) -> BaseException:
        """What to raise for this error; the connection is of no further use."""
        place, headless = self._visit.place, self._answer is None
        self._discard()
        if self._grip.ended and isinstance(error, Exception):
            return troubles.cancelled()
        if isinstance(error, Trouble) or not isinstance(error, OSError | RequestException | Crooked):
            return error
        if isinstance(error, Crooked):
            return troubles.malformed(place, str(error))
        if isinstance(error, TimeoutError | BlockingIOError):
            return troubles.late(place, "no further piece", self._visit.patience.idle_s)
        if headless:  # what the network does until the head has its name already
            return NetworkTrouble(f"{place}: {error}", hint=troubles.SERVER_HINT)
        return troubles.cut(place, "before the end of its answer")

    def _check_ended(self) -> None:
        """A close from elsewhere could not give the socket away: this thread was using it."""
        if self._grip.ended and not self._frame.done:
            with self._reading:
                self._discard()
            raise troubles.cancelled()

    def _give_back(self) -> None:
        """The body is complete: the connection may serve again, if nothing speaks against it."""
        response, answer = self._response, self._answer
        assert response is not None
        assert answer is not None
        if not self._frame.clean or answer.will_close or self._grip.ended:
            self._discard()
            return
        self._grip.drop()
        self._visit.link = self._visit.answer = self._response = self._answer = self._receive = None
        answer.close()
        raw = response.raw
        assert isinstance(raw, HTTPResponse)
        raw.release_conn()

    def _discard(self) -> None:
        link, answer = self._visit.link, self._answer or self._visit.answer
        self._grip.drop()
        self._visit.link = self._visit.answer = self._response = self._answer = self._receive = None
        if link is not None:
            link.close()
        if answer is not None:
            answer.close()


def _frame_of(answer: Answer) -> Frame:
    if answer.chunked:
        return Chunks()
    return Open() if answer.length is None else Counted(answer.length)
