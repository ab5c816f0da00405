"""What each request says: bodies made before the run around the text that makes each of them a new one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ollascope.bench.material import FRESH, Material, freshen
from ollascope.bench.schedule import Schedule
from ollascope.words.prompt import Message, Prompt

Write = Callable[[Prompt], bytes]


class Bodies:
    """The body of every shot; those of one run are all different where the material leaves room for it."""

    def __init__(self, material: Material, schedule: Schedule, run: str, write: Write) -> None:
        self._prompts = material.prompts
        self._warm_up = material.warm_up
        self._turns = material.turns
        self._order = schedule.prompts
        self._write = write
        self._run = run
        self._parts = tuple(_parts(write(prompt)) for prompt in self._prompts)
        self._warm_parts = tuple(_parts(write(prompt)) for prompt in self._warm_up)

    @property
    def talks(self) -> bool:
        """Questions follow one another in conversations."""
        return any(len(turns) > 1 for turns in self._turns)

    def body(self, number: int, *, warm: bool) -> bytes:
        """What shot `number` says."""
        if warm and self._warm_parts:
            parts = self._warm_parts[number % len(self._warm_parts)]
        else:
            parts = self._parts[self._place(number)]
        return parts[0] if len(parts) == 1 else self.fresh(number).encode().join(parts)

    def prompt(self, number: int, *, warm: bool) -> Prompt:
        """The same as a Prompt, for an engine in this process."""
        known = self._warm_up[number % len(self._warm_up)] if warm and self._warm_up else None
        return _renewed(known or self._prompts[self._place(number)], self.fresh(number))

    def settings(self, number: int) -> Prompt:
        """The Prompt of a shot as the material has it."""
        return self._prompts[self._place(number)]

    def talk(self, number: int) -> "Talk":
        """A conversation that begins with this shot."""
        place = self._place(number)
        fresh = self.fresh(number)
        turns = self._turns[place] if place < len(self._turns) else ()
        return Talk(_renewed(self._prompts[place], fresh), [turn.replace(FRESH, fresh) for turn in turns], self._write)

    def fresh(self, number: int) -> str:
        """A text as long as FRESH that no other shot of this run has, and hardly one of any other."""
        return freshen(self._run, number)

    def _place(self, number: int) -> int:
        order = self._order
        return order[number % len(order)] if order else number % len(self._prompts)


class Talk:
    """One conversation: each question is asked behind all that was said before."""

    def __init__(self, prompt: Prompt, turns: Sequence[str], write: Write) -> None:
        self._prompt = prompt
        self._turns = turns
        self._write = write
        self.turn = 0

    @property
    def goes_on(self) -> bool:
        """There is a question after this one."""
        return self.turn + 1 < len(self._turns)

    @property
    def prompt(self) -> Prompt:
        return self._prompt

    def body(self) -> bytes:
        return self._write(self._prompt)

    def hear(self, answer: str) -> None:
        """The answer is here; the next question stands behind it."""
        self.turn += 1
        said = (Message(role="assistant", content=answer), Message(role="user", content=self._turns[self.turn]))
        self._prompt = replace(self._prompt, messages=(*self._prompt.messages, *said))


def _parts(body: bytes) -> tuple[bytes, ...]:
    return tuple(body.split(FRESH.encode()))


def _renewed(prompt: Prompt, fresh: str) -> Prompt:
    messages = tuple(replace(one, content=one.content.replace(FRESH, fresh)) for one in prompt.messages)
    text = prompt.text.replace(FRESH, fresh) if prompt.text is not None else None
    return replace(
        prompt, messages=messages, text=text, inputs=tuple(one.replace(FRESH, fresh) for one in prompt.inputs)
    )
