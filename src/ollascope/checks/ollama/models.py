"""The check `ollama-models`: which models are there, and where do those in memory lie?"""

from collections.abc import Sequence

from ollascope.apis.models import Model
from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.ollama.look import absent, look, opened, unused
from ollascope.console.show import size_text
from ollascope.engines.ollama.recommend import Suggestion, recommend
from ollascope.engines.ollama.state import Loaded, read_state
from ollascope.host.groups import Groups
from ollascope.host.machine import Look, Machine
from ollascope.host.memory import read_memory

ID = "ollama-models"
SPLIT = "use a smaller model, a smaller num_ctx or OLLAMA_KV_CACHE_TYPE=q8_0, so that all of it lies in graphics memory"


def check_models(around: Surroundings) -> Finding:
    """The models that Ollama has, and those in memory; where it has none, one that fits this machine."""
    finding = unused(around, ID)
    if finding is not None:
        return finding
    found = look(around)
    if not found.answers:
        return absent(found, ID)
    with opened(around, found) as engine:
        models = engine.models()
        loaded = read_state(engine.loaded(), around.clock.wall())
    return judge(models, loaded, None if models else suggest(around))


def judge(models: Sequence[Model], loaded: Sequence[Loaded], suggestion: Suggestion | None = None) -> Finding:
    """No model is a warning with one to begin with; one that is split between GPU and CPU is slow."""
    facts: Facts = {
        "models": [model.name for model in models],
        "loaded": [{"name": one.name, "place": one.place, "context": one.context} for one in loaded],
    }
    if not models:
        named = f"; {suggestion.text}" if suggestion else ""
        hint = f"ollascope models pull {suggestion.model if suggestion else 'qwen3:0.6b'}"
        return Finding(id=ID, state="warning", text=f"Ollama has no model{named}", hint=hint, facts=facts)
    size = sum(model.size or 0 for model in models)
    text = f"{len(models)} model{'s' if len(models) > 1 else ''}, {size_text(size)}; {_memory(loaded)}"
    split = any(one.gpu_ratio is not None and 0 < one.gpu_ratio < 1 for one in loaded)
    if split:
        return Finding(id=ID, state="warning", text=text, hint=SPLIT, facts=facts)
    return Finding(id=ID, state="ok", text=text, facts=facts)


def suggest(around: Surroundings) -> Suggestion | None:
    """A model that fits this machine."""
    machine = Machine(Look(root=around.root))
    try:
        return recommend(read_memory(around.root, Groups(around.root)), machine.gpus())
    finally:
        machine.close()


def _memory(loaded: Sequence[Loaded]) -> str:
    told = ", ".join(f"{one.name} ({one.place})" for one in loaded)
    return f"in memory: {told}" if told else "none is in memory"
