"""One exchange: a request in, the same request to an upstream server, its answer out, transport to transport."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ollascope.pipe.answer import Answer
from ollascope.pipe.asking.ask import Address, Ask, Receiver
from ollascope.pipe.asking.client import Client
from ollascope.pipe.asking.sending import Sending
from ollascope.pipe.heads import CHUNKED, AnswerHead, Headers
from ollascope.pipe.limits import Waits
from ollascope.pipe.lines import Pairs, passed_on
from ollascope.pipe.passage import Passage
from ollascope.pipe.request import Request
from ollascope.words.errors import NetworkTrouble, TimedOut


class Ending(Enum):
    """How an exchange came to its end."""

    WHOLE = "whole"
    CLIENT_LEFT = "client-left"
    UPSTREAM_FAILED = "upstream-failed"
    CANCELLED = "cancelled"


class Outcome(NamedTuple):
    """What happened; times are nanoseconds of the monotonic clock, 0 for what did not happen."""

    status: int
    ending: Ending
    trouble: NetworkTrouble | None
    reused: bool
    started_at: int
    connected_at: int
    sent_at: int
    head_at: int
    first_at: int
    ended_at: int
    bytes_in: int
    bytes_out: int
    pieces: int


class Hook:
    """Sees every piece of an answer's body; subclass it."""

    __slots__ = ()

    edits: bool = True
    """False says that the body is only looked at, so that its length and framing stay as they are."""

    def piece(self, piece: bytes, at: int) -> bytes | None:
        """None or the same object passes the piece, other bytes replace it, b"" drops it (or holds it for later)."""
        return None

    def last(self, at: int) -> bytes:
        """What to append at the end."""
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where a request goes and what happens to it on the way."""

    address: Address
    target: bytes | None = None
    body: bytes | None = None
    request_headers: Callable[[Headers], Pairs] | None = None
    answer_headers: Callable[[int, Headers], Pairs] | None = None
    hook: Callable[[AnswerHead], Hook | None] | None = None
    failed: Callable[[NetworkTrouble], bool] | None = None
    """Asked when the upstream fails before its head; True: the application answers (perhaps by another exchange)."""
    done: Callable[[Outcome], None] | None = None
    waits: Waits | None = None


def exchange(client: Client, request: Request, answer: Answer, plan: Plan) -> "Exchange":
    """Starts an exchange and returns; it makes no task of its own."""
    one = Exchange(request, answer, plan)
    one.start(client)
    return one


class Exchange(Receiver):
    __slots__ = (
        "_answer", "_bytes_in", "_bytes_out", "_edits", "_final", "_final_raw", "_first_at", "_head_at",
        "_hook", "_over", "_pass", "_passage", "_passes", "_pieces", "_plan", "_request", "_sending", "_started_at",
        "_status", "_uploading",
    )  # fmt: skip

    def __init__(self, request: Request, answer: Answer, plan: Plan) -> None:
        self._request = request
        self._answer = answer
        self._plan = plan
        self._sending: Sending | None = None
        self._hook: Hook | None = None
        self._edits = False
        self._over = False
        self._passes = False
        # The first piece may take the head with it; the rest go straight to the connection.
        self._pass: Callable[[bytes], bool] | None = None
        self._passage: Passage | None = None
        self._uploading = False
        self._final = b""
        self._final_raw: bytes | None = None
        self._started_at = time.monotonic_ns()
        self._status = 0
        self._head_at = self._first_at = 0
        self._bytes_in = self._bytes_out = self._pieces = 0

    def start(self, client: Client) -> None:
        request, plan = self._request, self._plan
        self._answer.claim()
        request.when_gone(self._client_left)
        if self._over:
            return
        if plan.body is not None:
            self._send(client, plan.body, None)
        elif request.complete:
            self._send(client, request.take(), None)
        else:
            self._send(client, None, request.length)

    def cancel(self, status: int = 502) -> None:
        """Ends both sides: a refusal before the answer's head, a cut connection after it."""
        if not self._over:
            self._stop_upstream()
            self._fail(status, Ending.CANCELLED, None)

    def insert(self, data: bytes) -> bool:
        """Bytes of our own between two pieces; the hook must be one that edits. False: the client is behind."""
        if self._over or not self._edits:
            raise RuntimeError("bytes can be inserted only into a running answer whose hook edits")
        self._bytes_out += len(data)
        return self._answer.piece(data)

    # What the upstream side calls.

    def on_ready(self) -> None:
        if self._uploading:
            self._request.resume()
        elif not self._over:
            self._uploading = True
            self._request.receive(self._upload, self._uploaded)

    def on_head(self, head: AnswerHead, at: int) -> None:
        plan, answer = self._plan, self._answer
        self._head_at = at
        if plan.hook is not None:
            self._hook = plan.hook(head)
            self._edits = self._hook is not None and self._hook.edits
        headers: Pairs | None = head.block
        if plan.answer_headers is not None:
            headers = plan.answer_headers(head.status, Headers(passed_on(head.headers, head.connection)))
        elif headers is None:
            headers = passed_on(head.headers, head.connection)
        length = head.length if head.length >= 0 and not self._edits else None
        if self._sending is not None and self._sending.more:
            answer.join()
        answer.when_full(self._wait)
        answer.start(head.status, headers, length)
        self._status = head.status
        self._passes = answer.chunked and head.length == CHUNKED
        answer.when_ready(self._resume)
        if answer.full:
            self._wait()

    def on_piece(self, piece: bytes, at: int) -> None:
        sending, hook = self._sending, self._hook
        assert sending is not None
        if not self._first_at:
            self._first_at = at
        self._pieces += 1
        self._bytes_in += len(piece)
        raw = sending.plain if self._passes else None
        if hook is not None:
            changed = hook.piece(piece, at)
            if self._edits and changed is not None and changed is not piece:
                piece, raw = changed, None
        if sending.last:
            # The end comes with it: both are written together by `on_end`.
            self._final, self._final_raw = piece, raw
            return
        self._bytes_out += len(piece)
        if raw is None:
            self._answer.piece(piece)
        else:
            (self._pass or self._pass_first)(raw)

    def _pass_first(self, raw: bytes) -> None:
        answer = self._answer
        answer.pass_on(raw)
        self._pass = answer.writer()
        if self._hook is None and self._sending is not None:
            self._passage = answer.passage()
            self._sending.let_pass(self._passage)

    def on_end(self, at: int) -> None:
        tail = b""
        try:
            if self._hook is not None:
                added = self._hook.last(at)
                tail = added if self._edits else b""
            self._over = True
        finally:
            if not self._over:
                self._fail(502, Ending.CANCELLED, None)
        self._bytes_out += len(self._final) + len(tail)
        if self._final_raw is not None and not tail:
            self._answer.pass_last(self._final_raw)
        else:
            self._answer.end(self._final + tail)
        self._report(Ending.WHOLE, None)

    def on_failed(self, trouble: NetworkTrouble) -> None:
        if not self._over:
            self._fail(504 if isinstance(trouble, TimedOut) else 502, Ending.UPSTREAM_FAILED, trouble)

    # What the client's side calls.

    def _client_left(self) -> None:
        if not self._over:
            self._over = True
            self._stop_upstream()
            self._report(Ending.CLIENT_LEFT, None)

    def _wait(self) -> None:
        if not self._over and self._sending is not None:
            self._sending.pause()

    def _resume(self) -> None:
        if not self._over and self._sending is not None:
            self._sending.resume()

    def _upload(self, data: bytes) -> None:
        if not self._over and self._sending is not None and not self._sending.write(data):
            self._request.pause()

    def _uploaded(self) -> None:
        if not self._over and self._sending is not None:
            self._sending.finish()

    # Parts.

    def _send(self, client: Client, body: bytes | None, length: int | None) -> None:
        request, plan = self._request, self._plan
        headers: Pairs | None = request.block
        if plan.request_headers is not None:
            headers = plan.request_headers(Headers(passed_on(request.headers, request.connection)))
        elif headers is None:
            headers = passed_on(request.headers, request.connection)
        ask = Ask(address=plan.address, method=request.method, target=plan.target or request.target, headers=headers,
                  body=body, length=length, waits=plan.waits)  # fmt: skip
        self._sending = client.send(ask, self)

    def _stop_upstream(self) -> None:
        if self._sending is not None:
            self._sending.cancel()

    def _fail(self, status: int, ending: Ending, trouble: NetworkTrouble | None) -> None:
        self._over = True
        answer, plan = self._answer, self._plan
        if answer.started:
            answer.cut()
        elif trouble is None or plan.failed is None or not plan.failed(trouble):
            self._status = status
            answer.refuse(status)
        self._report(ending, trouble)

    def _report(self, ending: Ending, trouble: NetworkTrouble | None) -> None:
        done, sending, passage = self._plan.done, self._sending, self._passage
        if done is None:
            return
        unseen, body = (passage.pieces, passage.body) if passage else (0, 0)
        reused, connected, sent = (sending.reused, sending.connected_at, sending.sent_at) if sending else (False, 0, 0)
        outcome = Outcome(
            status=self._status,
            ending=ending,
            trouble=trouble,
            reused=reused,
            started_at=self._started_at,
            connected_at=connected,
            sent_at=sent,
            head_at=self._head_at,
            first_at=self._first_at,
            ended_at=time.monotonic_ns(),
            bytes_in=self._bytes_in + body,
            bytes_out=self._bytes_out + body,
            pieces=self._pieces + unseen,
        )
        done(outcome)
