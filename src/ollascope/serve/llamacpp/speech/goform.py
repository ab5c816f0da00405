"""The little of Go's template language that Ollama's own prompt templates are written in."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ollascope.words.errors import BadUsage

LONGEST: Final = 64_000
HINT: Final = (
    "use {{ .System }}, {{ .Prompt }} and {{ if .System }}…{{ else }}…{{ end }}, or send the whole prompt with `raw`"
)
_WORD: Final = re.compile(r"\.(\w+)")


def fill(form: str, values: Mapping[str, str]) -> str:
    """The template with its places filled; what would stand after the answer is left out."""
    if len(form) > LONGEST:
        raise BadUsage(f"the template is longer than {LONGEST} characters", hint=HINT)
    shown: list[bool] = []  # what each `if` around this place says
    made: list[str] = []
    for text, action in _parts(form):
        if all(shown):
            made.append(text)
            if action == ".Response":
                return "".join(made)
        _act(action, values, shown, made)
    if shown:
        raise _unknown("an `if` without its `end`")
    return "".join(made)


def _parts(form: str) -> Iterator[tuple[str, str]]:
    """Each text with the action behind it; a dash inside the braces takes the blanks outside away."""
    at, trimmed = 0, False
    while True:
        start = form.find("{{", at)
        text = form[at:] if start < 0 else form[at:start]
        text = text.lstrip() if trimmed else text
        if start < 0:
            yield text, ""
            return
        end = form.find("}}", start)
        if end < 0:
            raise _unknown(form[start:])
        action = form[start + 2 : end]
        before, trimmed = action[:1] == "-" and action[1:2].isspace(), action[-1:] == "-" and action[-2:-1].isspace()
        yield (text.rstrip() if before else text), action[before : len(action) - trimmed].strip()
        at = end + 2


def _act(action: str, values: Mapping[str, str], shown: list[bool], made: list[str]) -> None:
    word, _, rest = action.partition(" ")
    if word == "if" and _WORD.fullmatch(rest.strip()):
        shown.append(bool(values.get(rest.strip()[1:], "")))
    elif action == "else" and shown:
        shown[-1] = not shown[-1]
    elif action == "end" and shown:
        shown.pop()
    elif match := _WORD.fullmatch(action):
        if all(shown):
            made.append(values.get(match[1], ""))
    elif action and not action.startswith("/*"):
        raise _unknown(action)


def _unknown(what: str) -> BadUsage:
    return BadUsage(f"the template has something this server does not know: {what[:80]}", hint=HINT)
