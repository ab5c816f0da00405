"""The far ends that crooked requests are sent to: our server, our exchange before a strict server, and an origin."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import h11
import uvloop

from ollascope.pipe import Address, Answer, Client, Limits, Place, Plan, Request, Server, Sizes, Waits, exchange
from tests.pipe.crooked_requests import BODY, HEAD, HEADERS, LINE, TRAILER, Seen
from tests.pipe.drive import echo

LIMITS = Limits(sizes=Sizes(line=LINE, head=HEAD, headers=HEADERS, body=BODY, trailer=TRAILER), waits=Waits(linger=0.5))
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


T = TypeVar("T")


def run_watched(loop: str, main: Coroutine[Any, Any, T]) -> T:
    """Runs it on that kind of event loop; an error that reaches the loop is a failure."""
    errors: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: errors.append(context))
        found = runner.run(main)
    assert not errors
    return found


class Recorder:
    """An application that answers with what it got and remembers it."""

    def __init__(self) -> None:
        self.seen: dict[str, list[Seen]] = defaultdict(list)

    async def __call__(self, request: Request, answer: Answer) -> None:
        seen: Seen = (request.method, request.target, await request.read())
        self.seen[request.peer].append(seen)
        answer.whole(200, echo(seen))


class Upstream:
    """A server that another parser reads for; it answers with what it got and remembers it."""

    def __init__(self) -> None:
        self.seen: dict[str, list[Seen]] = defaultdict(list)
        self.broken: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=65_536)
        try:
            while await self.serve_one(connection, reader, writer):
                connection.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if not reader.at_eof():  # what the exchange has given up may end anywhere
                self.broken.append(str(error))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve_one(self, connection: h11.Connection, reader: asyncio.StreamReader,
                        writer: asyncio.StreamWriter) -> bool:  # fmt: skip
        body = b""
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                return False
        seen: Seen = (head.method.decode(), head.target, body)
        self.seen[dict(head.headers)[b"x-peer"].decode()].append(seen)
        answer = echo(seen)
        writer.write(
            connection.send(h11.Response(status_code=200, headers=[("content-length", str(len(answer)))])) or b""
        )
        if head.method != b"HEAD":
            writer.write(connection.send(h11.Data(data=answer)) or b"")
        connection.send(h11.EndOfMessage())
        return connection.our_state is h11.DONE


@asynccontextmanager
async def plain_server() -> AsyncIterator[tuple[int, dict[str, list[Seen]]]]:
    recorder = Recorder()
    server = Server(recorder, limits=LIMITS)
    [address] = await server.listen(Place())
    yield address.port, recorder.seen
    await server.close(drain=1.0)


@asynccontextmanager
async def relaying_server() -> AsyncIterator[tuple[int, dict[str, list[Seen]]]]:
    upstream = Upstream()
    listener = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = Client()

    def relay(request: Request, answer: Answer) -> None:
        plan = Plan(
            address=Address(port=port), request_headers=lambda headers: [*headers, (b"x-peer", request.peer.encode())]
        )
        exchange(client, request, answer, plan)

    server = Server(relay, limits=LIMITS)
    [address] = await server.listen(Place())
    yield address.port, upstream.seen
    await server.close(drain=1.0)
    await client.close()
    listener.close()
    assert not upstream.broken
