"""The scripts that the fake knows by heart, and the tokens of its models: bytes and a few control words.

They are those of the scripted models that real servers were recorded with: a prompt that ends
with `<|zh|>` gets that script's answer.
"""

import re
from typing import Final

from ollascope.apis.parts import write_arguments
from ollascope.words.prompt import Message, Prompt

SCRIPTS: Final[dict[str, tuple[bytes, ...]]] = {
    "": (b"Hello", b"! ", b"I say", b" what", b" my", b" script", b" says."),
    "<|zh|>": ("你好".encode(), b"\xef\xbc", b"\x8c" + "世".encode(), b"\xe7\x95", b"\x8c" + "。".encode()),
    "<|emoji|>": (b"\xf0\x9f", b"\x91\x8b", b" bye"),
    "<|loop|>": (b" one", b" two", b" three", b" four", b" five", b" six", b" seven", b" eight"),
    "<|think|>": (b"<think>", b"\nLet", b" me", b" think", b"</think>", b"\n\n", b"Forty", b"-two"),
    "<|tool|>": (
        b"<tool_call>", b'\n{"name": "get_', b'weather", ', b'"arguments": ', b'{"city": "Par', b'is"}}',
        b"\n</tool_call>",
    ),
    "<|tools|>": (
        b"Both:", b"<tool_call>\n", b'{"name": "add", ', b'"arguments": {"a": 1, "b": 2}}', b"\n</tool_call>\n",
        b'<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n', b"</tool_call> ",
    ),
    "<|json|>": (b'{"answer"', b": ", b"42", b', "why"', b': "', b"because", b'"}'),
    "<|stop|>": (b"Count:", b" 1", b" 2", b" ST", b"OP", b" 3", b" 4"),
    "<|coin|>": (b"Coin:",),
}  # fmt: skip
HEADS, TAILS, HEADS_SHARE = b" heads", b" tails", 0.75
ENDLESS: Final = "<|loop|>"
COIN: Final = "<|coin|>"
JSON_SCRIPT: Final = "<|json|>"
WORDS: Final = tuple(
    b" " + word
    for word in (b"the", b"quick", b"brown", b"fox", b"jumps", b"over", b"a", b"lazy", b"dog", b"and", b"runs")
)
CONTROLS: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(name for name in SCRIPTS if name))
FIRST_BYTE: Final = len(CONTROLS)

_CONTROL = re.compile("|".join(map(re.escape, CONTROLS)))


def script_of(text: str) -> str:
    """The script that a rendered prompt asks for: the trigger it ends with, or none."""
    return next((name for name in SCRIPTS if name and text.endswith(name)), "")


def count(text: str) -> int:
    """How many tokens a text is: one a byte, one a control word."""
    found = _CONTROL.findall(text) if "<|" in text else ()
    return len(text.encode("utf-8", "replace")) - sum(map(len, found)) + len(found)


def ids(text: str) -> list[int]:
    """The tokens of a text as the numbers that `context` holds."""
    found: list[int] = []
    start = 0
    for match in _CONTROL.finditer(text):
        found += [byte + FIRST_BYTE for byte in text[start : match.start()].encode("utf-8", "replace")]
        found.append(CONTROLS.index(match[0]))
        start = match.end()
    return found + [byte + FIRST_BYTE for byte in text[start:].encode("utf-8", "replace")]


def render(prompt: Prompt, *, able: bool, repeats: bool) -> str:
    """The prompt as the model reads it; `able` to use tools and to think, `repeats` the last message to be answered."""
    if prompt.operation == "generate":
        return _render_text(prompt, able=able, repeats=repeats)
    return render_chat(prompt, prompt.messages, able=able, repeats=repeats)


def render_chat(prompt: Prompt, messages: tuple[Message, ...], *, able: bool, repeats: bool) -> str:
    """These messages of a prompt as the model reads them."""
    parts = [_render_system(prompt, messages)] if able else []
    parts += [_render_message(message) for message in messages if message.role != "system" or not able]
    said = messages[-1].content if messages and repeats else ""
    return "".join(parts) + f"<|im_start|>assistant\n{said}"


def _render_text(prompt: Prompt, *, able: bool, repeats: bool) -> str:
    text, system, template = prompt.text or "", prompt.extra.get("system"), prompt.extra.get("template")
    if prompt.extra.get("raw") is True:
        return text
    if isinstance(template, str) and template:
        said = {"System": system if isinstance(system, str) else "", "Prompt": text}
        return re.sub(r"\{\{-?\s*\.(\w+)\s*-?\}\}", lambda match: said.get(match[1], ""), template)
    messages: tuple[Message, ...] = (Message(role="user", content=text),)
    if isinstance(system, str) and system:
        messages = (Message(role="system", content=system), *messages)
    return render_chat(prompt, messages, able=able, repeats=repeats)


def _render_system(prompt: Prompt, messages: tuple[Message, ...]) -> str:
    system = "\n\n".join(message.content for message in messages if message.role == "system" and message.content)
    if not system:
        return ""
    tools = "".join(f"\n{tool}" for tool in prompt.tools)
    told = f"\n\nTools:{tools}\nA call looks so: <tool_call>…</tool_call>" if tools else ""
    return f"<|im_start|>system\n{system}{told}<|im_end|>\n"


def _render_message(message: Message) -> str:
    thinking = f"<think>{message.thinking}</think>" if message.thinking else ""
    calls = "".join(
        f'<tool_call>\n{{"name": "{call.name}", "arguments": {write_arguments(call)}}}\n</tool_call>'
        for call in message.tool_calls
    )
    return f"<|im_start|>{message.role}\n{thinking}{message.content}{calls}<|im_end|>\n"
