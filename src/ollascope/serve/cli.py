"""The command `fake`: a model server of exactly known behaviour."""

import asyncio
import signal
from dataclasses import replace

import click

from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json, say
from ollascope.engines.fake import Fake, FakeSource
from ollascope.pipe import Address, run
from ollascope.serve.fake import TRUTH, front_of
from ollascope.serve.listening import check, serving
from ollascope.serve.settings import Serve
from ollascope.wire import load_settings
from ollascope.words.errors import ConnectFailed

SECONDS = click.FloatRange(0, 3600)


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
        hint = "choose another with --port, or --port 0 for a free one"
        raise ConnectFailed(error.message, hint=hint) from error


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
