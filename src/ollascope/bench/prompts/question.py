"""A question before it becomes a Prompt: its turns, and what stood before it."""

from dataclasses import dataclass

from ollascope.words.prompt import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one conversation asks, turn by turn."""

    turns: tuple[str, ...]
    before: tuple[Message, ...] = ()  # system texts ahead of the first question
    whole: tuple[Message, ...] = ()  # all messages up to the last question, answers too, where the file has them
    max_tokens: int | None = None

    @property
    def letters(self) -> int:
        """How long its texts are."""
        return sum(map(len, self.turns)) + sum(len(message.content) for message in self.whole)
