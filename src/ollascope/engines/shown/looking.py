"""The models of a server, and those in memory, with what can be known of each."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.apis.models import Model
from ollascope.engines.asking.place import is_here
from ollascope.engines.engine import Capabilities, Engine
from ollascope.engines.ollama.discovery import USUAL
from ollascope.engines.ollama.service import find_processes, host_url, listening_urls, read_environment
from ollascope.engines.ollama.slots import read_slots
from ollascope.engines.ollama.state import Loaded, read_state
from ollascope.engines.ollama.versions import read_version
from ollascope.engines.shown.lists import Listed, listed
from ollascope.host.processes import Known
from ollascope.words.errors import Trouble

ROOT: Final = Path("/")
LOOK_S: Final = 2.0  # for what a list does not tell and must be asked model by model


def look_at(engine: Engine, models: Iterable[Model], clock: Callable[[], float]) -> list[Listed]:
    """What the list tells; what older servers tell only model by model is asked for as long as that is quick."""
    deadline = clock() + LOOK_S
    told = []
    for model in models:
        one = listed(model)
        if (one.context is None or not one.can) and clock() < deadline:
            one = listed(model, _able(engine, model.name))
        told.append(one)
    return told


def in_memory(engine: Engine, now: float, root: Path = ROOT) -> tuple[Loaded, ...]:
    """The models in memory; what the processes of a server of this machine add is taken only if they are its own."""
    found = engine.loaded()
    processes = find_processes(root) if found and is_here(engine.backend) else ()
    if not _runs_at(engine.backend, processes, root):
        return read_state(found, now)
    state = read_state(found, now, processes)
    if all(one.parallel is not None for one in state):
        return state
    slots = read_slots(root, read_version(engine.health().version))
    return tuple(one if one.parallel else replace(one, parallel=slots.parallel) for one in state)


def _runs_at(backend: str, processes: Iterable[Known], root: Path) -> bool:
    """Whose the sockets are is told only to the same user; at the usual address it can be taken for granted."""
    servers = [process for process in processes if process.role == "server"]
    return bool(servers) and (backend == USUAL or any(backend in _addresses(root, one) for one in servers))


def _addresses(root: Path, server: Known) -> tuple[str, ...]:
    host = (read_environment(root, server) or {}).get("OLLAMA_HOST")
    return (*listening_urls(root, server), *([host_url(host)] if host else []))


def _able(engine: Engine, model: str) -> Capabilities | None:
    try:
        return engine.capabilities(model)
    except Trouble:
        return None
