"""Talking with models: which can be chosen, an answer that is begun and measured, the question as a program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ollascope.engines.metered import Metered, Sink
from ollascope.engines.pages.answers import Answering, Answers, Open, Tell
from ollascope.engines.pages.asked import prompt_of_body
from ollascope.engines.pages.reached import Doorway, Reached
from ollascope.engines.pages.shelf import Shelf
from ollascope.engines.pages.snippets import snippets
from ollascope.engines.retries import Retries
from ollascope.engines.shown.lists import Listed
from ollascope.words.call import Call
from ollascope.words.prompt import Prompt

SOURCE: Final = "playground"  # of the Calls that answers leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The models that one can talk with, and the one that is chosen at first."""

    chats: tuple[Listed, ...] = ()
    first: str = ""


class Playground:
    """Puts the questions of browsers to the engine in force; each leaves its Call."""

    def __init__(self, doorway: Doorway, answers: Answers, retries: Retries, sink: Callable[[], Sink]) -> None:
        self.answers = answers
        self._speaking = Reached(doorway.open, doorway.leave)
        self._retries = retries
        self._sink = sink

    def close(self) -> None:
        """End all answers."""
        self.answers.close()
        self._speaking.close()

    def begin(self, body: object, tell: Tell) -> Answering:
        """The answer to what a browser sent."""
        prompt = prompt_of_body(body)
        return self.answers.begin(lambda: self._open(prompt), tell)

    def snippets(self, body: object) -> dict[str, str]:
        """The same question for a terminal and for Python."""
        prompt = prompt_of_body(body)
        with self._speaking.use() as engine:
            return snippets(engine.name, engine.backend, prompt)

    def _open(self, prompt: Prompt) -> Open:
        calls: list[Call] = []
        sink = self._sink()

        def take(call: Call) -> None:
            sink(call)
            calls.append(call)

        engine = self._speaking.take()
        stream = Metered(engine, take, source=SOURCE, retries=self._retries).stream(prompt)
        return Open(stream=stream, calls=calls, leave=lambda trouble: self._speaking.give_back(engine, trouble))


def choice_of(shelf: Shelf | None, asked: str) -> Choice:
    """What can be chosen; at first the one that was asked for, else one that is in memory already."""
    if shelf is None:
        return Choice()
    chats = tuple(one for one in shelf.models or () if not one.can or "completion" in one.can)
    return Choice(chats=chats, first=asked or next((one.name for one in shelf.loaded or ()), ""))
