"""What the streams of all clients share: Chunks one by one, an exchange that any thread may end, what its head told."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from ollascope.apis.formats import answer_reader
from ollascope.apis.reading import Reader
from ollascope.apis.routes import Api
from ollascope.engines.wire import troubles
from ollascope.engines.wire.exchange import Exchange
from ollascope.host.files import decimal
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt

ERROR_BYTES: Final = 1 << 20


class Answering(ABC):
    """Iterate over the Chunks of one answer; closing ends the exchange from any thread."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._exchange: Exchange | None = None
        self._closed = self._ended = False
        self._status: int | None = None
        self._connect_s: float | None = None
        self._retry_after_s: float | None = None
        self._chunks: Iterator[Chunk] = self._answer()

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        if self._closed and not self._ended:
            raise troubles.cancelled()
        return next(self._chunks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the exchange at once; whoever waits for a piece gets Cancelled."""
        self._closed = True
        if self._exchange is not None:
            self._exchange.close()
        self._chunks = iter(())  # the answer's own iterator and this object would keep each other

    @abstractmethod
    def _answer(self) -> Iterator[Chunk]:
        """The Chunks; what it sends goes through `_hold`, and `_ended` tells that all have come."""

    @abstractmethod
    def _refused(self, status: int, body: bytes) -> Trouble:
        """The named error of an answer that is no success."""

    def _hold(self, exchange: Exchange) -> Exchange:
        """From here on `close` ends this exchange; one that comes too late is ended by itself."""
        self._exchange = exchange
        if self._closed:
            exchange.close()
            raise troubles.cancelled()
        return exchange

    def _begin(self, exchange: Exchange, api: Api) -> Reader:
        """Sends the question; what reads the answer."""
        head = exchange.begin()
        self._status, self._connect_s = head.status, head.connect_s
        if not 200 <= head.status < 300:
            self._retry_after_s = decimal(head.headers.get("retry-after", ""))
            raise self._refused(head.status, exchange.read(ERROR_BYTES))
        return answer_reader(api, self._prompt.operation, head.headers.get("content-type", ""))
