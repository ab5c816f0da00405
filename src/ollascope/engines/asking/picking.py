"""Which model answers where none was named: the one in memory, else the smallest that can chat."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ollascope.apis.models import Model
from ollascope.engines.engine import Engine
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.words.errors import ModelMissing, Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A model, and why it is this one."""

    model: str
    why: str


def pick_model(engine: Engine) -> Picked:
    """A model that can chat; ModelMissing where there is none. One that runs elsewhere is not taken unasked."""
    models = engine.models()
    for picked in _candidates(models, _in_memory(engine)):
        if _chats(engine, picked.model, models):
            return picked
    if models:
        raise ModelMissing(
            f"{engine.backend} has no model that can chat", hint="`ollascope models list` shows what each of them can"
        )
    pulls = "pull" in engine.capabilities().orders
    hint = "`ollascope models pull qwen3:0.6b` gets a small one" if pulls else "start it with a model"
    raise ModelMissing(f"{engine.backend} has no model", hint=hint)


def is_remote(model: Model) -> bool:
    """An Ollama may list models that another host runs: prompts to them leave this machine."""
    return bool(model.extra.get("remote_host") or model.extra.get("remote_model"))


def _in_memory(engine: Engine) -> tuple[Model, ...]:
    try:
        return engine.loaded()
    except Unsupported:
        return ()


def _candidates(models: Sequence[Model], loaded: Sequence[Model]) -> Iterator[Picked]:
    remote = {model.name for model in models if is_remote(model)}
    for model in loaded:
        if model.name not in remote and not is_remote(model):
            yield Picked(model=model.name, why="it is in memory")
    local = [model for model in models if model.name not in remote]
    why = "it is the smallest here that can chat" if len(local) > 1 else "it is the only one here"
    for model in sorted(local, key=lambda one: math.inf if one.size is None else one.size):
        yield Picked(model=model.name, why=why)


def _chats(engine: Engine, name: str, models: Sequence[Model]) -> bool:
    listed = next((model for model in models if bare_name(model.name) == bare_name(name)), None)
    if listed is not None and listed.capabilities:
        return "completion" in listed.capabilities
    return "embed" not in name and "chat" in engine.capabilities(name).operations
