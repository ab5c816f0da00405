"""One answer of a server of the OpenAI API on its way."""

from collections.abc import Callable, Iterator
from typing import Final

from ollascope.apis.formats import write_request
from ollascope.apis.openai_request import ignored_options
from ollascope.apis.routes import route_to
from ollascope.engines.engine import Trace
from ollascope.engines.flags import CONTEXT_EXHAUSTED, FORMAT_MISSED, OPTION_IGNORED
from ollascope.engines.ollama.silence.schema import fault_in
from ollascope.engines.wire import Session
from ollascope.engines.wire.answering import Answering
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt

KEPT: Final = 1 << 20  # characters of an answer that is judged by its format

Refused = Callable[[int, bytes, Prompt], Trouble]
Finding = tuple[str, str]


class OpenAiStream(Answering):
    """One answer of a server of the OpenAI API."""

    def __init__(self, session: Session, prompt: Prompt, refused: Refused) -> None:
        self._session = session
        self._name_trouble = refused
        self._found: tuple[Finding, ...] = ()
        super().__init__(prompt)

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
        body = write_request("openai", prompt.operation, prompt)
        exchange = self._hold(self._session.open("POST", route.path, body))
        try:
            for chunk in self._begin(exchange, "openai").read(exchange):
                if judges and size < KEPT:
                    said.append(chunk.text)
                    size += len(chunk.text)
                if chunk.done:
                    self._found = tuple(find_silence(prompt, chunk, "".join(said) if size < KEPT else None))
                yield chunk
        finally:
            exchange.close()
        self._ended = True

    def _refused(self, status: int, body: bytes) -> Trouble:
        return self._name_trouble(status, body, self._prompt)


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
