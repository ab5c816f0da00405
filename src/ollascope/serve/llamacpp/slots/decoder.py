"""The one thread of a loaded model: it loads, lets answers in and out at token borders, decodes, and frees."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ollascope.serve.llamacpp.slots.answer import Answer, Vectors
from ollascope.serve.llamacpp.slots.embedding import Embedder
from ollascope.serve.llamacpp.slots.native.model import Model
from ollascope.serve.llamacpp.slots.steps import Steps
from ollascope.words.errors import Cancelled, InferenceFailed, Trouble

T = TypeVar("T")

log = logging.getLogger(__name__)


class Work:
    """What the thread works with; made and closed on it, as OpenMP keeps its helpers by thread."""

    def __init__(self, model: Model, steps: Steps | None, embedder: Embedder, close: Callable[[], None]) -> None:
        self.model = model
        self.steps = steps
        self.embedder = embedder
        self.close = close


class Decoder:
    """Takes answers from any thread."""

    def __init__(self) -> None:
        self._bell = threading.Condition()
        self._queue: deque[Answer] = deque()
        self._left: deque[Answer | Vectors] = deque()  # cancelled since the last look
        self._vectors: deque[Vectors] = deque()
        self._closing = False
        self._work: Work | None = None
        self._thread: threading.Thread | None = None

    def open(self, make: Callable[[], Work]) -> Work:
        """Start the thread, which makes what it works with; raises what that raises."""
        opened: Future[Work] = Future()
        self._thread = threading.Thread(target=self._live, args=(make, opened), name="ollascope-decode", daemon=True)
        self._thread.start()
        return opened.result()

    def submit(self, answer: Answer) -> None:
        """Queue an answer; it gets a slot in the order of coming."""
        with self._bell:
            if self._closing:
                answer.chooser.close()
                raise _unloaded()
            self._queue.append(answer)
            self._bell.notify()

    def embed(self, vectors: Vectors) -> None:
        """Queue texts."""
        with self._bell:
            if self._closing:
                raise _unloaded()
            self._vectors.append(vectors)
            self._bell.notify()

    def cancel(self, what: Answer | Vectors) -> None:
        """Let go at the next token, or in the middle of a piece of prompt."""
        if what.cancelled.is_set():
            return
        what.cancelled.set()
        with self._bell:
            if self._closing:
                return
            self._left.append(what)
            if self._work and self._work.steps:
                self._work.steps.stop_for_nobody()
            if self._work:
                self._work.embedder.stop_for_nobody()
            self._bell.notify()

    def waiting(self) -> int:
        """How many answers have no slot yet."""
        with self._bell:
            return sum(not answer.cancelled.is_set() for answer in self._queue)

    def close(self) -> None:
        """End everything, free the memory, return when it is free; twice is once."""
        with self._bell:
            self._closing = True
            if self._work:
                if self._work.steps:
                    self._work.steps.close()
                self._work.embedder.stop()
            self._bell.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _live(self, make: Callable[[], Work], opened: "Future[Work]") -> None:
        try:
            work = make()
        except Exception as error:  # noqa: BLE001  # nothing is lost: whoever opens raises it
            opened.set_exception(error)
            return
        self._work = work
        opened.set_result(work)
        del opened
        try:
            while self._look(work):
                self._step(work)
        finally:
            self._end(work)

    def _look(self, work: Work) -> bool:
        """Wait until there is something to do, then let out who left and in who waits; False at the end."""
        with self._bell:
            while not (self._closing or self._queue or self._left or self._vectors or (work.steps and work.steps.busy)):
                self._bell.wait()
            if self._closing:
                return False
            left = list(self._left)
            self._left.clear()
        for what in left:
            self._let_out(work, what)
        if work.steps:
            self._let_in(work.steps)
        return True

    def _let_out(self, work: Work, what: Answer | Vectors) -> None:
        gone = Cancelled("the request was given up", hint="nothing is wrong: whoever asked has left")
        if isinstance(what, Vectors):
            if self._unqueue(self._vectors, what):
                what.tell(gone)
        elif self._unqueue(self._queue, what):
            what.chooser.close()
            what.tell([gone])
        elif work.steps:
            work.steps.leave(what, gone)

    def _unqueue(self, queue: deque[T], what: T) -> bool:
        with self._bell:
            if what not in queue:
                return False
            queue.remove(what)
            return True

    def _let_in(self, steps: Steps) -> None:
        while steps.busy < len(steps.slots):
            with self._bell:
                if not self._queue:
                    return
                answer = self._queue.popleft()
            steps.admit(answer)

    def _step(self, work: Work) -> None:
        """One token for all that run, one piece of the prompts, one batch of texts."""
        try:
            if work.steps:
                work.steps.decode()
                work.steps.prefill()
            self._embed(work.embedder)
        except Exception as bug:
            log.exception("a bug in the decode loop of %s", work.model.path.name)
            trouble = InferenceFailed(
                f"a bug ended this answer: {type(bug).__name__}: {bug}",
                hint="the log says where; report it",
            )
            if work.steps:
                work.steps.leave_all(trouble)
            if self._vectors:
                self._vectors.popleft().tell(trouble)

    def _embed(self, embedder: Embedder) -> None:
        if not self._vectors:
            return
        wanted = self._vectors[0]
        if wanted.cancelled.is_set():
            return  # it is let out at the next look
        try:
            done = embedder.step(wanted)
        except Trouble as trouble:
            self._vectors.popleft()
            wanted.tell(trouble)
            return
        if done:
            self._vectors.popleft()
            wanted.tell(wanted.found)

    def _end(self, work: Work) -> None:
        """Whatever ended the thread: nobody waits for ever, and the memory is free."""
        with self._bell:
            self._closing = True
            waiting, vectors = list(self._queue), list(self._vectors)
            self._queue.clear()
            self._vectors.clear()
        gone = Cancelled("the model was unloaded", hint="send the request again")
        for answer in waiting:
            answer.chooser.close()
            answer.tell([gone])
        for wanted in vectors:
            wanted.tell(gone)
        self._work = None
        if work.steps:
            work.steps.leave_all(gone)
        work.close()


def _unloaded() -> Cancelled:
    return Cancelled("the model was unloaded meanwhile", hint="send the request again")
