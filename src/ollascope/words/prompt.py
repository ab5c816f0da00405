"""What is wanted from a model: the Prompt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ollascope.words.record import Json

Operation = Literal["chat", "generate", "embed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool the model wants called."""

    name: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    id: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation; images are base64 text as they travel."""

    role: str
    content: str = ""
    thinking: str | None = None
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str | None = None
    tool_call_id: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is wanted: model, messages or text, options, tools, stream or not."""

    model: str
    operation: Operation = "chat"
    messages: tuple[Message, ...] = ()
    text: str | None = None
    inputs: tuple[str, ...] = ()
    options: Mapping[str, Json] = field(default_factory=dict)
    tools: tuple[Mapping[str, Json], ...] = ()
    format: str | Mapping[str, Json] | None = None
    think: bool | str | None = None
    stream: bool = True
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: int | None = None
    keep_alive: str | float | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
