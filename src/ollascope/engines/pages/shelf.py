"""What a server has and holds in memory, looked at for a page; what was asked of one model is asked once."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ollascope.apis.models import Model
from ollascope.engines.asking.place import is_here
from ollascope.engines.engine import Engine
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.ollama.state import Loaded
from ollascope.engines.shown.lists import Listed, facts_of, memory_facts
from ollascope.engines.shown.looking import in_memory, look_at
from ollascope.words.errors import Unsupported
from ollascope.words.record import Json

MOST_KNOWN: Final = 5000

Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The models of a server at one moment; None is what it does not tell, `trouble` why nothing is known."""

    at: float = 0.0
    engine: str = ""
    backend: str = ""
    here: bool = False  # on this machine, whose memory can be looked at
    models: tuple[Listed, ...] | None = None
    loaded: tuple[Loaded, ...] | None = None
    orders: frozenset[str] = frozenset()
    trouble: str = ""
    hint: str = ""

    def find_loaded(self, name: str) -> Loaded | None:
        """The model of that name in memory."""
        return next((one for one in self.loaded or () if bare_name(one.name) == bare_name(name)), None)

    def find(self, name: str) -> Listed | None:
        """The model of that name in the list."""
        return next((one for one in self.models or () if bare_name(one.name) == bare_name(name)), None)


@dataclass(slots=True)
class Shelves:
    """Looks at a server again and again."""

    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    known: dict[Key, Listed] = field(default_factory=dict)

    def look(self, engine: Engine) -> Shelf:
        """What it has and holds in memory; raises what keeps it from telling."""
        models = engine.models()
        return Shelf(
            at=self.wall(), engine=engine.name, backend=engine.backend, here=is_here(engine.backend),
            models=self._listed(engine, models), loaded=self._in_memory(engine), orders=engine.capabilities().orders,
        )  # fmt: skip

    def _listed(self, engine: Engine, models: Iterable[Model]) -> tuple[Listed, ...]:
        wanted = {_key(model): model for model in models}
        fresh = [model for key, model in wanted.items() if key not in self.known]
        found = dict(zip(map(_key, fresh), look_at(engine, fresh, self.clock), strict=True))
        if len(self.known) > MOST_KNOWN:
            self.known.clear()
        told = {
            key: found[key] if key in found else self.known[key] for key in wanted if key in found or key in self.known
        }
        self.known.update({key: one for key, one in found.items() if one.can})
        return tuple(sorted(told.values(), key=lambda one: one.name.casefold()))

    def _in_memory(self, engine: Engine) -> tuple[Loaded, ...] | None:
        try:
            return in_memory(engine, self.wall())
        except Unsupported:
            return None


def shelf_facts(shelf: Shelf | None) -> dict[str, Json]:
    """The same for a program."""
    if shelf is None or shelf.models is None:
        return {"known": False, "trouble": shelf.trouble if shelf else "", "models": None, "loaded": None}
    return {
        "known": True, "engine": shelf.engine, "backend": shelf.backend, "trouble": "", "orders": sorted(shelf.orders),
        "models": [facts_of(one) for one in shelf.models],
        "loaded": None if shelf.loaded is None else [memory_facts(one) for one in shelf.loaded],
    }  # fmt: skip


def matching(models: Iterable[Listed], text: str) -> list[Listed]:
    """The models whose name, family of abilities or quantisation holds every word of a search."""
    words = text.casefold().split()
    return [one for one in models if all(word in _text(one) for word in words)]


def known_names(found: Mapping[str, object], names: Iterable[str]) -> dict[str, str]:
    """Under which name of the records each model of a list is known: its own, else one that means the same."""
    bare = {bare_name(name): name for name in found}
    return {
        name: known
        for name in names
        if (known := name if name in found else bare.get(bare_name(name))) is not None
    }  # fmt: skip


def _text(one: Listed) -> str:
    return " ".join((one.name, one.quantisation or "", one.parameters or "", *one.can)).casefold()


def _key(model: Model) -> Key:
    return model.name, model.digest, model.modified_at
