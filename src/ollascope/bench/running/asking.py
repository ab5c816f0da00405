"""Single questions to the target beside the measurement: how it counts a text, whether it knows a model."""

from collections.abc import Callable
from dataclasses import replace

from ollascope.bench.asked import Asked
from ollascope.engines.engine import Engine
from ollascope.words.chunk import Chunk
from ollascope.words.errors import AnswerMalformed
from ollascope.words.prompt import Message, Prompt


def counter(engine: Engine, asked: Asked) -> Callable[[str], int]:
    """How many tokens the server counts for a text, its template included."""

    def count(text: str) -> int:
        found = whole_answer(engine, prompt_for(asked, text, max_tokens=1)).tokens_in
        if found is None:
            raise AnswerMalformed(
                "the server does not say how many tokens a prompt has",
                hint="lengths in tokens are estimates then; the report says so",
            )
        return found

    return count


def prompt_for(asked: Asked, text: str, max_tokens: int) -> Prompt:
    """A question as the run asks them."""
    target, wording = asked.target, asked.wording
    prompt = Prompt(
        model=target.model,
        operation=target.operation,
        options=wording.options,
        think=wording.think,
        max_tokens=max_tokens,
    )
    if target.operation == "embed":
        return replace(prompt, inputs=(text,), stream=False, max_tokens=None)
    if target.operation == "generate":
        return replace(prompt, text=text)
    return replace(prompt, messages=(Message(role="user", content=text),))


def whole_answer(engine: Engine, prompt: Prompt) -> Chunk:
    """The last piece of an answer, which carries the counts."""
    if prompt.operation == "embed":
        return engine.embed(prompt)
    last = Chunk()
    with engine.stream(prompt) as stream:
        for chunk in stream:
            last = chunk
    return last
