"""The embedded engine as a server: the folder, the house and the front put together, served, ended."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ollascope.engines.llamacpp.installed import need_installed
from ollascope.pipe import Address
from ollascope.serve.front import Front
from ollascope.serve.listening import serving
from ollascope.serve.llamacpp import numbers
from ollascope.serve.llamacpp.blobs import Blobs
from ollascope.serve.llamacpp.house.folder import Folder
from ollascope.serve.llamacpp.house.house import House, Tools
from ollascope.serve.llamacpp.house.room import MIB, Limits
from ollascope.serve.llamacpp.models import FolderModels
from ollascope.serve.llamacpp.numbers import Numbers, Tally
from ollascope.serve.llamacpp.settings import Llamacpp
from ollascope.serve.llamacpp.slots.opening import free_memory, open_model
from ollascope.serve.llamacpp.source import LlamaSource, Parts
from ollascope.serve.llamacpp.voices import Voices
from ollascope.serve.llamacpp.weighing import weigh
from ollascope.serve.llamacpp.wish import Loaded
from ollascope.serve.origins import is_loopback
from ollascope.serve.settings import Serve
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

CLOSING_S = 2.0  # to give memory back, beyond the time that answers have


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is served and how; `own` is a folder that the server may change."""

    place: Path
    settings: Llamacpp
    manners: Serve
    port: int = 0
    aliases: tuple[str, ...] = ()  # other names of a single file
    own: bool = False
    guard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that listens."""

    address: Address
    folder: Folder
    source: LlamaSource
    house: House

    async def load(self, name: str) -> None:
        """Have a model in memory before anybody asks for it."""
        async for _ in self.source.generate(Prompt(model=name, operation="generate", text="")):
            pass


def check(plan: Plan) -> Folder:
    """The folder of a plan; raises what would keep it from being served."""
    need_installed()
    folder = Folder(plan.place, plan.settings.listing, plan.aliases)
    folder.check()
    return folder


@asynccontextmanager
async def served(plan: Plan, folder: Folder) -> AsyncIterator[Serving]:
    """Serves until the block ends; then running answers have their time, and all memory is given back."""
    voices, tally = Voices(open_model), Tally()

    def farewell(model: Loaded) -> None:
        voices.forget(model)
        tally.keep(model)

    tools = Tools(open=voices.open, weigh=weigh, free=free_memory, farewell=farewell)
    house = House(tools, limits(plan.settings))
    parts = Parts(folder=folder, house=house, voices=voices, settings=plan.settings, guard=plan.guard)
    source = LlamaSource(parts)
    models = FolderModels(folder, house, Blobs(plan.place) if plan.own else None)
    figures = Numbers(house=house, tally=tally, props=lambda: _props(folder, house, models.orders))
    manners = plan.manners
    front = Front(
        source,
        models,
        origins=manners.origins,
        loopback=is_loopback(manners.host),
        more=numbers.pages(figures),
    )
    try:
        async with serving(front, plan.manners, plan.port) as address:
            yield Serving(address=address, folder=folder, source=source, house=house)
    finally:
        await house.close(plan.manners.drain_s + CLOSING_S)


def limits(settings: Llamacpp) -> Limits:
    """What the models may take: what is set, or a share of what is free now."""
    memory = settings.memory
    budget = memory.budget_mib * MIB
    if not budget:
        free = free_memory()
        budget = int(free * memory.share) if free is not None else 2**60
    return Limits(bytes=budget, most=memory.most, depth=settings.queue)


def _props(folder: Folder, house: House, orders: Sequence[str]) -> dict[str, Json]:
    rooms = house.loaded()
    models: list[Json] = [
        {"model": room.wanted.name, "model_path": str(room.wanted.path), "n_ctx": room.wanted.load.context,
         "total_slots": room.wanted.load.slots, "load": dict(room.opened.facts()) if room.opened else {}}
        for room in rooms
    ]  # fmt: skip
    return {
        "total_slots": sum(room.wanted.load.slots for room in rooms),
        "endpoint_slots": True, "endpoint_metrics": True, "endpoint_props": False, "models": models,
        "models_path": str(folder.place), "orders": list(orders),
    }  # fmt: skip
