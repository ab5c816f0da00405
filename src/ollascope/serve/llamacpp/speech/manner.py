"""How one answer is to be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Thinking = Literal["split", "drop", "raw"]  # told apart from the text, left out, or told as text with its tags
Style = Literal["tags", "list", "bare"]  # how the model writes down its calls of tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What to look for in the tokens."""

    stop: tuple[str, ...] = ()
    thinking: Thinking = "raw"
    begun: bool = False  # the prompt ends with the beginning of a thought
    tools: frozenset[str] = frozenset()  # the names that were offered
    style: Style = "tags"
    marks: Mapping[int, bytes] = field(default_factory=dict)  # tokens that are marks and have no text of their own
    logprobs: bool = False
    context: bool = False  # the answer ends with all tokens of the conversation, as /api/generate does
