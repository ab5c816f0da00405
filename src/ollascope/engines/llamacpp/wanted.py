"""Whether `up` starts the embedded engine with the demo model: only where no other engine is there or wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ollascope.engines.engine import Engine
from ollascope.engines.opening import open_ollama
from ollascope.engines.settings import Engines
from ollascope.engines.table import choose
from ollascope.settings.shipped import shipped
from ollascope.words.errors import Trouble

MODELS = "models"  # the folder that comes with the program
DEMO = "demo-qwen3-f16.gguf"


def demo_model() -> Path:
    """The demo model as it came with the program."""
    return shipped(MODELS) / DEMO


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The verdict, and the sentence that says why."""

    wanted: bool
    why: str


def want_demo(settings: Engines, *, allowed: bool, open_: Callable[[Engines], Engine] = open_ollama) -> Wanted:
    """Wanted where nobody named an engine and no Ollama answers, or one that has no model."""
    if not allowed:
        return Wanted(wanted=False, why="llamacpp.demo is false")
    if not demo_model().is_file():
        return Wanted(wanted=False, why=f"there is no {demo_model()}")
    if settings.use != "auto" or settings.ollama.url or settings.openai.url:
        return Wanted(wanted=False, why=choose(settings).text)
    engine = open_(settings)
    try:
        return _judge(engine)
    except Trouble as trouble:
        return Wanted(wanted=True, why=f"Ollama does not answer as it should: {trouble.message}")
    finally:
        engine.close()


def _judge(engine: Engine) -> Wanted:
    health = engine.health()
    if health.version is None:
        return Wanted(wanted=True, why="no Ollama answers")
    if engine.models():
        return Wanted(wanted=False, why=health.text)
    return Wanted(wanted=True, why=f"the Ollama at {engine.backend} has no model")
