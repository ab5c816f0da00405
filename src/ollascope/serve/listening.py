"""A front that listens: limits from the settings, loopback only unless they say otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ollascope.pipe import Address, Limits, Place, Server, Sizes, Waits
from ollascope.serve.front import Front, refuse
from ollascope.serve.origins import is_loopback
from ollascope.serve.settings import Serve
from ollascope.words.errors import BadSettings

MIB = 1024 * 1024


@asynccontextmanager
async def serving(front: Front, settings: Serve, port: int) -> AsyncIterator[Address]:
    """Serves until the block ends; then answers that run have `drain_s` to finish."""
    check(settings)
    server = Server(front, limits=limits(settings), refuse=refuse)
    addresses = await server.listen(Place(host=settings.host, port=port))
    try:
        yield addresses[0]
    finally:
        await server.close(settings.drain_s)
        front.close()


def check(settings: Serve) -> None:
    """Refuses to listen where others could come in, unless that is wanted."""
    if not settings.beyond_loopback and not is_loopback(settings.host):
        raise BadSettings(
            f"{settings.host} lets other machines in, and there are no keys",
            hint="listen on 127.0.0.1, or set serve.beyond_loopback to true if every one of them may use it",
        )


def limits(settings: Serve) -> Limits:
    sizes = Sizes(body=settings.body_mib * MIB, buffer=settings.buffer_kib * 1024)
    waits = Waits(write=settings.write_s, drain=settings.drain_s)
    return Limits(sizes=sizes, waits=waits, connections=settings.connections)
