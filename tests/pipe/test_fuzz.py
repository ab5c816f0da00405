"""Streams of every kind, cut anywhere: one verdict, named errors, bounded memory, no byte of one person for another."""

import asyncio
import itertools
import tracemalloc
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.pipe import Address, Ask, Client
from ollascope.words.errors import NetworkTrouble, StaleConnection
from tests.pipe.crooked_answers import ROWS, CrookedAnswer
from tests.pipe.crooked_requests import Seen
from tests.pipe.fuzz.corpus import CHECKS, read_corpus, seeds
from tests.pipe.fuzz.harness import AnswerVerdict, Bench, check_answers, check_requests, cut
from tests.pipe.liar import Liar, listening
from tests.pipe.talk import calling


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    one = Bench()
    yield one
    one.close()


@pytest.mark.parametrize("target", list(CHECKS))
def test_kept_corpus_keeps_every_promise(target: str, bench: Bench) -> None:
    kept = [*seeds(target), *read_corpus(target)]
    assert len(kept) > 150
    for data in kept:
        CHECKS[target](bench, data)


CUTS = st.lists(st.integers(0, 5000), max_size=8)
BODIES = st.binary(max_size=300)
TARGETS = st.text("/abc.?=&%-_~", max_size=20).map(lambda text: b"/" + text.encode())
NAMES = st.text("abcXYZ019!#$-", min_size=1, max_size=8).map(lambda text: b"x-" + text.encode())
VALUES = st.binary(max_size=20).map(lambda raw: bytes(byte for byte in raw if byte >= 32 and byte != 127))
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
TOKENS = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b",",
        b";",
        b"0",
        b"5",
        b"-",
        b"chunked",
        b"\r\n\r\n",
        b"HTTP/1.1",
        b"GET / ",
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 X\r\n\r\n",
        b"\xff",
        b"\x7f",
        b"a" * 300,
    ]
)


def lines_of(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % pair for pair in pairs)


def in_chunks(body: bytes, cuts: list[int]) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in cut(body, cuts) if piece)
    return chunks + b"0\r\n\r\n"


@st.composite
def good_requests(draw: st.DrawFn) -> tuple[bytes, Seen]:
    target, pairs, body = draw(TARGETS), draw(PAIRS), draw(BODIES)
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]))
    framing, raw = draw(
        st.sampled_from([(b"", b"")])
        if not body
        else st.sampled_from(
            [
                (b"Content-Length: %d\r\n" % len(body), body),
                (b"Transfer-Encoding: chunked\r\n", in_chunks(body, draw(CUTS))),
            ]
        )
    )
    head = b"%b %b HTTP/1.1\r\nHost: a\r\n%b%b\r\n" % (method.encode(), target, lines_of(pairs), framing)
    return head + raw, (method, target, body)


@given(st.lists(good_requests(), min_size=1, max_size=4), CUTS)
def test_good_requests_arrive_as_they_are_however_cut(
    bench: Bench, requests: list[tuple[bytes, Seen]], cuts: list[int]
) -> None:
    data = b"".join(raw for raw, _ in requests)
    verdict = check_requests(bench, data, [[data], cut(data, cuts)])
    assert list(verdict.seen) == [seen for _, seen in requests]
    assert verdict.told == " ".join(["200"] * len(requests)) + " silent"


@given(st.integers(200, 599), PAIRS, BODIES, st.sampled_from(["counted", "chunked", "close"]), CUTS, CUTS)
def test_good_answers_arrive_as_they_are_however_cut(
    bench: Bench,
    status: int,
    pairs: list[tuple[bytes, bytes]],
    body: bytes,
    framing: str,
    cuts: list[int],
    edges: list[int],
) -> None:
    if status in {204, 304}:
        framing, body = "close", b""
    how = {
        "counted": b"Content-Length: %d\r\n" % len(body),
        "chunked": b"Transfer-Encoding: chunked\r\n",
        "close": b"",
    }[framing]
    raw = in_chunks(body, edges) if framing == "chunked" else body
    data = b"HTTP/1.1 %d X\r\n%b%b\r\n%b" % (status, lines_of(pairs), how, raw)
    verdict = check_answers(bench, data, "GET", [[data], cut(data, cuts)])
    assert (verdict.status, verdict.body, verdict.ending) == (status, body, "whole")
    assert verdict.reused == (framing != "close" or status in {204, 304})


@st.composite
def changed(draw: st.DrawFn, target: str) -> bytes:
    """One or two rows of a table behind one another, with a few changes."""
    data = b"".join(draw(st.lists(st.sampled_from(seeds(target)), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 0, 1, 2, 10]))
        data = data[:start] + draw(st.one_of(TOKENS, st.binary(max_size=3))) + data[start + gone :]
    return data


@given(changed("requests"), CUTS)
def test_changed_requests_get_one_verdict_however_cut(bench: Bench, data: bytes, cuts: list[int]) -> None:
    check_requests(bench, data, [[data], cut(data, cuts)])


@given(changed("answers"), CUTS)
def test_changed_answers_get_one_verdict_however_cut(bench: Bench, data: bytes, cuts: list[int]) -> None:
    method = "HEAD" if data[:1] == b"H" else "GET"
    check_answers(bench, data[1:], method, [[data[1:]], cut(data[1:], cuts)])


def endless(start: bytes, block: bytes) -> Iterator[bytes]:
    """About 4 MB in reads of 64 kB."""
    yield start
    yield from itertools.repeat((block * (65_536 // len(block) + 1))[:65_536], 60)


STARTS = {
    "requests": [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
    "answers": [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"HTTP/1.1 204 X\r\n\r\n",
    ],
}


@settings(max_examples=40)
@given(st.data())
@pytest.mark.parametrize("target", list(STARTS))
def test_endless_streams_end_in_bounded_memory(bench: Bench, target: str, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(STARTS[target]))
    block = b"".join(data.draw(st.lists(st.one_of(TOKENS, st.binary(min_size=1, max_size=9)), min_size=1, max_size=4)))
    judge = bench.judge_request if target == "requests" else bench.judge_answer
    tracemalloc.start()
    try:
        verdict = judge(endless(start, block))
        heard = len(verdict.body) if isinstance(verdict, AnswerVerdict) else 0  # the test itself keeps what it hears
        assert tracemalloc.get_traced_memory()[1] - 2 * heard < 3_000_000
    finally:
        tracemalloc.stop()


# ---- one pool for many people, before servers that lie to some of them ----
LIES = [row for row in ROWS if isinstance(row.script, bytes) and not row.hasty and row.script]


async def ask_honestly(client: Client, port: int, token: bytes) -> bytes:
    """As a program does it: once more after a stale connection."""
    one = Ask(address=Address(port=port), target=b"/" + token)
    while True:
        try:
            async with await client.ask(one) as reply:
                return await reply.read()
        except StaleConnection:
            continue


async def ask_for_a_lie(client: Client, port: int, method: str) -> None:
    try:
        async with await client.ask(Ask(address=Address(port=port), method=method, target=b"/crooked")) as reply:
            await reply.read()
    except NetworkTrouble:
        pass


@settings(max_examples=15)
@given(st.lists(st.sampled_from(LIES), min_size=2, max_size=5), st.lists(st.integers(0, 9), min_size=20, max_size=60))
def test_nobody_gets_a_byte_of_another(lies: list[CrookedAnswer], turns: list[int]) -> None:
    async def person(client: Client, ports: list[int], number: int) -> None:
        for at, turn in enumerate(turns[number::4]):
            port = ports[turn % len(ports)]
            if turn > 5:
                await ask_for_a_lie(client, port, lies[turn % len(ports)].method)
            else:
                token = b"%d-%d" % (number, at)
                assert (await ask_honestly(client, port, token)).partition(b" by ")[0] == b"/" + token

    async def main() -> None:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(calling())
            ports = [await stack.enter_async_context(listening(Liar(row))) for row in lies]
            await asyncio.gather(*(person(client, ports, number) for number in range(4)))

    asyncio.run(main())
