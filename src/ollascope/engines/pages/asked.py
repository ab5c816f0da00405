"""A question of the playground: what a browser sent, checked, and the Prompt that it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from ollascope.words.errors import BadUsage
from ollascope.words.prompt import Message, Prompt
from ollascope.words.record import Json

ROLES: Final = frozenset({"user", "assistant"})
MOST_MESSAGES: Final = 500
LONGEST_NAME: Final = 500
THINKING: Final[Mapping[str, bool | None]] = {"": None, "on": True, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a number may be."""

    least: float
    most: float
    whole: bool = False


NUMBERS: Final[Mapping[str, Bound]] = {
    "temperature": Bound(least=0, most=10),
    "top_p": Bound(least=0, most=1),
    "top_k": Bound(least=0, most=1_000_000, whole=True),
    "min_p": Bound(least=0, most=1),
    "max_tokens": Bound(least=1, most=10_000_000, whole=True),
    "seed": Bound(least=0, most=2**32 - 1, whole=True),
    "context": Bound(least=16, most=10_000_000, whole=True),
}
SAMPLING: Final = ("temperature", "top_p", "top_k", "min_p")
FIELDS: Final = frozenset({"model", "messages", "system", "think", *NUMBERS})


def read_body(data: bytes) -> object:
    """What a browser sent, as JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadUsage(f"the body is no JSON: {error}", hint="send an object, as application/json") from error


def prompt_of_body(body: object) -> Prompt:
    """The Prompt, if every field is what it should be."""
    if not isinstance(body, Mapping):
        raise BadUsage("the body is no JSON object", hint="send an object with `model` and `messages`")
    if unknown := sorted(str(name)[:40] for name in body if name not in FIELDS):
        raise BadUsage(f"there is no field {unknown[0]!r}", hint=f"known are: {', '.join(sorted(FIELDS))}")
    model = _text(body, "model")
    if not model.strip() or len(model) > LONGEST_NAME or not model.isprintable():
        raise BadUsage("model is no name of a model", hint="choose one of the list")
    numbers = {name: _number(name, body.get(name), bound) for name, bound in NUMBERS.items()}
    options: dict[str, Json] = {name: numbers[name] for name in SAMPLING if numbers[name] is not None}
    if numbers["context"] is not None:
        options["num_ctx"] = numbers["context"]
    system = _text(body, "system")
    before = (Message(role="system", content=system),) if system.strip() else ()
    return Prompt(
        model=model, messages=(*before, *_messages(body.get("messages"))), options=options, think=_think(body),
        max_tokens=_whole(numbers["max_tokens"]), seed=_whole(numbers["seed"]),
    )  # fmt: skip


def _messages(given: object) -> tuple[Message, ...]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_MESSAGES:
        raise BadUsage(f"messages is no list of 1 to {MOST_MESSAGES}", hint="send what was said so far")
    found = tuple(map(_message, given))
    if found[-1].role != "user" or not found[-1].content.strip():
        raise BadUsage("there is no question", hint="write one, then send it")
    return found


def _message(given: object) -> Message:
    role = given.get("role") if isinstance(given, Mapping) else None
    content = given.get("content") if isinstance(given, Mapping) else None
    if not isinstance(role, str) or role not in ROLES or not isinstance(content, str):
        raise BadUsage("a message has a role (user, assistant) and a content", hint="both are texts")
    return Message(role=role, content=_spoken(content))


def _think(body: Mapping[str, object]) -> bool | None:
    said = _text(body, "think")
    if said not in THINKING:
        raise BadUsage("think is none of on, off and nothing", hint="leave it out where the model decides")
    return THINKING[said]


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise BadUsage(f"{name} is no text", hint="send a text")
    return _spoken(value)


def _spoken(text: str) -> str:
    """Half of a pair of characters is no text that can be sent."""
    return text.encode("utf-8", "replace").decode()


def _number(name: str, value: object, bound: Bound) -> int | float | None:
    if value is None:
        return None
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not isinstance(value, int | float) or not bound.least <= value <= bound.most:
        raise BadUsage(
            f"{name} is no number from {bound.least:g} to {bound.most:g}", hint="leave it empty for the model's own"
        )
    if bound.whole and value != int(value):
        raise BadUsage(f"{name} is no whole number", hint="leave it empty for the model's own")
    return int(value) if bound.whole else float(value)


def _whole(value: int | float | None) -> int | None:
    return None if value is None else int(value)
