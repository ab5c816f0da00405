"""The commands `fake`, a server of exactly known behaviour, `serve`, the embedded engine, and `engine`, its library."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import click

from ollascope.checks.machine.engine import examine
from ollascope.console.invocation import Invocation
from ollascope.console.options import GivenPath
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.llamacpp.building.build import Wish, build
from ollascope.engines.llamacpp.building.progress import shown
from ollascope.engines.llamacpp.installed import need_installed
from ollascope.engines.llamacpp.standing import facts, read_standing, rows
from ollascope.pipe import Address, run
from ollascope.serve.fake import TRUTH, front_of
from ollascope.serve.listening import check, serving
from ollascope.serve.settings import Serve
from ollascope.settings.data import create
from ollascope.settings.load import Settings, cache_folder
from ollascope.wire import load_settings
from ollascope.words.errors import BadUsage, ConnectFailed, StorageTrouble

SECONDS = click.FloatRange(0, 3600)
OTHER_PORT = "choose another with --port, or --port 0 for a free one"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port; 0 takes a free one.")
@click.option("--ttft", type=SECONDS, metavar="S", help="Seconds from the end of the prefill to the first token.")
@click.option("--gap", type=SECONDS, metavar="S", help="Seconds between two tokens.")
@json_option
@click.pass_obj
def fake(invocation: Invocation, *, port: int | None, ttft: float | None, gap: float | None, as_json: bool) -> None:
    """Run a model server that answers by script, with times that are exactly known.

    It speaks the APIs of Ollama, OpenAI and Anthropic, keeps the true times of every request and tells them at
    /fake/truth. Everything else about it are the settings `fake` and `serve`. It stays until Ctrl-C.
    """
    settings = load_settings(invocation)
    behaviour, manners = settings.of(Fake), settings.of(Serve)
    behaviour = replace(
        behaviour,
        port=behaviour.port if port is None else port,
        ttft_s=behaviour.ttft_s if ttft is None else ttft,
        gap_s=behaviour.gap_s if gap is None else gap,
    )
    check(manners)
    try:
        run(_serve(behaviour, manners, as_json=as_json, quiet=invocation.quiet))
    except ConnectFailed as error:
        raise ConnectFailed(error.message, hint=OTHER_PORT) from error


@click.group(no_args_is_help=True)
def engine() -> None:
    """Build the embedded engine's library and show how it stands.

    The library is llama-cpp-python. It is compiled once for a kind of machine, and kept for this user's next checkout.
    """


@engine.command(name="show")
@json_option
@click.pass_obj
def engine_show(invocation: Invocation, *, as_json: bool) -> None:
    """Show what is built, what instructions it uses, whether it computes right, and what is kept."""
    data = load_settings(invocation).data_folder
    standing = read_standing(cache_folder(), lambda: examine(data))
    if as_json:
        print_json(facts(standing))
    else:
        table(("engine", "is"), rows(standing))


@engine.command(name="build")
@click.option("--fresh", is_flag=True, help="Compile, whatever is installed or kept.")
@click.option("--no-compile", is_flag=True, help="Install what is kept already, or fail at once.")
@click.option("--polite", is_flag=True, help="Leave the processor to other programs while it compiles.")
@click.pass_obj
def engine_build(invocation: Invocation, *, fresh: bool, no_compile: bool, polite: bool) -> None:
    """Build the library if it is not here, and install it into this Python environment.

    A kept wheel is installed in seconds; compiling takes some minutes. Ctrl-C ends it and leaves nothing half made.
    """
    if fresh and no_compile:
        raise BadUsage("--fresh and --no-compile exclude each other", hint="leave one of them out")
    data = load_settings(invocation).data_folder
    wish = Wish(cache=cache_folder(), fresh=fresh, compile=not no_compile, polite=polite)
    with _stopped_by_sigterm() as stop, shown() as report:
        made = build(report, wish, stop)
    examine(data).insist()
    say(f"llama-cpp-python {made.version} is built, installed and computes right")


@contextmanager
def _stopped_by_sigterm() -> Iterator[Event]:
    stop = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command()
@click.argument("place", metavar="[MODEL.gguf|FOLDER]", required=False, type=GivenPath())
@click.option("--host", help="Listen on this address.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port; 0 takes a free one.")
@click.option("--context", type=click.IntRange(16, 10_000_000), help="Tokens that prompt and answer of a slot share.")
@click.option("--slots", type=click.IntRange(1, 256), help="Answers that one model gives at the same time.")
@click.option("--threads", type=click.IntRange(0, 1024), help="Threads that compute; 0 measures what is best.")
@click.option("--demo", is_flag=True, help="Serve the demo model, and tell this data folder's programs where.")
@json_option
@click.pass_obj
def serve(invocation: Invocation, /, **said: Any) -> None:
    """Serve a GGUF file, or a folder of them, with the embedded engine.

    It speaks the APIs of Ollama, OpenAI and Anthropic, and answers many requests at once. A single file is loaded at
    once and stays; of a folder, each model is loaded when it is asked for. Without a place it is the folder `models`
    in the data folder. It stays until Ctrl-C.
    """
    settings = load_settings(invocation)
    need_installed()
    data = _data_folder(settings, needed=said["place"] is None)
    verdict = examine(settings.data_folder)
    verdict.insist()
    from ollascope.serve.llamacpp.serving import Desk, Said, plan_of, stay  # noqa: PLC0415 - needs the library's numpy

    plan = plan_of(settings, Said(**said), guard=verdict.guard)
    check(plan.manners)
    desk = Desk(data=data, note=note, say=say, print_json=print_json if said["as_json"] else None)
    try:
        run(stay(plan, desk))
    except ConnectFailed as error:
        raise ConnectFailed(error.message, hint=OTHER_PORT) from error


def _data_folder(settings: Settings, *, needed: bool) -> Path | None:
    """Where its own models lie and where it tells others of itself; a place that was named is served without, too."""
    try:
        create(settings.data_folder, in_force=settings.file)
    except StorageTrouble as error:
        if needed:
            raise
        note(f"`ask` and the like will not find it by themselves: {error.message}")
        return None
    return settings.data_folder


async def _serve(behaviour: Fake, manners: Serve, *, as_json: bool, quiet: bool) -> None:
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    front = front_of(FakeSource(behaviour), manners)
    async with serving(front, manners, behaviour.port) as address:
        _tell(address, as_json=as_json, quiet=quiet)
        await ended.wait()


def _tell(address: Address, *, as_json: bool, quiet: bool) -> None:
    url = f"http://{f'[{address.host}]' if ':' in address.host else address.host}:{address.port}"
    if as_json:
        print_json({"url": url, "openai": f"{url}/v1", "truth": url + TRUTH})
        return
    say(f"the fake model server is at {url}")
    if not quiet:
        note(f"OpenAI clients: {url}/v1 · true times: {url}{TRUTH} · Ctrl-C ends it")
