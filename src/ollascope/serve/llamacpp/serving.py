"""The command `serve`: from what a person said to a server that stays until it is told to end."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ollascope.engines.llamacpp.announced import Announced, announce, withdraw
from ollascope.engines.llamacpp.wanted import demo_model
from ollascope.pipe import Address
from ollascope.processes.identity import Identity, identify
from ollascope.serve.llamacpp.house.folder import Folder
from ollascope.serve.llamacpp.house.room import size_text
from ollascope.serve.llamacpp.program import Plan, Serving, check, served
from ollascope.serve.llamacpp.settings import Llamacpp
from ollascope.serve.settings import Serve
from ollascope.settings.data import create
from ollascope.settings.load import Settings
from ollascope.words.errors import BadUsage, FolderUnusable

MODELS = "models"  # in the data folder
BADGE = "DEMO"  # wherever the demo model is named
FOR_EVER_S = -1.0
PATIENCE_S = 2.0  # a load that takes longer is told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What stood on the command line."""

    place: Path | None = None
    host: str | None = None
    port: int | None = None
    context: int | None = None
    slots: int | None = None
    threads: int | None = None
    demo: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where things are told; `print_json` where a program reads."""

    data: Path | None  # none where nothing can be told there
    note: Callable[[str], None]
    say: Callable[[str], None]
    print_json: Callable[[object], None] | None = None


def plan_of(settings: Settings, said: Said, *, guard: bool) -> Plan:
    """What is to be served, by the settings and what was said."""
    if said.demo and said.place:
        raise BadUsage("--demo serves the demo model, and no other", hint="leave --demo or the place out")
    engine, manners = settings.of(Llamacpp), settings.of(Serve)
    loading = replace(
        engine.loading,
        context=engine.loading.context if said.context is None else said.context,
        slots=engine.loading.slots if said.slots is None else said.slots,
        threads=engine.loading.threads if said.threads is None else said.threads,
    )
    place, own = _place(settings, said, engine)
    keep_alive_s = FOR_EVER_S if place.is_file() else engine.keep_alive_s
    return Plan(
        place=place.absolute(),
        settings=replace(engine, loading=loading, keep_alive_s=keep_alive_s),
        manners=manners if said.host is None else replace(manners, host=said.host),
        port=engine.port if said.port is None else said.port,
        aliases=("demo",) if said.demo else (),
        own=own,
        guard=guard,
    )


async def stay(plan: Plan, desk: Desk) -> None:
    """Serves until SIGINT or SIGTERM; a single file is loaded at once, and a load that fails ends it."""
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    folder, me = check(plan), identify(os.getpid(), time.time())
    async with served(plan, folder) as serving:
        try:
            if folder.place.is_file():
                await _loaded(serving, desk, ended)
            if not ended.is_set():
                _announce(serving, desk, me, demo=bool(plan.aliases))
                _tell(serving, plan, desk)
            await ended.wait()
        finally:
            if desk.data is not None:
                withdraw(desk.data, me)
    if serving.house.rooms():  # llama.cpp cannot be stopped while it loads, and nobody waits for that
        sys.stdout.flush()
        os._exit(0)


async def _loaded(serving: Serving, desk: Desk, ended: asyncio.Event) -> None:
    """Until the model is in memory, or the server is told to end before."""
    [entry] = serving.folder.entries()
    loading, ending = asyncio.create_task(serving.load(entry.name)), asyncio.create_task(ended.wait())
    began, size = time.monotonic(), size_text(serving.folder.header(entry).file_bytes)
    while True:
        done, _ = await asyncio.wait({loading, ending}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if done:
            break
        desk.note(f"loading {entry.name} ({size}): {time.monotonic() - began:.0f} s")
    ending.cancel()
    if loading.done():
        loading.result()
    else:
        loading.cancel()


def _announce(serving: Serving, desk: Desk, me: Identity, *, demo: bool) -> None:
    """So that `ask` and the like find it; one that runs already stays the one they go to."""
    if desk.data is None:
        return
    model = next((entry.name for entry in serving.folder.entries()), "")
    other = announce(desk.data, Announced(who=me, url=url(serving.address), model=model, demo=demo))
    if other is not None:
        desk.note(f"`ask` and the like go to the engine that was there before, at {other.url}; for this one give --url")


def _tell(serving: Serving, plan: Plan, desk: Desk) -> None:
    where, names = url(serving.address), [entry.name for entry in serving.folder.entries()]
    if desk.print_json:
        desk.print_json({"url": where, "openai": f"{where}/v1", "models": list(names), "demo": bool(plan.aliases)})
        return
    badge = f"{BADGE}: " if plan.aliases else ""
    what = names[0] if len(names) == 1 else f"{len(names)} models"
    desk.say(f"{badge}{what} is at {where}" if len(names) == 1 else f"{what} of {plan.place} are at {where}")
    desk.note(f"OpenAI clients: {where}/v1 · figures: {where}/metrics · Ctrl-C ends it")


def url(address: Address) -> str:
    """The address as a link."""
    return f"http://{f'[{address.host}]' if ':' in address.host else address.host}:{address.port}"


def _place(settings: Settings, said: Said, engine: Llamacpp) -> tuple[Path, bool]:
    """What is served, and whether it is a folder of our own."""
    if said.demo:
        return demo_model(), False
    if named := said.place or engine.models:
        return named, False
    own = settings.data_folder / MODELS
    create(settings.data_folder, in_force=settings.file)
    own.mkdir(mode=0o700, exist_ok=True)
    if not Folder(own, engine.listing).entries():
        raise FolderUnusable(
            f"there is no model in {own}", hint="put GGUF files there, or name one: `ollascope serve MODEL.gguf`"
        )
    return own, True
