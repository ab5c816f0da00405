"""An answer as it comes: each piece is shown at once, and all of it is kept for what is told at the end."""

from dataclasses import dataclass, field
from typing import Final, TextIO

from ollascope.engines.engine import Engine, Tell, Trace
from ollascope.engines.metered import Metered, Sink
from ollascope.engines.retries import Retries
from ollascope.engines.settings import Engines
from ollascope.logs.form import printable
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt, ToolCall

SOURCE: Final = "cli"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
# On a screen a control letter would act instead of being read; line breaks and tabs are meant.
SEEN: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if code not in {9, 10}} | {13: ""}


@dataclass(slots=True)
class Answer:
    """What has come so far."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    final: Chunk | None = None
    begun: bool = False

    def hear(self, chunk: Chunk) -> None:
        self.begun = True
        if chunk.text:
            self.text.append(chunk.text)
        if chunk.thinking:
            self.thinking.append(chunk.thinking)
        if chunk.tool_calls:
            self.tool_calls.extend(chunk.tool_calls)
        if chunk.done:
            self.final = chunk


class Voice:
    """Says the answer on one stream and the thinking on another; None says nothing there."""

    def __init__(self, out: TextIO | None, aside: TextIO | None) -> None:
        self._out = out
        self._aside = aside
        self._on_screen = out is not None and out.isatty()
        self._dims = aside is not None and aside.isatty()
        self._last = self._last_aside = "\n"  # what each stream ends with so far

    def think(self, text: str) -> None:
        if self._aside is None:
            return
        self._last_aside = text[-1]
        self._aside.write(f"{DIM}{text.translate(SEEN)}{PLAIN}" if self._dims else text)
        self._aside.flush()

    def say(self, text: str) -> None:
        if self._out is None:
            return
        self._end_thinking()
        self._last = text[-1]
        self._out.write(text.translate(SEEN) if self._on_screen else text)
        self._out.flush()

    def end(self) -> None:
        """Whatever comes next begins on a line of its own."""
        self._end_thinking()
        if self._out is not None and self._last != "\n":
            self._last = "\n"
            self._out.write("\n")
            self._out.flush()

    def _end_thinking(self) -> None:
        if self._aside is not None and self._last_aside != "\n":
            self._last_aside = "\n"
            self._aside.write("\n")
            self._aside.flush()


class Asking:
    """One question to an engine: its answer, and the one Call that it leaves in the sink and here."""

    def __init__(self, engine: Engine, sink: Sink, settings: Engines, tell: Tell) -> None:
        self.answer = Answer()
        self.calls: list[Call] = []
        self.trace = Trace()
        self._sink = sink
        self._tell = tell
        self._engine = Metered(
            engine, self._take, source=SOURCE, tell=self._tell_before, retries=Retries(settings.retries)
        )

    def follow(self, prompt: Prompt, voice: Voice) -> None:
        """Shows the pieces until the answer ends, fails or is interrupted."""
        with self._engine.stream(prompt) as stream:
            try:
                for chunk in stream:
                    self._show(chunk, voice)
            except (Trouble, KeyboardInterrupt):
                voice.end()
                raise
            self.trace = stream.trace

    def _show(self, chunk: Chunk, voice: Voice) -> None:
        self.answer.hear(chunk)
        if chunk.thinking:
            voice.think(chunk.thinking)
        if chunk.text:
            voice.say(chunk.text)
        if chunk.done:
            voice.end()

    def _take(self, call: Call) -> None:
        self.calls.append(call)
        self._sink(call)

    def _tell_before(self, text: str) -> None:
        """Before the answer this is why it takes longer; what is found out at its end is told in its place."""
        if not self.answer.begun:
            self._tell(printable(text))
