"""Anthropic's requests: bodies of /v1/messages to Prompts and back."""

from collections.abc import Mapping, Sequence
from typing import Final

from ollascope.apis.body import Fields, encode, kept, read_fields, refuse
from ollascope.apis.parts import call_id, image_type
from ollascope.words.prompt import Message, Prompt, ToolCall
from ollascope.words.record import Json

SAMPLING: Final = ("temperature", "top_p", "top_k")
MAX_TOKENS: Final = 4096  # the format needs a limit; this stands in where the Prompt has none


def read_chat(body: bytes) -> Prompt:
    """A Prompt of a body of POST /v1/messages; the system text becomes its first message."""
    fields = read_fields(body, "MessagesRequest")
    model, limit = fields.text("model"), fields.whole("max_tokens")
    system = _read_system(fields)
    messages = tuple(message for item in fields.objects("messages") for message in _read_messages(item))
    if not model:
        raise refuse("model is required")
    if limit is None or limit <= 0:
        raise refuse("max_tokens is required and must be positive")
    if not messages:
        raise refuse("messages is required")
    think, thinking = _read_thinking(fields)
    return Prompt(
        model=model,
        operation="chat",
        messages=(*system, *messages),
        options={name: value for name in SAMPLING if (value := fields.number(name)) is not None},
        tools=tuple(_read_tool(item) for item in fields.objects("tools")),
        think=think,
        stream=fields.flag("stream") or False,
        max_tokens=limit,
        stop=fields.texts("stop_sequences"),
        extra={**fields.rest(), **thinking},
    )


def ignored_options(prompt: Prompt) -> tuple[str, ...]:
    """The options of a Prompt that this format cannot carry; nor does it carry a seed, a format or logprobs."""
    others = kept({"seed": prompt.seed, "format": prompt.format, "logprobs": prompt.logprobs})
    return (*(name for name in prompt.options if name not in SAMPLING), *others)


def write_request(prompt: Prompt) -> bytes:
    """The body for POST /v1/messages."""
    system = "\n\n".join(message.content for message in prompt.messages if message.role == "system")
    limit = prompt.max_tokens if prompt.max_tokens and prompt.max_tokens > 0 else MAX_TOKENS
    known: dict[str, Json | None] = {
        "model": prompt.model,
        "max_tokens": limit,
        "system": system or None,
        "messages": _write_messages(prompt.messages),
        **{name: value for name, value in prompt.options.items() if name in SAMPLING},
        "tools": [_write_tool(tool) for tool in prompt.tools] or None,
        "thinking": _write_thinking(prompt, limit),
        "stop_sequences": list(prompt.stop) or None,
        "stream": True if prompt.stream else None,
    }
    return encode({**prompt.extra, **kept(known)})


def _read_system(fields: Fields) -> tuple[Message, ...]:
    value = fields.take("system")
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (Message(role="system", content=value),)
    blocks = Fields({"system": value}, "MessagesRequest").objects("system")
    return (Message(role="system", content="\n\n".join(block.text("text") or "" for block in blocks)),)


def _read_thinking(fields: Fields) -> tuple[bool | None, dict[str, Json]]:
    """Whether to think, and the whole field where it says more than that."""
    value = fields.mapping("thinking")
    if value is None:
        return None, {}
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in {"enabled", "disabled", "adaptive"}:
        raise refuse('thinking.type must be "enabled", "disabled" or "adaptive"')
    return kind != "disabled", {"thinking": value} if len(value) > 1 or kind == "adaptive" else {}


def _read_tool(fields: Fields) -> dict[str, Json]:
    """A tool in the shape of the other two APIs, which is the Prompt's."""
    schema = fields.mapping("input_schema")
    function = kept({"name": fields.text("name"), "description": fields.text("description"), "parameters": schema})
    return {"type": "function", "function": {**fields.rest(), **function}}


def _read_messages(fields: Fields) -> list[Message]:
    """One message as one or more: each tool's result stands alone."""
    role, value = fields.text("role") or "", fields.take("content")
    if value is None or isinstance(value, str):
        return [Message(role=role, content=value or "", extra=fields.rest())]
    blocks = Fields({"content": value}, "MessagesRequest.messages").objects("content")
    results: list[Message] = []
    said = Said()
    for block in blocks:
        kind = block.text("type")
        if kind == "tool_result":
            results.append(_read_result(block))
        else:
            said.add(kind, block)
    message = said.message(role, fields.rest())
    return [*results, message] if said.anything or not results else results


class Said:
    """The blocks of one message as they are gathered."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._thinking: list[str] = []
        self._images: list[str] = []
        self._calls: list[ToolCall] = []

    @property
    def anything(self) -> bool:
        return bool(self._texts or self._thinking or self._images or self._calls)

    def add(self, kind: str | None, block: Fields) -> None:
        if kind == "text":
            self._texts.append(block.text("text") or "")
        elif kind == "thinking":
            self._thinking.append(block.text("thinking") or "")
        elif kind == "image":
            self._images.append(_read_image(block.part("source")))
        elif kind == "tool_use":
            arguments = block.mapping("input") or {}
            self._calls.append(ToolCall(name=block.text("name") or "", id=block.text("id"), arguments=arguments))
        elif kind != "redacted_thinking":
            raise refuse(f"unsupported content block: {kind}")

    def message(self, role: str, extra: Mapping[str, Json]) -> Message:
        return Message(
            role=role,
            content="".join(self._texts),
            thinking="".join(self._thinking) if self._thinking else None,
            images=tuple(self._images),
            tool_calls=tuple(self._calls),
            extra=extra,
        )


def _read_image(source: Fields) -> str:
    if source.text("type") != "base64" or (data := source.text("data")) is None:
        raise refuse("invalid image input")
    return data


def _read_result(block: Fields) -> Message:
    name, value = block.text("tool_use_id"), block.take("content")
    images: list[str] = []
    texts = [value] if isinstance(value, str) else []
    if value is not None and not isinstance(value, str):
        for part in Fields({"content": value}, "MessagesRequest.messages.content").objects("content"):
            if part.text("type") == "image":
                images.append(_read_image(part.part("source")))
            else:
                texts.append(part.text("text") or "")
    return Message(role="tool", content="".join(texts), images=tuple(images), tool_call_id=name)


def _write_thinking(prompt: Prompt, limit: int) -> Json:
    if "thinking" in prompt.extra or prompt.think is None:
        return prompt.extra.get("thinking")
    return {"type": "enabled", "budget_tokens": max(1, limit // 2)} if prompt.think else {"type": "disabled"}


def _write_tool(tool: Mapping[str, Json]) -> dict[str, Json]:
    function = tool.get("function")
    known = dict(function) if isinstance(function, Mapping) else dict(tool)
    schema = known.pop("parameters", None)
    return {**known, "input_schema": {"type": "object", "properties": {}} if schema is None else schema}


def _write_messages(messages: Sequence[Message]) -> list[Json]:
    """The conversation without its system texts; results of tools next to each other share one message."""
    written: list[Json] = []
    results: list[Json] = []
    for number, message in enumerate(messages):
        if message.role == "tool":
            results.append(_write_result(message))
            continue
        if results:
            written.append({"role": "user", "content": results})
            results = []
        if message.role != "system":
            written.append({"role": message.role, "content": _write_content(message, number), **message.extra})
    return [*written, {"role": "user", "content": results}] if results else written


def _write_result(message: Message) -> Json:
    content: Json = (
        [*_images(message), {"type": "text", "text": message.content}] if message.images else message.content
    )
    return {"type": "tool_result", "tool_use_id": message.tool_call_id or "", "content": content}


def _write_content(message: Message, number: int) -> Json:
    if not (message.thinking or message.images or message.tool_calls):
        return message.content
    blocks: list[Json] = []
    if message.thinking:
        blocks.append({"type": "thinking", "thinking": message.thinking, "signature": ""})
    blocks += _images(message)
    if message.content:
        blocks.append({"type": "text", "text": message.content})
    for at, call in enumerate(message.tool_calls):
        name = call.id or call_id(f"{number:08d}", at)
        blocks.append({"type": "tool_use", "id": name, "name": call.name, "input": dict(call.arguments)})
    return blocks


def _images(message: Message) -> list[Json]:
    return [
        {"type": "image", "source": {"type": "base64", "media_type": image_type(image), "data": image}}
        for image in message.images
    ]
