"""Modelfiles: their commands as an order to create a model."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ollascope.apis.models import Order
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

COMMANDS: Final = ("from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter",
                   "message", "requires")  # fmt: skip
ROLES: Final = ("system", "user", "assistant")
DEPRECATED: Final = frozenset(("penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock",
                               "mirostat", "mirostat_tau", "mirostat_eta"))  # fmt: skip
WEIGHTS: Final = ("model*.safetensors", "adapter*.safetensors", "*.safetensors", "*.gguf")
BESIDE: Final = ("*.json", "tokenizer.model", "chat_template.jinja")
TRIPLE: Final = '"""'
HINT: Final = "see `ollama show --modelfile MODEL` for one that is right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a Modelfile: its name in small letters, what stands behind it, and the line it begins at.

    `first` is the role of a message or the name of a parameter.
    """

    name: str
    value: str
    line: int
    first: str = ""


def read_modelfile(model: str, text: str, folder: Path) -> Order:
    """The order that a Modelfile stands for; paths in it are relative to the folder it lies in."""
    draft = _Draft(folder)
    for command in commands_of(text):
        draft.take(command)
    if not draft.begun:
        raise BadUsage("the Modelfile has no FROM line", hint="begin it with FROM and a model or a file")
    return Order(model=model, extra=draft.body())


def commands_of(text: str) -> Iterator[Command]:
    """The commands one by one; a value in three quotation marks may have several lines."""
    lines = text.removeprefix("\ufeff").splitlines()
    number = 0
    while number < len(lines):
        begins, line = number + 1, lines[number].strip()
        number += 1
        if not line or line.startswith("#"):
            continue
        name, value = _split(line, begins)
        first, value = _apart(value) if name in {"message", "parameter"} else ("", value)
        while (mark := _mark(value)) and not _is_closed(value, mark):
            if number == len(lines):
                raise _wrong(begins, f"{name.upper()} opens a text that nothing closes")
            value = f"{value}\n{lines[number]}"
            number += 1
        yield Command(name=name, first=first, value=_bare(value, mark), line=begins)


class _Draft:
    """The body of a create request, as it grows."""

    def __init__(self, folder: Path) -> None:
        self.begun = False
        self._folder = folder
        self._texts: dict[str, Json] = {}
        self._files: dict[str, dict[str, Json]] = {}
        self._licenses: list[Json] = []
        self._messages: list[Json] = []
        self._parameters: dict[str, Json] = {}

    def take(self, command: Command) -> None:
        takers: Mapping[str, Callable[[Command], None]] = {
            "from": self._from,
            "adapter": lambda one: self._file("adapters", one),
            "draft": lambda one: self._file("draft_files", one),
            "license": lambda one: self._licenses.append(one.value),
            "message": self._message,
            "parameter": self._parameter,
        }
        taker = takers.get(command.name)
        if taker is not None:
            taker(command)
        else:
            self._texts[command.name] = command.value

    def body(self) -> dict[str, Json]:
        lists: dict[str, Json] = {
            "license": self._licenses,
            "messages": self._messages,
            "parameters": self._parameters,
            **self._files,
        }
        return {**self._texts, **{key: value for key, value in lists.items() if value}}

    def _from(self, command: Command) -> None:
        """A file, a folder of weights, or the name of a model."""
        self.begun = True
        path = self._path(command.value)
        if path.is_file() or path.is_dir():
            self._file("files", command)
        elif command.value.startswith(("/", "./", "../", "~")):
            raise _wrong(command.line, f"{command.value} is no file", "name a GGUF file, or a model that is there")
        else:
            self._texts["from"] = command.value

    def _file(self, kind: str, command: Command) -> None:
        path = self._path(command.value)
        found = [path] if path.is_file() else _weights(path)
        if not found:
            raise _wrong(command.line, f"{command.value} is no file", "name a file; paths start at the Modelfile")
        self._files.setdefault(kind, {}).update({one.name: str(one) for one in found})

    def _path(self, said: str) -> Path:
        try:
            return self._folder / Path(said).expanduser()
        except RuntimeError:  # the home of a user who is not there
            return self._folder / said

    def _message(self, command: Command) -> None:
        if command.first not in ROLES:
            raise _wrong(command.line, f"the role {command.first!r} is none of {', '.join(ROLES)}")
        self._messages.append({"role": command.first, "content": command.value})

    def _parameter(self, command: Command) -> None:
        name = command.first
        if not command.value:
            raise _wrong(command.line, f"the parameter {name} has no value")
        if name == "stop":
            known = self._parameters.get(name)
            self._parameters[name] = [*(known if isinstance(known, list) else []), command.value]
        elif name not in DEPRECATED:
            self._parameters[name] = _value(command.value)


def _weights(folder: Path) -> list[Path]:
    """The files of a model in a folder: its weights, and what says how to read them."""
    for kind in WEIGHTS:
        if found := sorted(folder.glob(kind)):
            return [*found, *(path for also in BESIDE for path in sorted(folder.glob(also)))]
    return []


def _split(line: str, number: int) -> tuple[str, str]:
    name, _, value = line.partition(" ") if " " in line else line.partition("\t")
    if name.lower() not in COMMANDS:
        raise _wrong(number, f"{name!r} is no command; there are {', '.join(COMMANDS).upper()}")
    if not value.strip():
        raise _wrong(number, f"{name.upper()} has no value")
    return name.lower(), value.strip()


def _apart(value: str) -> tuple[str, str]:
    first, _, rest = value.partition(" ")
    return first, rest.strip()


def _mark(value: str) -> str:
    """How a value that is quoted begins and ends."""
    return next((mark for mark in (TRIPLE, '"') if value.startswith(mark)), "")


def _is_closed(value: str, mark: str) -> bool:
    text = value.rstrip(" \t")
    return len(text) >= 2 * len(mark) and text.endswith(mark)


def _bare(value: str, mark: str) -> str:
    return value.rstrip(" \t")[len(mark) : -len(mark)] if mark else value


def _value(text: str) -> Json:
    if text in {"true", "false"}:
        return text == "true"
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d{1,18}\.\d*|\.\d+|\d{1,18})([eE][+-]?\d{1,2})?", text):
        return float(text)
    return text


def _wrong(line: int, what: str, hint: str = HINT) -> BadUsage:
    return BadUsage(f"Modelfile, line {line}: {what}", hint=hint)
