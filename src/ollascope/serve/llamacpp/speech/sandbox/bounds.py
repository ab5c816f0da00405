"""How much a template may do in one rendering: every operation is charged before it is carried out."""

import time
from dataclasses import dataclass, replace
from types import NoneType
from typing import Final

from jinja2.runtime import Undefined

from ollascope.words.errors import LoadFailed

HINT: Final = "the chat template in the model's file is at fault: use a model file from another source"
GRAIN: Final = 16  # characters that cost as much as one step
CLOCK: Final = 10_000  # steps between two looks at the clock
LEAVES: Final = (int, float, NoneType, Undefined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits of one rendering; `text` counts every character that is made, also those thrown away."""

    steps: int = 3_000_000
    text: int = 32_000_000
    output: int = 4_000_000
    cpu_s: float = 2.0
    template: int = 64_000

    def beside(self, messages: int, size: int) -> "Bounds":
        """The limits for a conversation of so many messages and characters."""
        return replace(
            self,
            steps=self.steps + 5_000 * messages,
            text=self.text + 16 * size,
            output=self.output + 4 * size,
        )


class Budget:
    """What is left in one rendering."""

    __slots__ = ("_bounds", "_due", "_ends", "_steps", "_text")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._steps = bounds.steps
        self._text = bounds.text
        self._ends = time.thread_time() + bounds.cpu_s
        self._due = self._steps - CLOCK

    def spend(self, steps: int) -> None:
        """So many steps are about to be taken."""
        self._steps -= steps
        if self._steps < self._due:
            self._look()

    def make(self, characters: int) -> None:
        """A text of so many characters is about to be made."""
        self._text -= characters
        if self._text < 0:
            raise overdone(f"makes more than {self._bounds.text} characters of text")
        self.spend(1 + characters // GRAIN)

    def read(self, value: object) -> None:
        """All of a value is about to be read, with what is in it."""
        self.spend(weigh(value, self._steps + 1))

    def copy(self, value: object) -> int:
        """All of a value is about to become text: how much it holds."""
        weight = weigh(value, self._steps + 1, plain=True)
        self.make(weight * GRAIN)
        return weight

    def _look(self) -> None:
        self._due = self._steps - CLOCK
        if self._steps < 0:
            raise overdone(f"takes more than {self._bounds.steps} steps")
        if time.thread_time() > self._ends:
            raise overdone(f"takes more than {self._bounds.cpu_s:g} s")


def overdone(what: str) -> LoadFailed:
    """What ends a rendering that does too much."""
    return LoadFailed(f"the chat template {what}", hint=HINT)


def weigh(value: object, most: int, *, plain: bool = False) -> int:
    """The steps to read a value to its depths, counted no further than `most`: a value may hold itself many times.

    Where it must be `plain`, all that is in it is what JSON knows: other things hold more than can be seen.
    """
    steps = 0
    left: list[object] = [value]
    while left and steps <= most:
        item = left.pop()
        steps += 1
        if isinstance(item, str):
            steps += len(item) // GRAIN
        elif isinstance(item, dict | list | tuple):
            steps += len(item)
            if steps <= most:
                left += item
                left += item.values() if isinstance(item, dict) else ()
        elif plain and not isinstance(item, LEAVES):
            raise overdone(f"makes text of a {type(item).__name__}")
    return steps
