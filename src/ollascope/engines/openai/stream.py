"""One answer of a server of the OpenAI API on its way."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

from ollascope.apis.formats import answer_reader, write_request
from ollascope.apis.openai_request import ignored_options
from ollascope.apis.reading import Reader
from ollascope.apis.routes import route_to
from ollascope.engines.engine import Trace
from ollascope.engines.flags import CONTEXT_EXHAUSTED, FORMAT_MISSED, OPTION_IGNORED
from ollascope.engines.ollama.silence.schema import fault_in
from ollascope.engines.wire import Exchange, Session, troubles
from ollascope.host.files import decimal
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt

ERROR_BYTES: Final = 1 << 20
KEPT: Final = 1 << 20  # characters of an answer that is judged by its format

Refused = Callable[[int, bytes, Prompt], Trouble]
Finding = tuple[str, str]


class OpenAiStream:
    """Iterate over the Chunks of one answer; closing ends the exchange from any thread."""

    def __init__(self, session: Session, prompt: Prompt, refused: Refused) -> None:
        self._session = session
        self._prompt = prompt
        self._refused = refused
        self._exchange: Exchange | None = None
        self._closed = self._ended = False
        self._status: int | None = None
        self._connect_s: float | None = None
        self._retry_after_s: float | None = None
        self._found: tuple[Finding, ...] = ()
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

    @property
    def trace(self) -> Trace:
        """What is known so far."""
        return Trace(
            api="openai",
            status=self._status,
            connect_s=self._connect_s,
            retry_after_s=self._retry_after_s,
            flags=tuple(dict.fromkeys(flag for flag, _ in self._found)),
            notes=tuple(note for _, note in self._found),
        )

    def _answer(self) -> Iterator[Chunk]:
        prompt = self._prompt
        judges = prompt.format is not None
        said: list[str] = []
        size = 0
        route = route_to("openai", prompt.operation)
        assert route is not None
        exchange = self._exchange = self._session.open(
            "POST", route.path, write_request("openai", prompt.operation, prompt)
        )
        if self._closed:
            exchange.close()
            raise troubles.cancelled()
        try:
            for chunk in self._begin(exchange).read(exchange):
                if judges and size < KEPT:
                    said.append(chunk.text)
                    size += len(chunk.text)
                if chunk.done:
                    self._found = tuple(find_silence(prompt, chunk, "".join(said) if size < KEPT else None))
                yield chunk
        finally:
            exchange.close()
        self._ended = True

    def _begin(self, exchange: Exchange) -> Reader:
        """Sends the question; what reads the answer."""
        head = exchange.begin()
        self._status, self._connect_s = head.status, head.connect_s
        if not 200 <= head.status < 300:
            self._retry_after_s = decimal(head.headers.get("retry-after", ""))
            raise self._refused(head.status, exchange.read(ERROR_BYTES), self._prompt)
        return answer_reader("openai", self._prompt.operation, head.headers.get("content-type", ""))


def find_silence(prompt: Prompt, final: Chunk, said: str | None) -> Iterator[Finding]:
    """What was done without a word: options that this API cannot carry, a format not kept, an answer cut short."""
    if ignored := ignored_options(prompt):
        yield OPTION_IGNORED, f"left out, since the OpenAI API does not have it: {', '.join(ignored)}"
    whole = final.reason != "length" and not final.tool_calls
    if prompt.format is not None and said is not None and whole and (fault := fault_in(said, prompt.format)):
        yield FORMAT_MISSED, f"the answer does not keep the format that was asked for: {fault}"
    wanted, made = prompt.max_tokens, final.tokens_out
    if final.reason == "length" and made is not None and (wanted is None or made < wanted):
        yield CONTEXT_EXHAUSTED, f"the context was full after {made} tokens: the answer ends in the middle"
