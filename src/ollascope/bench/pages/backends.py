"""Who can be tested from a page: the engines that the settings name, and the models that each has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ollascope.apis.models import Model
from ollascope.bench.asked import Target
from ollascope.engines.asking.place import Place, wanted
from ollascope.engines.asking.reaching import reach
from ollascope.engines.ollama.service import host_url
from ollascope.engines.settings import Engines
from ollascope.engines.table import choose
from ollascope.ledger.select import is_demo
from ollascope.settings.load import Settings
from ollascope.words.errors import BadUsage, Trouble

MOST: Final = 500  # models that a list of choices takes
FAKE: Final = "fake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One engine, where it answers, and what it has; with `trouble` it does not answer."""

    engine: str
    address: str = ""
    models: tuple[str, ...] = ()
    demo: bool = False
    trouble: str = ""
    hint: str = ""


def configured(engines: Engines) -> tuple[str, ...]:
    """The engine in force, and every other whose address is set."""
    others = {"ollama": bool(engines.ollama.url), "openai": bool(engines.openai.url)}
    names = [choose(engines).name, *(name for name, is_set in others.items() if is_set)]
    return tuple(dict.fromkeys(names))


def look(settings: Settings) -> tuple[Backend, ...]:
    """Ask each of them."""
    return tuple(_ask(name, settings) for name in configured(settings.of(Engines)))


def check_target(target: Target, engines: Engines) -> None:
    """BadUsage where the settings do not name the engine that a form names."""
    known = configured(engines)
    if target.engine is not None and target.engine not in known:
        raise BadUsage(f"model: the engine {target.engine[:40]!r} is not set up", hint=f"there is {', '.join(known)}")


def again_by(target: Target, backends: tuple[Backend, ...]) -> str | None:
    """The engine of the settings that answers where this run was measured; none where it was another server."""
    for backend in backends:
        inside = target.api == "inside" and backend.engine == FAKE
        same = bool(target.url) and _bare(target.url) == _bare(backend.address)
        if inside or (same and (target.api == "openai") == (backend.engine == "openai")):
            return backend.engine
    return None


def _ask(name: str, settings: Settings) -> Backend:
    try:
        engine = reach(wanted(settings.of(Engines), Place(engine=name)), lambda: settings.data_folder, lambda _: None)
        try:
            models = [model.name for model in engine.models() if _chats(model)][:MOST]
            address, kind = engine.backend, engine.name
        finally:
            engine.close()
    except Trouble as error:
        return Backend(engine=name, address=_set(name, settings), trouble=error.message, hint=error.hint)
    demo = bool(models) and all(is_demo(model, kind) for model in models)
    return Backend(engine=name, address=address, models=tuple(models), demo=demo)


def _set(name: str, settings: Settings) -> str:
    """The address in the settings of an engine that does not answer."""
    engines = settings.of(Engines)
    said = engines.openai.url if name == "openai" else engines.ollama.url
    return host_url(said) if said else ""


def _chats(model: Model) -> bool:
    return "completion" in model.capabilities if model.capabilities else "embed" not in model.name


def _bare(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1").replace("//localhost:", "//127.0.0.1:")


def choices(backends: tuple[Backend, ...]) -> Mapping[str, tuple[str, ...]]:
    """The values that the form's list of models has, by the name of their group."""
    return {
        f"{one.engine} · {one.address}" if one.address else one.engine: tuple(
            f"{one.engine}/{name}" for name in one.models
        )
        for one in backends
        if one.models
    }
