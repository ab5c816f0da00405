"""Text as it comes, cut anywhere, to text, thoughts and calls: what may yet be the beginning of a mark is held back."""

from collections.abc import Callable, Sequence
from typing import Literal

from ollascope.apis.parts import piece
from ollascope.serve.llamacpp.speech import calls
from ollascope.serve.llamacpp.speech.calls import CALL, CALLED, LISTED
from ollascope.serve.llamacpp.speech.manner import Manner
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import ToolCall

THINK, THOUGHT = "<think>", "</think>"
State = Literal["start", "thought", "text", "call", "listed", "bare"]


class Stops:
    """Lets text pass up to the first stop word: the one that is complete first."""

    __slots__ = ("_words", "firsts", "held", "met")

    def __init__(self, words: Sequence[str]) -> None:
        self.met = False
        self._words = words
        self.firsts = tuple({word[0] for word in words})
        self.held = ""

    def pass_(self, text: str) -> str:
        """What is certainly before any stop word."""
        if not self.held and not any(first in text for first in self.firsts):
            return text
        held = self.held + text
        ends = [(at + len(word), at) for word in self._words if (at := held.find(word)) >= 0]
        if ends:
            self.met = True
            return held[: min(ends)[1]]
        keep = overlap(held, self._words)
        self.held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def rest(self) -> str:
        """What was held back until the end."""
        held, self.held = self.held, ""
        return held


class Splitter:
    """Tells thoughts and calls from text."""

    __slots__ = ("_held", "_manner", "_mark", "_seen", "_state", "_steps", "_trim")

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._mark = {"tags": CALL, "list": LISTED, "bare": ""}[manner.style] if manner.tools else ""
        self._state: State = "text" if manner.thinking == "raw" else "thought" if manner.begun else "start"
        self._held = ""
        self._seen = 0  # of a call: how far its end was looked for
        self._trim = self._state == "thought"
        if self._state == "text":
            self._begin_text()
        self._steps: dict[State, Callable[[list[Chunk]], bool]] = {
            "start": self._start, "thought": self._think, "text": self._say, "call": self._call, "listed": _wait,
            "bare": self._bare,
        }  # fmt: skip

    @property
    def settled(self) -> bool:
        """What comes is text, up to the next mark."""
        return self._state == "text" and not (self._trim or self._held)

    @property
    def firsts(self) -> str:
        """What the next mark begins with."""
        return self._mark[:1]

    @property
    def thinking(self) -> bool:
        return self._state == "thought"

    def feed(self, text: str, said: list[Chunk]) -> None:
        """Takes more text; what is complete is added to what was said."""
        self._held += text
        while self._held and self._steps[self._state](said):
            pass

    def finish(self, said: list[Chunk]) -> None:
        """What was held back until the end."""
        held, self._held = self._held, ""
        if self._state == "thought":
            self._emit_thought(held, said)
        elif self._state == "listed":
            self._tell(calls.read_listed(held, self._manner.tools), LISTED + held, said)
        elif self._state == "bare":
            self._tell(calls.read_bare(held, self._manner.tools), held, said)
        elif self._state == "call":
            call = calls.read_tagged(held, self._manner.tools)
            self._tell([call] if call else [], CALL + held, said)
        elif held:
            said.append(piece(held))
        self._state, self._mark = "text", ""

    def _start(self, said: list[Chunk]) -> bool:
        """A thought stands at the beginning or nowhere: later its tag is text like any other."""
        begins = self._held.lstrip()
        if begins.startswith(THINK):
            self._held = begins[len(THINK) :]
            self._state, self._trim = "thought", True
            return True
        if THINK.startswith(begins):
            return False
        self._begin_text()
        return True

    def _begin_text(self) -> None:
        bare = self._manner.tools and self._manner.style == "bare"
        self._state = "bare" if bare else "text"

    def _think(self, said: list[Chunk]) -> bool:
        at = self._held.find(THOUGHT)
        if at >= 0:
            self._emit_thought(self._held[:at].rstrip(), said)
            self._held = self._held[at + len(THOUGHT) :]
            self._begin_text()
            self._trim = True
            return True
        certain = self._held[: len(self._held) - overlap(self._held, (THOUGHT,))].rstrip()
        self._emit_thought(certain, said)
        self._held = self._held[len(certain) :]
        if self._trim:
            self._held = self._held.lstrip()
        return False

    def _say(self, said: list[Chunk]) -> bool:
        if self._trim:
            self._held = self._held.lstrip()
            if not self._held:
                return False
            self._trim = False
        mark = self._mark
        if not mark or mark[0] not in self._held:
            said.append(piece(self._held))
            self._held = ""
            return False
        at = self._held.find(mark)
        certain = at if at >= 0 else len(self._held) - overlap(self._held, (mark,))
        if certain:
            said.append(piece(self._held[:certain]))
        if at < 0:
            self._held = self._held[certain:]
            return False
        self._held = self._held[at + len(mark) :]
        self._state, self._seen = "call" if mark == CALL else "listed", 0
        return True

    def _call(self, said: list[Chunk]) -> bool:
        at = self._held.find(CALLED, self._seen)
        if at < 0:
            self._seen = max(0, len(self._held) - len(CALLED))
            return False
        raw = self._held[:at]
        if calls.is_cut(raw):
            self._seen = at + 1
            return True
        call = calls.read_tagged(raw, self._manner.tools)
        # A call of a tool that was not offered is told as text: nothing that a model says disappears.
        self._tell([call] if call else [], f"{CALL}{raw}{CALLED}", said)
        self._held = self._held[at + len(CALLED) :]
        self._state, self._trim = "text", True
        return True

    def _bare(self, said: list[Chunk]) -> bool:
        if self._trim:
            self._held = self._held.lstrip()
        if not self._held or calls.may_be_bare(self._held):
            return False
        self._state = "text"
        return True

    def _emit_thought(self, text: str, said: list[Chunk]) -> None:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        if text and self._manner.thinking == "split":
            said.append(Chunk(thinking=text))

    def _tell(self, found: Sequence[ToolCall], text: str, said: list[Chunk]) -> None:
        if found:
            said += [Chunk(tool_calls=(call,)) for call in found]
        elif text:
            said.append(piece(text))


def overlap(text: str, marks: Sequence[str]) -> int:
    """How many characters at the end of the text may be the beginning of a mark."""
    longest = max(map(len, marks), default=1) - 1
    sizes = range(min(len(text), longest), 0, -1)
    return next((size for size in sizes if any(mark.startswith(text[-size:]) for mark in marks)), 0)


def _wait(_said: list[Chunk]) -> bool:
    return False
