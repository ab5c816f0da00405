"""From questions to Prompts: operation, beginning, length of the answer, thinking, options."""

from collections.abc import Mapping
from dataclasses import replace

from ollascope.bench.asked import Asked
from ollascope.bench.material import FRESH
from ollascope.bench.prompts.question import Question
from ollascope.words.prompt import Message, Prompt
from ollascope.words.record import Json


class Shaping:
    """What all Prompts of a run have in common."""

    def __init__(self, asked: Asked, prefixes: tuple[str, ...]) -> None:
        self._turns = asked.wording.turns
        self._fresh = asked.wording.cache == "bust"
        self._prefixes = prefixes
        self._pattern = pattern_of(asked)

    def prompt(self, question: Question, number: int, limit: int | None) -> Prompt:
        """The Prompt of a question; of a conversation that of its first one."""
        pattern = self._pattern
        if limit is not None and pattern.operation != "embed":
            pattern = replace(pattern, max_tokens=limit)
        messages = self._messages(question, self._opening(number))
        if pattern.operation == "chat":
            return replace(pattern, messages=messages)
        text = "\n\n".join(message.content for message in messages)
        if pattern.operation == "embed":
            return replace(pattern, inputs=(text,))
        return replace(pattern, text=text)

    def turns(self, question: Question, number: int) -> tuple[str, ...]:
        """All questions of a conversation, the first one with its beginning."""
        first, *later = question.turns[: self._turns]
        opening = "" if question.before else self._opening(number)
        return (opening + first, *later)

    def _opening(self, number: int) -> str:
        prefix = f"{self._prefixes[number % len(self._prefixes)]}\n" if self._prefixes else ""
        return prefix + (f"{FRESH}\n" if self._fresh else "")

    def _messages(self, question: Question, opening: str) -> tuple[Message, ...]:
        first = Message(role="user", content=question.turns[0])
        messages = (*question.before, first) if self._turns > 1 else question.whole or (*question.before, first)
        return (replace(messages[0], content=opening + messages[0].content), *messages[1:])


def pattern_of(asked: Asked) -> Prompt:
    """A Prompt without a question; options that are fields of a Prompt become those."""
    target, options = asked.target, dict(asked.wording.options)
    stop = options.pop("stop", None)
    embeds = target.operation == "embed"
    return Prompt(
        model=target.model,
        operation=target.operation,
        max_tokens=None if embeds else _whole(options, "max_tokens", "num_predict"),
        seed=_whole(options, "seed"),
        stop=(stop,) if isinstance(stop, str) else (),
        keep_alive=_lifetime(options),
        think=None if embeds else asked.wording.think,
        stream=not embeds,
        options=options,
    )


def _whole(options: dict[str, Json], *names: str) -> int | None:
    found = [value for name in names if isinstance(value := options.pop(name, None), int)]
    return found[0] if found else None


def _lifetime(options: dict[str, Json]) -> str | float | None:
    value = options.pop("keep_alive", None)
    return value if isinstance(value, str | int | float) else None


def name_options(options: Mapping[str, Json]) -> str:
    """`temperature=0, num_ctx=4096`."""
    return ", ".join(f"{name}={value}" for name, value in options.items())
