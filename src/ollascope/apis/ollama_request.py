"""Ollama's requests: bodies of /api/chat, generate, embed and embeddings to Prompts and back."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ollascope.apis.body import Fields, encode, kept, kind_of, read_fields, refuse
from ollascope.apis.errors import missing
from ollascope.apis.parts import ask_call
from ollascope.words.prompt import Message, Prompt, ToolCall
from ollascope.words.record import Json

LEVELS: Final = ("high", "medium", "low", "max")
MAX_LOGPROBS: Final = 20
FOREVER: Final = float("inf")


def read_chat(body: bytes) -> Prompt:
    """A Prompt of a body of POST /api/chat; without messages it only loads or unloads the model."""
    fields = read_fields(body, "ChatRequest", empty="missing request body")
    model = _checked_name(fields.text("model") or "", refuse("model is required"))
    messages = tuple(_read_message(item) for item in fields.objects("messages"))
    return _read_shared(fields, Prompt(model=model, operation="chat", messages=messages))


def read_generate(body: bytes) -> Prompt:
    """A Prompt of a body of POST /api/generate; with an empty text it only loads or unloads the model."""
    fields = read_fields(body, "GenerateRequest", empty="missing request body")
    model = _checked_name(fields.text("model") or "", missing(""))
    return _read_shared(fields, Prompt(model=model, operation="generate", text=fields.text("prompt") or ""))


def read_embed(body: bytes) -> Prompt:
    """A Prompt of a body of POST /api/embed."""
    fields = read_fields(body, "EmbedRequest", empty="missing request body")
    model = _checked_name(fields.text("model") or "", missing(""))
    value = fields.take("input")
    inputs = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(inputs, list) or not all(isinstance(item, str) for item in inputs):
        raise refuse("invalid input type")
    return _read_embedding(fields, model, tuple(map(str, inputs)))


def read_embeddings(body: bytes) -> Prompt:
    """A Prompt of a body of POST /api/embeddings, the older route for one text."""
    fields = read_fields(body, "EmbeddingRequest", empty="missing request body")
    model = _checked_name(fields.text("model") or "", missing(""))
    return _read_embedding(fields, model, (fields.text("prompt") or "",))


def write_request(prompt: Prompt) -> bytes:
    """The body for POST /api/chat, generate or embed, as the operation says."""
    return encode(_BODIES[prompt.operation](prompt))


def write_embeddings(prompt: Prompt) -> bytes:
    """The body for POST /api/embeddings: the first text."""
    return encode({**_embedding(prompt), "prompt": prompt.inputs[0] if prompt.inputs else ""})


def only_loads(prompt: Prompt) -> bool:
    """Nothing is to be said: the model is loaded, or unloaded where its lifetime is 0, and the answer comes whole."""
    if prompt.operation == "chat":
        return not prompt.messages
    return prompt.operation == "generate" and not prompt.text and not prompt.extra.get("suffix")


def lifetime_s(keep_alive: str | float | None, default: float) -> float:
    """How long a model stays loaded: seconds, or a duration in Go's form; a negative one means for ever."""
    if keep_alive is None:
        return default
    seconds = float(keep_alive) if isinstance(keep_alive, int | float) else duration_s(keep_alive)
    return FOREVER if seconds < 0 else seconds


def duration_s(text: str) -> float:
    """Seconds of a duration in Go's form: 300ms, -1.5h, 2h45m."""
    match = _DURATION.fullmatch(text)
    if text in {"0", "+0", "-0"}:
        return 0.0
    if match is None:
        unitless = re.fullmatch(r"[+-]?\d+(\.\d+)?", text)
        fault = "missing unit in" if unitless else "invalid"
        raise refuse(f'time: {fault} duration "{text}"')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))
    return -seconds if text.startswith("-") else seconds


def valid_name(name: str) -> bool:
    """A model's name is well formed: host/namespace/model:tag, of which only the model is needed."""
    return _NAME.fullmatch(name) is not None


_NAME = re.compile(
    r"(?:\w[\w.-]{0,349}(?::\d{1,5})?/)?(?:\w[\w.-]{0,79}/)?\w[\w.-]{0,79}(?::\w[\w.-]{0,79})?", re.ASCII
)
_DURATION = re.compile(r"[+-]?(?:\d+\.?\d*(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+\.?\d*)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(
        ("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "num_ctx", "num_batch", "num_gpu"), "integer"
    ),
    **dict.fromkeys(("main_gpu", "num_thread", "draft_num_predict"), "integer"),
    **dict.fromkeys(("top_p", "min_p", "typical_p", "temperature"), "float32"),
    **dict.fromkeys(("repeat_penalty", "presence_penalty", "frequency_penalty"), "float32"),
    "use_mmap": "boolean",
    "stop": "array",
}
_FITS = {"integer": (int, float), "float32": (int, float), "boolean": (bool,), "array": (list,)}


def _checked_name(name: str, absent: Exception) -> str:
    if not name:
        raise absent
    if not valid_name(name):
        raise refuse("invalid model name")
    return name


def _read_shared(fields: Fields, prompt: Prompt) -> Prompt:
    """The fields that chat and generate share, added to what is read already."""
    options = dict(fields.mapping("options") or {})
    _check_options(options)
    max_tokens, seed = options.pop("num_predict", None), options.pop("seed", None)
    stop = options.pop("stop", None)
    stream = fields.flag("stream")
    return replace(
        prompt,
        options=options,
        tools=tuple(item.rest() for item in fields.objects("tools")),
        format=_read_format(fields.take("format")),
        think=_read_think(fields.take("think")),
        stream=True if stream is None else stream,
        max_tokens=int(max_tokens) if isinstance(max_tokens, int | float) else None,
        stop=tuple(map(str, stop)) if isinstance(stop, list) else (),
        seed=int(seed) if isinstance(seed, int | float) else None,
        logprobs=_read_logprobs(fields),
        keep_alive=_read_keep_alive(fields),
        extra=fields.rest(),
    )


def _check_options(options: dict[str, Json]) -> None:
    for name in [name for name, value in options.items() if value is None]:
        del options[name]
    for name, value in options.items():
        wanted = _OPTIONS.get(name)
        if wanted is None:
            continue
        if not isinstance(value, _FITS[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
            raise refuse(f'option "{name}" must be of type {wanted}', status=500)
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise refuse(f'option "{name}" must be of an array of strings', status=500)


def _read_format(value: Json) -> str | Mapping[str, Json] | None:
    if value is None or value == "":
        return None
    if isinstance(value, dict) or value == "json":
        return value
    quoted = encode(encode(value).decode()).decode()
    raise refuse(f'invalid format: {quoted}; expected "json" or a valid JSON Schema object', status=500)


def _read_think(value: Json) -> bool | str | None:
    if value is None or isinstance(value, bool) or value in LEVELS:
        return value
    shown = f'"{value}"' if isinstance(value, str) else kind_of(value)
    raise refuse(f'invalid think value: {shown} (must be "high", "medium", "low", "max", true, or false)')


def _read_logprobs(fields: Fields) -> int | None:
    wanted, top = fields.flag("logprobs"), fields.whole("top_logprobs")
    if top is not None and not 0 <= top <= MAX_LOGPROBS:
        raise refuse(f"top_logprobs must be between 0 and {MAX_LOGPROBS}")
    return (top or 0) if wanted else None


def _read_keep_alive(fields: Fields) -> str | float | None:
    value = fields.take("keep_alive")
    if isinstance(value, str):
        duration_s(value)
        return value
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300):
        return value
    raise refuse(f"json: cannot unmarshal {kind_of(value)} into Go struct field keep_alive of type api.Duration")


def _read_message(fields: Fields) -> Message:
    return Message(
        role=fields.text("role") or "",
        content=fields.text("content") or "",
        thinking=fields.text("thinking"),
        images=fields.texts("images"),
        tool_calls=tuple(ask_call(item) for item in fields.objects("tool_calls")),
        tool_name=fields.text("tool_name"),
        tool_call_id=fields.text("tool_call_id"),
        extra=fields.rest(),
    )


def _read_embedding(fields: Fields, model: str, inputs: tuple[str, ...]) -> Prompt:
    options = dict(fields.mapping("options") or {})
    _check_options(options)
    keep_alive = _read_keep_alive(fields)
    return Prompt(
        model=model,
        operation="embed",
        inputs=inputs,
        options=options,
        stream=False,
        keep_alive=keep_alive,
        extra=fields.rest(),
    )


def _chat(prompt: Prompt) -> dict[str, Json]:
    messages: list[Json] = [_message(message) for message in prompt.messages]
    return {"model": prompt.model, **({"messages": messages} if messages else {}), **_shared(prompt)}


def _generate(prompt: Prompt) -> dict[str, Json]:
    return {"model": prompt.model, "prompt": prompt.text or "", **_shared(prompt)}


def _embed(prompt: Prompt) -> dict[str, Json]:
    inputs: Json = prompt.inputs[0] if len(prompt.inputs) == 1 else list(prompt.inputs)
    return {**_embedding(prompt), "input": inputs}


def _embedding(prompt: Prompt) -> dict[str, Json]:
    return {
        **prompt.extra,
        **kept({"model": prompt.model, "options": prompt.options or None, "keep_alive": prompt.keep_alive}),
    }


def _shared(prompt: Prompt) -> dict[str, Json]:
    options = {
        **prompt.options,
        **kept({"num_predict": prompt.max_tokens, "seed": prompt.seed, "stop": list(prompt.stop) or None}),
    }
    known: dict[str, Json | None] = {
        "tools": list(prompt.tools) or None,
        "format": prompt.format,
        "think": prompt.think,
        "stream": None if prompt.stream else False,
        "logprobs": None if prompt.logprobs is None else True,
        "top_logprobs": prompt.logprobs or None,
        "keep_alive": prompt.keep_alive,
        "options": options or None,
    }
    return {**prompt.extra, **kept(known)}


def _message(message: Message) -> dict[str, Json]:
    known: dict[str, Json | None] = {
        "thinking": message.thinking,
        "images": list(message.images) or None,
        "tool_calls": [_call(call) for call in message.tool_calls] or None,
        "tool_name": message.tool_name,
        "tool_call_id": message.tool_call_id,
    }
    return {"role": message.role, "content": message.content, **message.extra, **kept(known)}


def _call(call: ToolCall) -> dict[str, Json]:
    function: dict[str, Json] = {"name": call.name, "arguments": dict(call.arguments), **call.extra}
    return {**kept({"id": call.id}), "function": function}


_BODIES = {"chat": _chat, "generate": _generate, "embed": _embed}
