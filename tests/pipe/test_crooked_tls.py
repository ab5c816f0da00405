"""The table of crooked requests over TLS: every verdict is the one that the same bytes get in the clear."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from ollascope.pipe import Place, Server, client_tls, server_tls
from tests.pipe.crooked_requests import ROWS, Crooked, Seen
from tests.pipe.drive import TRACER, Observed, observe_all, source_of
from tests.pipe.far_ends import LIMITS, LOOPS, Recorder, run_watched

Judged = tuple[dict[str, Observed], dict[str, list[Seen]]]


@pytest.fixture(scope="module", params=list(LOOPS))
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """All rows sent once through a tunnel that adds the TLS."""
    return run_watched(request.param, judge_all(tmp_path_factory.mktemp("tls")))


async def judge_all(folder: Path) -> Judged:
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    chain, key, root = folder / "chain.pem", folder / "key.pem", folder / "root.pem"
    chain.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))
    made.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(root))
    recorder = Recorder()
    server = Server(recorder, limits=LIMITS)
    [address] = await server.listen(Place(tls=server_tls(str(chain), str(key))))
    async with tunnel(address.port, client_tls(str(root))) as port:
        # Few at a time: a handshake must be over before the sender takes the silence for an answer.
        observed = await observe_all(port, ROWS, at_once=12)
    await server.close(drain=1.0)
    return observed, recorder.seen


@asynccontextmanager
async def tunnel(port: int, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """Carries bytes to the port over TLS, from the address that the sender has."""

    carried: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = writer.get_extra_info("peername")[0]
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, local_addr=(source, 0))
        ways = {asyncio.create_task(pump(reader, far_writer)), asyncio.create_task(pump(far_reader, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            far_writer.close()
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried.add(asyncio.create_task(carry(reader, writer)))

    listener = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in carried:
            task.cancel()
        await asyncio.wait(carried)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_crooked_request_gets_its_verdict_over_tls_too(row: Crooked, judged: Judged) -> None:
    observed, seen = judged
    number = ROWS.index(row)
    assert observed[row.id].verdict == row.verdict, row.why
    assert tuple(one for one in seen[source_of(number)] if one != TRACER) == row.seen, row.why
