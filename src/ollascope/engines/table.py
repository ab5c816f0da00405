"""The table of engines, and which of them is in force."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from ollascope.engines.engine import Engine
from ollascope.engines.settings import Engines
from ollascope.words.errors import BadSettings

Opener = Callable[[Engines], Engine]

ENGINES: Final[Mapping[str, str]] = {  # name -> what opens it, as module:function
    "ollama": "ollascope.engines.opening:open_ollama",
    "openai": "ollascope.engines.opening:open_openai",
    "fake": "ollascope.engines.opening:open_fake",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The engine in force, and a sentence on how it came to be."""

    name: str
    text: str


def choose(settings: Engines) -> Choice:
    """The engine in force: the one that is named, else the one whose address is set, else Ollama."""
    if settings.use != "auto":
        return Choice(name=settings.use, text=f"{settings.use}, as engines.use says")
    if settings.ollama.url:
        return Choice(name="ollama", text="ollama, since engines.ollama.url (or OLLAMA_HOST) says where it is")
    if settings.openai.url:
        return Choice(name="openai", text="openai, since engines.openai.url says where it is")
    return Choice(name="ollama", text="ollama, which is looked for on this machine since no address is set")


def open_engine(name: str, settings: Engines) -> Engine:
    """The engine of that name, as the settings describe it; nothing is sent yet but what finding it takes."""
    path = ENGINES.get(name)
    if path is None:
        raise BadSettings(f"there is no engine {name!r}", hint=f"engines.use may be auto, {', '.join(ENGINES)}")
    module, _, function = path.partition(":")
    return cast("Opener", vars(importlib.import_module(module))[function])(settings)
