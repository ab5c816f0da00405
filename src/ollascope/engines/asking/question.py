"""A question as it was asked, and the Prompt that it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass

from ollascope.engines.asking.reading import checked
from ollascope.words.errors import BadUsage
from ollascope.words.prompt import Message, Prompt
from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything about a question but who answers it."""

    text: str
    images: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None
    think: bool | None = None
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


def wording(given: str, piped: str) -> str:
    """The words of the command line, then those of standard input."""
    text = "\n\n".join(part for part in (checked(given, "the question"), piped) if part.strip())
    if not text:
        raise BadUsage("there is no question", hint='ask one: ollascope ask "why is the sky blue?", or pipe it in')
    return text


def prompt_of(question: Question, model: str, engine: str) -> Prompt:
    """The Prompt; Ollama holds a model to a schema only where it is told not to think, so that is what it is told."""
    system = [Message(role="system", content=checked(question.system, "--system"))] if question.system else []
    think = question.think
    if think is None and question.schema is not None and engine == "ollama":
        think = False
    return Prompt(
        model=checked(model, "the model's name"),
        messages=(*system, Message(role="user", content=question.text, images=question.images)),
        options={} if question.temperature is None else {"temperature": question.temperature},
        format=question.schema,
        think=think,
        max_tokens=question.max_tokens,
        seed=question.seed,
    )
