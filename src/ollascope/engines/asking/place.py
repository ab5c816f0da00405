"""Which server a command talks to: the one in force, or the one that is named with the command."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from ollascope.engines.settings import Engines
from ollascope.engines.table import choose
from ollascope.words.errors import BadUsage

HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An engine and an address as they were given; None is what the settings say."""

    engine: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The engine to open, and the settings to open it with; `found` says that it must be looked for."""

    name: str
    settings: Engines
    found: bool = False


def wanted(settings: Engines, place: Place) -> Wanted:
    """What the command line says goes before the settings; an address that ends in /v1 is one of the OpenAI API."""
    chosen = choose(settings).name
    if place.url is None:
        name = place.engine or chosen
        return Wanted(name=name, settings=settings, found=name == "ollama" and not settings.ollama.url)
    url = place.url.strip()
    if not url:
        raise BadUsage("the address is empty", hint="give --url an address, as http://127.0.0.1:11434")
    kind = "openai" if url.rstrip("/").endswith("/v1") else chosen if chosen != "fake" else "ollama"
    name = place.engine or kind
    if name == "fake":
        raise BadUsage(
            "the fake engine answers in this process and has no address",
            hint="leave --url out; `ollascope fake` is a server, to be asked as --engine ollama",
        )
    if name == "openai":
        return Wanted(name=name, settings=replace(settings, openai=replace(settings.openai, url=url)))
    return Wanted(name=name, settings=replace(settings, ollama=replace(settings.ollama, url=url)))


def is_here(backend: str) -> bool:
    """The server runs on this machine, whose memory and processes can be looked at."""
    return urlsplit(backend).hostname in HERE
