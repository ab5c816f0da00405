"""Every crooked answer meets our client and our exchange; after it, the next person gets an answer of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import h11
import pytest

from ollascope.pipe import Address, Answer, Ask, Client, Limits, Place, Plan, Request, Server, Sizes, Waits, exchange
from ollascope.words.errors import NetworkTrouble, StaleConnection
from tests.pipe.crooked_answers import HEAD, HEADERS, LINE, ROWS, TRAILER, CrookedAnswer
from tests.pipe.drive import Line
from tests.pipe.far_ends import LOOPS, run_watched
from tests.pipe.liar import Liar, listening

SIZES = Sizes(line=LINE, head=HEAD, headers=HEADERS, trailer=TRAILER, body=1_000_000)
HASTY = Waits(head=0.4, idle=0.4)
STATUSES = {"AnswerMalformed": "502", "ConnectionCut": "502", "TimedOut": "504"}
WHOLE = "TooLarge"  # rows that end at a limit which only the reading of whole bodies has


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of one row: for the first who asked, then for the next."""

    first: str
    body: bytes
    next_body: bytes = b""
    stale: bool = False

    @property
    def reused(self) -> bool:
        return self.next_body.endswith(b" by 1") and not self.stale

    @property
    def verdict(self) -> str:
        return f"{self.first} {'reused' if self.reused else 'dropped'}" if self.first.isdigit() else self.first


AskRow = Callable[[CrookedAnswer, int, bytes], Awaitable[Told]]  # row, port of its server, target


@pytest.fixture(scope="module", params=list(LOOPS))
def by_client(request: pytest.FixtureRequest) -> dict[str, Told]:
    return run_watched(request.param, ask_all(ROWS, asking_client()))


@pytest.fixture(scope="module", params=list(LOOPS))
def by_exchange(request: pytest.FixtureRequest) -> dict[str, Told]:
    return run_watched(request.param, ask_all([row for row in ROWS if WHOLE not in row.verdict], asking_exchange()))


async def ask_all(rows: list[CrookedAnswer], asking: AbstractAsyncContextManager[AskRow]) -> dict[str, Told]:
    """All rows at once, each by a server of its own, all through one pool."""
    async with asking as ask:
        return dict(await asyncio.gather(*(ask_twice(row, ask) for row in rows)))


async def ask_twice(row: CrookedAnswer, ask: AskRow) -> tuple[str, Told]:
    """The crooked answer for one person, then an honest one for another."""
    liar = Liar(row)
    async with listening(liar) as port:
        told = await ask(row, port, b"/crooked")
        await asyncio.wait_for(liar.played.wait(), 10)
        await asyncio.sleep(0.04)  # what is late has come
        then = await ask(row, port, b"/" + row.id.encode())
    told.next_body, told.stale = then.body, then.stale
    return row.id, told


@asynccontextmanager
async def asking_client() -> AsyncIterator[AskRow]:
    client = Client(limits=Limits(sizes=SIZES))

    async def ask(row: CrookedAnswer, port: int, target: bytes) -> Told:
        waits = HASTY if row.hasty else None
        method = row.method if target == b"/crooked" else "GET"
        one = Ask(address=Address(port=port), method=method, target=target, waits=waits)
        told = Told(first="", body=b"")
        try:
            async with await client.ask(one) as reply:
                told.first = f"{reply.status} "
                if WHOLE in row.verdict and target == b"/crooked":
                    await reply.read()
                async for piece in reply:
                    told.body += piece.data
                told.first = str(reply.status)
        except StaleConnection:
            told = await ask(row, port, target)
            told.stale = True
        except NetworkTrouble as trouble:
            told.first += type(trouble).__name__
        return told

    yield ask
    await client.close()


@asynccontextmanager
async def asking_exchange() -> AsyncIterator[AskRow]:
    client = Client(limits=Limits(sizes=SIZES))

    def relay(request: Request, answer: Answer) -> None:
        port = int(request.headers.first(b"x-port") or 0)
        waits = HASTY if request.headers.first(b"x-hasty") else None
        exchange(client, request, answer, Plan(address=Address(port=port), waits=waits))

    server = Server(relay)
    [address] = await server.listen(Place())

    async def ask(row: CrookedAnswer, port: int, target: bytes) -> Told:
        told = await ask_strictly(address.port, row.method if target == b"/crooked" else "GET", target, port, row.hasty)
        if told.first == "502" and target != b"/crooked":  # a stale connection: the exchange sends nothing twice
            told = await ask_strictly(address.port, "GET", target, port, row.hasty)
            told.stale = True
        return told

    yield ask
    await server.close(drain=1.0)
    await client.close()


async def ask_strictly(door: int, method: str, target: bytes, port: int, hasty: bool) -> Told:
    """Asks our door for what the server at `port` says, and reads the answer with another parser."""
    line = Line()
    await line.open(door)
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=65_536)
    headers = [("host", "a"), ("x-port", str(port)), *([("x-hasty", "1")] if hasty else [])]
    await line.send(parser.send(h11.Request(method=method, target=target, headers=headers)) or b"")
    parser.send(h11.EndOfMessage())
    told = Told(first="", body=b"")
    fed = 0
    try:
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                told.first = str(event.status_code)
            elif isinstance(event, h11.Data):
                told.body += bytes(event.data)
            elif event is h11.NEED_DATA:
                await line.wait(lambda: line.over or len(line.received) > fed)  # noqa: B023 - waited for here
                news, fed = bytes(line.received[fed:]), len(line.received)
                parser.receive_data(news)
    except h11.RemoteProtocolError:
        told.first = "broken"
    finally:
        await line.close()
    return told


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_crooked_answer_gets_its_verdict_and_the_next_person_an_answer_of_their_own(
    row: CrookedAnswer, by_client: dict[str, Told]
) -> None:
    told = by_client[row.id]
    assert told.verdict == row.verdict, row.why
    assert told.body == row.body if told.first.isdigit() else row.body.startswith(told.body), row.why
    expected = b"/%b by %d" % (row.id.encode(), 1 if row.verdict.endswith("reused") else 2)
    assert told.next_body == expected, row.why


@pytest.mark.parametrize("row", [row for row in ROWS if WHOLE not in row.verdict], ids=lambda row: row.id)
def test_exchange_passes_on_only_what_is_whole(row: CrookedAnswer, by_exchange: dict[str, Told]) -> None:
    told = by_exchange[row.id]
    status, _, ending = row.verdict.rpartition(" ")
    if ending in {"reused", "dropped"}:
        assert (told.first, told.body) == (status, row.body), row.why
    else:
        assert told.first == ("broken" if status else STATUSES[ending]), row.why
    connection = 1 if ending == "reused" else 2
    assert told.next_body == b"/%b by %d" % (row.id.encode(), connection), row.why


def test_table_is_large_and_its_rows_have_names_of_their_own() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS) >= 200
