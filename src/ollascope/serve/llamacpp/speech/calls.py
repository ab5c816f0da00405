"""The calls of tools that models write into their text, in the forms of different families."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Final

from ollascope.serve.llamacpp.speech.manner import Style
from ollascope.words.prompt import ToolCall

CALL, CALLED = "<tool_call>", "</tool_call>"  # Qwen, Hermes
LISTED, ARGUMENTS = "[TOOL_CALLS]", "[ARGS]"  # Mistral
PYTHON: Final = "<|python_tag|>"  # Llama 3.1
CALLS: Final = (CALL, CALLED, LISTED, ARGUMENTS, PYTHON)
SEEN: Final = 64  # characters after which it is clear whether an answer can be a bare call
_BARE: Final = re.compile(r"[\[\s]*\{\s*\"(?:name|type|id|function|parameters|arguments)\"")
_BETWEEN: Final = re.compile(r"[\s;,]*")
_DECODER: Final = json.JSONDecoder()


def style_of(template: str) -> Style:
    """How a model whose chat template this is writes its calls."""
    if LISTED in template:
        return "list"
    return "tags" if CALL in template or not ("parameters" in template and "tools" in template) else "bare"


def read_tagged(raw: str, offered: Collection[str]) -> ToolCall | None:
    """The call between two tags, if it is a whole one of a tool that was offered."""
    found = read_bare(raw, offered)
    return found[0] if len(found) == 1 else None


def is_cut(raw: str) -> bool:
    """The closing tag stands inside a text of the call, which goes on after it."""
    try:
        json.loads(raw)
    except json.JSONDecodeError as error:
        return error.msg.startswith("Unterminated string")
    except RecursionError:
        return False
    return False


def read_bare(raw: str, offered: Collection[str]) -> list[ToolCall]:
    """The calls that make up a whole text; none where anything else is in it."""
    try:
        values = list(_values(raw.strip().removeprefix(PYTHON)))
    except (ValueError, RecursionError):
        return []
    calls = [_call(value, offered) for value in values]
    return [call for call in calls if call is not None] if all(calls) else []


def read_listed(raw: str, offered: Collection[str]) -> list[ToolCall]:
    """The calls after Mistral's mark: a list of objects, or each as a name and its arguments."""
    if raw.lstrip().startswith(("[{", "[ {", "{")):
        return read_bare(raw.replace(LISTED, ""), offered)
    found: list[ToolCall] = []
    for part in raw.split(LISTED):
        name, _, rest = part.partition(ARGUMENTS) if ARGUMENTS in part else _before_brace(part)
        calls = read_bare(f'{{"name": {json.dumps(name.strip())}, "arguments": {rest}}}', offered)
        if len(calls) != 1:
            return []
        found += calls
    return found


def may_be_bare(text: str) -> bool:
    """An answer that begins so may yet be nothing but calls."""
    begins = text.lstrip()
    if begins.startswith(PYTHON) or PYTHON.startswith(begins):
        return True
    if not begins.startswith(("{", "[")):
        return False
    return len(begins) < SEEN or _BARE.match(begins[:SEEN]) is not None


def _before_brace(part: str) -> tuple[str, str, str]:
    name, brace, rest = part.partition("{")
    return name, "", brace + rest


def _values(text: str) -> Iterator[object]:
    at = 0
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        yield from value if isinstance(value, list) else [value]
        match = _BETWEEN.match(text, at)
        at = match.end() if match else at


def _call(value: object, offered: Collection[str]) -> ToolCall | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("function")
    named = inner if isinstance(inner, dict) else value
    name = inner if isinstance(inner, str) else named.get("name")
    arguments = named.get("arguments", named.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = _object(arguments)
    if not isinstance(name, str) or name not in offered or not isinstance(arguments, dict):
        return None
    return ToolCall(name=name, arguments=arguments)


def _object(text: str) -> object:
    """Arguments that are written as a text once more."""
    return json.loads(text) if text.strip() else {}
