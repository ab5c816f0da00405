"""An answer on its way to the client: the head with its first piece, whole or streamed, failures in the API's form."""

import time
from collections.abc import Callable, Sequence

from ollascope.apis.errors import answer_status, refusal
from ollascope.apis.routes import Api
from ollascope.apis.writing import Writer
from ollascope.pipe import Answer
from ollascope.words.chunk import Chunk
from ollascope.words.errors import AnswerUnfinished, BadUsage, ConnectionCut, ModelMissing, Trouble

NO_CACHE = (b"cache-control", b"no-cache")
STREAMS = ("application/x-ndjson", "text/event-stream")

Headers = Sequence[tuple[bytes, bytes]]


class Planned:
    """The wall clock of an answer whose pieces are written down before they are due."""

    __slots__ = ("_ahead", "due")

    def __init__(self) -> None:
        self._ahead = time.time_ns() - time.monotonic_ns()
        self.due = 0

    def now_ns(self) -> int:
        return self._ahead + self.due


class Delivery:
    """One answer; `over` when nothing more is to be sent."""

    __slots__ = ("_answer", "_api", "_head", "_headers", "_piece", "_writer", "encode", "over", "streams")

    def __init__(self, answer: Answer, api: Api, writer: Writer, headers: Headers, kind: str | None = None) -> None:
        self._answer = answer
        self._api = api
        self._headers = headers
        self._writer = writer
        self._piece = answer.piece
        self.encode: Callable[[Chunk], bytes] = writer.write
        self.streams = writer.content_type in STREAMS
        still = [NO_CACHE] if api == "anthropic" and self.streams else []
        self._head = [(b"content-type", (kind or writer.content_type).encode()), *still, *headers]
        self.over = False

    def send(self, data: bytes) -> bool:
        """Bytes of a piece; False when the client is behind: then wait until it has caught up."""
        if self._answer.started:
            return self._piece(data)
        if not data:
            return True  # an answer that is sent whole waits for its end
        self._answer.start(200, self._head)
        self._answer.join()
        return self._piece(data)

    def finish(self, data: bytes) -> None:
        """The bytes of the last piece."""
        self.over = True
        if self._answer.started:
            self._answer.end(data)
        elif self.streams:
            self._answer.start(200, self._head)
            self._answer.end(data)
        else:
            self._answer.whole(200, data, self._head)

    def fail(self, trouble: Trouble) -> None:
        """What went wrong, as this API tells it: by status before the head, in the stream after it."""
        self.over = True
        if self._answer.ended:
            return
        if isinstance(trouble, ConnectionCut):
            self._answer.cut()
        elif isinstance(trouble, AnswerUnfinished):
            self.finish(b"")
        elif self._answer.started:
            self._answer.end(self._writer.fail(trouble))
        else:
            refuse(self._answer, self._api, trouble, self._headers)


def refuse(answer: Answer, api: Api, trouble: Trouble, headers: Headers = ()) -> None:
    """A whole answer that says what is wrong, in this API's form; names that are nearly right are told."""
    near = isinstance(trouble, ModelMissing) and trouble.hint.startswith("did you mean")
    if isinstance(trouble, BadUsage) and answer_status(trouble) == 500:
        # The real one calls some wrong types its own failure; a client that is told so would try again.
        trouble = BadUsage(trouble.message, hint=trouble.hint, status=400)
    reply = refusal(api, trouble, with_hint=near)
    kind = [] if reply.content_type is None else [(b"content-type", reply.content_type.encode())]
    answer.whole(reply.status, reply.body, [*kind, *headers])
