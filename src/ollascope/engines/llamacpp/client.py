"""The client of our own embedded engine: it speaks Ollama's API, and where it cuts a connection it has crashed."""

import time
from typing import Final

from ollascope.engines.llamacpp.announced import Announced
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.ollama.stream import OllamaStream
from ollascope.engines.wire import Patience
from ollascope.processes.identity import Identity, is_alive
from ollascope.words.chunk import Chunk
from ollascope.words.errors import BadUsage, ConnectionCut, EngineCrashed
from ollascope.words.prompt import Prompt

LAST_LOOKS: Final = 20  # a process that dies is seen as dead only when its parent has heard of it
LOOK_S: Final = 0.025


class Embedded(Ollama):
    """The embedded engine that a data folder tells of."""

    name = "llamacpp"

    def __init__(self, announced: Announced, patience: Patience | None = None) -> None:
        super().__init__(announced.url, patience)
        self._who = announced.who

    def stream(self, prompt: Prompt) -> OllamaStream:
        """An answer in Chunks; nothing is sent before the first is asked for."""
        if prompt.operation == "embed":
            raise BadUsage("embeddings do not come as a stream", hint="ask for them with `embed`")
        return EmbeddedStream(self, prompt, self._who)


class EmbeddedStream(OllamaStream):
    """An answer whose connection is cut only by a crash."""

    def __init__(self, engine: Embedded, prompt: Prompt, who: Identity) -> None:
        super().__init__(engine, prompt)
        self._who = who

    def __next__(self) -> Chunk:
        try:
            return super().__next__()
        except ConnectionCut as cut:
            if not _is_gone(self._who):
                raise
            raise EngineCrashed(
                "the embedded engine ended in the middle of its answer",
                hint="`ollascope up` starts it again at once: ask again; its last words are in `ollascope logs`",
            ) from cut


def _is_gone(who: Identity) -> bool:
    for _ in range(LAST_LOOKS):
        if not is_alive(who):
            return True
        time.sleep(LOOK_S)
    return False
