"""How each engine is opened from the settings; what an engine needs is imported only with it."""

from typing import TYPE_CHECKING

from ollascope.engines.engine import Engine
from ollascope.engines.settings import Engines
from ollascope.words.errors import BadSettings

if TYPE_CHECKING:
    from ollascope.engines.wire import Patience


def open_ollama(settings: Engines) -> Engine:
    """The Ollama that is set, or the one that is found on this machine."""
    from ollascope.engines.ollama.client import Ollama, ask_version  # noqa: PLC0415
    from ollascope.engines.ollama.discovery import Surveyor, find  # noqa: PLC0415

    found = find(settings.ollama.url, Surveyor(ask=lambda url: ask_version(url, settings.ca_file)))
    return Ollama(found.url, patience_of(settings), ca_file=settings.ca_file)


def open_openai(settings: Engines) -> Engine:
    """The server of the OpenAI API whose address is set."""
    from ollascope.engines.openai.client import OpenAi  # noqa: PLC0415

    if not settings.openai.url:
        raise BadSettings(
            "engines.use says openai, but no address is set",
            hint="set engines.openai.url, as http://127.0.0.1:8000: where vLLM, llama-server or the like listen",
        )
    return OpenAi(settings.openai.url, patience_of(settings), key=settings.openai.key, ca_file=settings.ca_file)


def patience_of(settings: Engines) -> "Patience":
    """How long each phase of a request may take, for the wire."""
    from ollascope.engines.wire import Patience  # noqa: PLC0415

    wait = settings.patience
    return Patience(connect_s=wait.connect_s, first_s=wait.first_s, idle_s=wait.idle_s, answer_s=wait.answer_s)


def open_fake(_settings: Engines) -> Engine:
    """A fake with the usual behaviour; one with another is made by itself."""
    from ollascope.engines.fake.engine import FakeEngine  # noqa: PLC0415

    return FakeEngine()
