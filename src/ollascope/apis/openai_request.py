"""OpenAI's requests: bodies of /v1/chat/completions, completions and embeddings to Prompts and back."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ollascope.apis.body import Fields, encode, entry, kept, read_fields, read_object, refuse
from ollascope.apis.parts import ask_call, call_id, image_type, write_arguments
from ollascope.words.prompt import Message, Prompt, ToolCall
from ollascope.words.record import Json

SAMPLING: Final = (  # options that travel at the top level, by the names that llama-server and Ollama share
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "typical_p",
    "repeat_penalty",
    "repeat_last_n",
    "frequency_penalty",
    "presence_penalty",
)
EFFORTS: Final = ("high", "medium", "low", "max", "minimal", "none")
MAX_LOGPROBS: Final = 20


def read_chat(body: bytes) -> Prompt:
    """A Prompt of a body of POST /v1/chat/completions."""
    fields = read_fields(body, "ChatCompletionRequest")
    messages = tuple(_read_message(item) for item in fields.objects("messages"))
    if not messages:
        raise refuse("[] is too short - 'messages'")
    wanted, top = fields.flag("logprobs"), fields.whole("top_logprobs")
    shared = _read_shared(fields, Prompt(model=_model(fields), operation="chat", messages=messages))
    return _with_logprobs(shared, (top or 0) if wanted else None)


def read_completion(body: bytes) -> Prompt:
    """A Prompt of a body of POST /v1/completions."""
    fields = read_fields(body, "CompletionRequest")
    value = fields.take("prompt")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is not None and not isinstance(value, str):
        raise refuse("prompt must be one text")
    logprobs = fields.whole("logprobs")
    return _with_logprobs(
        _read_shared(fields, Prompt(model=_model(fields), operation="generate", text=value or "")), logprobs
    )


def read_embedding(body: bytes) -> Prompt:
    """A Prompt of a body of POST /v1/embeddings; how to write the vectors stays in its extra."""
    fields = read_fields(body, "EmbedRequest")
    model = _model(fields)
    value = fields.take("input")
    inputs = [value] if isinstance(value, str) else value
    if not isinstance(inputs, list) or not inputs or not all(isinstance(item, str) for item in inputs):
        raise refuse("invalid input")
    kind = fields.text("encoding_format")
    if kind not in {None, "float", "base64"}:
        raise refuse(f"encoding_format must be float or base64, not {kind}")
    extra = {**fields.rest(), **kept({"encoding_format": kind})}
    return Prompt(model=model, operation="embed", inputs=tuple(map(str, inputs)), stream=False, extra=extra)


def wants_usage(prompt: Prompt) -> bool:
    """The client asked for token counts at the end of the stream."""
    options = prompt.extra.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True


def with_usage(body: bytes) -> bytes:
    """The same request, asking for its token counts: for who passes a stream on and must count it."""
    data = read_object(body)
    return encode({**data, "stream_options": {**entry(data.get("stream_options")), "include_usage": True}})


def ignored_options(prompt: Prompt) -> tuple[str, ...]:
    """The options of a Prompt that this format cannot carry, such as num_ctx."""
    return tuple(name for name in prompt.options if name not in SAMPLING)


def write_request(prompt: Prompt) -> bytes:
    """The body for the operation's route; a stream asks for its token counts."""
    return encode(_BODIES[prompt.operation](prompt))


_DATA_URL = re.compile(r"data:image/(?:jpeg|jpg|png|webp|gif);base64,(.*)", re.DOTALL)


def _model(fields: Fields) -> str:
    model = fields.text("model")
    if not model:
        raise refuse("model is required")
    return model


def _read_shared(fields: Fields, prompt: Prompt) -> Prompt:
    options: dict[str, Json] = {name: value for name in SAMPLING if (value := fields.number(name)) is not None}
    longest, limit = fields.whole("max_completion_tokens"), fields.whole("max_tokens")
    stop = fields.take("stop")
    think = _read_effort(fields)
    return replace(
        prompt,
        options=options,
        tools=tuple(item.rest() for item in fields.objects("tools")),
        format=_read_format(fields.part("response_format")),
        think=think,
        stream=fields.flag("stream") or False,
        max_tokens=limit if limit is not None else longest,
        stop=_read_stop(stop),
        seed=fields.whole("seed"),
        extra=fields.rest(),
    )


def _with_logprobs(prompt: Prompt, logprobs: int | None) -> Prompt:
    if logprobs is not None and not 0 <= logprobs <= MAX_LOGPROBS:
        raise refuse(f"top_logprobs must be between 0 and {MAX_LOGPROBS}")
    return replace(prompt, logprobs=logprobs)


def _read_stop(value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise refuse("stop must be a text or a list of texts")
    return tuple(map(str, items))


def _read_effort(fields: Fields) -> bool | str | None:
    effort = fields.text("reasoning_effort")
    if effort is None:
        return None
    if effort not in EFFORTS:
        raise refuse(f'invalid reasoning value: \'{effort}\' (must be "high", "medium", "low", "max", or "none")')
    return False if effort == "none" else effort


def _read_format(fields: Fields) -> str | Mapping[str, Json] | None:
    kind = fields.text("type")
    if kind in {None, "text"}:
        return None
    if kind == "json_object":
        return "json"
    if kind != "json_schema":
        raise refuse(f'response_format type must be "text", "json_object" or "json_schema", not "{kind}"')
    schema = fields.part("json_schema").mapping("schema")
    return schema if schema is not None else "json"


def _read_message(fields: Fields) -> Message:
    text, images = _read_content(fields)
    thinking = fields.text("reasoning")
    if (content := fields.text("reasoning_content")) is not None:
        thinking = content
    return Message(
        role=fields.text("role") or "",
        content=text,
        thinking=thinking,
        images=images,
        tool_calls=tuple(ask_call(item) for item in fields.objects("tool_calls")),
        tool_name=fields.text("name"),
        tool_call_id=fields.text("tool_call_id"),
        extra=fields.rest(),
    )


def _read_content(fields: Fields) -> tuple[str, tuple[str, ...]]:
    """The text of a message and its images, given as one text or in parts."""
    value = fields.take("content")
    if value is None or isinstance(value, str):
        return value or "", ()
    parts = Fields({"content": value}, "ChatCompletionRequest.messages").objects("content")
    texts: list[str] = []
    images: list[str] = []
    for part in parts:
        kind = part.text("type")
        if kind == "text":
            texts.append(part.text("text") or "")
        elif kind == "image_url":
            images.append(_read_image(part))
        else:
            raise refuse(f"invalid message format: content of type {kind!r}")
    return "".join(texts), tuple(images)


def _read_image(part: Fields) -> str:
    value = part.take("image_url")
    url = value.get("url") if isinstance(value, dict) else value
    match = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        raise refuse("invalid image input")
    return match[1]


def _chat(prompt: Prompt) -> dict[str, Json]:
    messages: list[Json] = [_message(message, number) for number, message in enumerate(prompt.messages)]
    top = kept({"logprobs": None if prompt.logprobs is None else True, "top_logprobs": prompt.logprobs or None})
    return {"model": prompt.model, "messages": messages, **_shared(prompt), **top}


def _completion(prompt: Prompt) -> dict[str, Json]:
    return {
        "model": prompt.model,
        "prompt": prompt.text or "",
        **_shared(prompt),
        **kept({"logprobs": prompt.logprobs}),
    }


def _embedding(prompt: Prompt) -> dict[str, Json]:
    inputs: Json = prompt.inputs[0] if len(prompt.inputs) == 1 else list(prompt.inputs)
    return {**prompt.extra, "model": prompt.model, "input": inputs}


def _shared(prompt: Prompt) -> dict[str, Json]:
    known: dict[str, Json | None] = {
        **{name: value for name, value in prompt.options.items() if name in SAMPLING},
        "tools": list(prompt.tools) or None,
        "response_format": _format(prompt.format),
        "reasoning_effort": _effort(prompt.think),
        "max_tokens": prompt.max_tokens if prompt.max_tokens and prompt.max_tokens > 0 else None,
        "stop": list(prompt.stop) or None,
        "seed": prompt.seed,
    }
    usage: dict[str, Json] = {"stream_options": {"include_usage": True}} if prompt.stream else {}
    return {**usage, **prompt.extra, **kept(known), **({"stream": True} if prompt.stream else {})}


def _format(value: str | Mapping[str, Json] | None) -> Json:
    if value is None:
        return None
    if isinstance(value, str):
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": value}}


def _effort(think: bool | str | None) -> str | None:
    if isinstance(think, bool):
        return "medium" if think else "none"
    return think


def _message(message: Message, number: int) -> dict[str, Json]:
    known: dict[str, Json | None] = {
        "reasoning": message.thinking,
        "tool_calls": [_call(call, f"{number:08d}", at) for at, call in enumerate(message.tool_calls)] or None,
        "name": message.tool_name,
        "tool_call_id": message.tool_call_id,
    }
    return {"role": message.role, "content": _content(message), **message.extra, **kept(known)}


def _content(message: Message) -> Json:
    if not message.images:
        return message.content
    urls: list[Json] = [
        {"type": "image_url", "image_url": {"url": f"data:{image_type(image)};base64,{image}"}}
        for image in message.images
    ]
    return [{"type": "text", "text": message.content}, *urls]


def _call(call: ToolCall, seed: str, number: int) -> dict[str, Json]:
    function: dict[str, Json] = {"name": call.name, "arguments": write_arguments(call)}
    return {"id": call.id or call_id(seed, number), "type": "function", "function": function}


_BODIES = {"chat": _chat, "generate": _completion, "embed": _embedding}
