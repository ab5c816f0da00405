"""What the checks of Ollama look at: whether it is the engine in force, and where it answers."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ollascope.checks.finding import Finding, Surroundings
from ollascope.engines.ollama.discovery import Answer, Found, Surveyor, find
from ollascope.engines.settings import Engines
from ollascope.engines.table import choose

if TYPE_CHECKING:
    from ollascope.engines.ollama.client import Ollama

KEY = "engines.ollama.url"
PATIENCE_S = 1.0
SEE = "the check `ollama` says what to do"


def look(around: Surroundings) -> Found:
    """Where Ollama is, and whether it answers."""
    engines = around.settings.of(Engines)
    origin = next((str(entry.origin) for entry in around.settings.entries() if entry.key == KEY), "")
    surveyor = Surveyor(ask=lambda url: ask(url, engines.ca_file), root=around.root)
    return find(engines.ollama.url, surveyor, f"{KEY} ({origin})")


def unused(around: Surroundings, name: str) -> Finding | None:
    """What to say where another engine is in force."""
    choice = choose(around.settings.of(Engines))
    if choice.name == "ollama":
        return None
    return Finding(id=name, state="ok", text=f"not used: the engine is {choice.text}")


def absent(found: Found, name: str) -> Finding:
    """What all checks but one say where no Ollama answers: one hint is enough."""
    return Finding(id=name, state="unknown", text="no Ollama answers", hint=SEE, facts={"url": found.url})


def ask(url: str, ca_file: Path | None = None) -> Answer:
    """Which Ollama answers; the client is loaded only where something does."""
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        socket.create_connection((place.hostname or "", port), PATIENCE_S).close()
    except (OSError, UnicodeError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        return Answer(fault=f"nothing answers: {why}")
    from ollascope.engines.ollama.client import ask_version  # noqa: PLC0415

    return ask_version(url, ca_file)


@contextlib.contextmanager
def opened(around: Surroundings, found: Found) -> "Iterator[Ollama]":
    """The engine at that address, for the time of a check."""
    from ollascope.engines.ollama.client import Ollama  # noqa: PLC0415
    from ollascope.engines.wire import Patience  # noqa: PLC0415

    quick = Patience(connect_s=PATIENCE_S, first_s=2, idle_s=2, answer_s=2)
    engine = Ollama(found.url, quick, around.clock, around.settings.of(Engines).ca_file)
    try:
        yield engine
    finally:
        engine.close()


def is_here(found: Found) -> bool:
    """It runs on this machine, so that its processes can be looked at."""
    return urlsplit(found.url).hostname in {"127.0.0.1", "::1", "localhost"}
