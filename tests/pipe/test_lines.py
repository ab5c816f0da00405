"""What is written besides bodies, and the coarse timer."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.pipe import Headers, Limits, Waits, plain_refusal
from ollascope.pipe.lines import header_block, masked, passed_on, refusal, status_line
from ollascope.pipe.sweep import FASTEST, PART, SLOWEST, Sweep, tick_of
from tests.pipe.conftest import Run
from tests.pipe.talk import until


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4))
def test_header_block_has_one_line_for_each_header_or_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        block = header_block(headers)
    except ValueError:
        return
    assert block.count(b"\r\n") == len(headers)
    assert b"\r\n\r\n" not in b"\r\n" + block


def test_what_belongs_to_a_connection_is_not_passed_on() -> None:
    headers = Headers([(b"a", b"1"), (b"te", b"x"), (b"connection", b"Close, B"), (b"b", b"2"), (b"upgrade", b"h2c")])
    assert passed_on(headers, headers.first(b"connection")) == [(b"a", b"1")]


def test_headers_are_found() -> None:
    headers = Headers([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert (headers.first(b"a"), headers.first(b"c"), headers.every(b"a")) == (b"1", None, [b"1", b"3"])
    assert headers.without(b"a") == [(b"b", b"2")]


@pytest.mark.parametrize("status", [100, 101, 199, 600, 0])
def test_only_final_statuses_are_answers(status: int) -> None:
    with pytest.raises(ValueError, match="final"):
        status_line(status)


def test_unknown_status_has_a_line() -> None:
    assert status_line(499) == b"HTTP/1.1 499 \r\n"
    assert plain_refusal(499, None) == b"499 Refused\n"


def test_refusal_without_a_body_for_head() -> None:
    assert refusal(400, b"{}", b"", bodiless=True).endswith(b"content-length: 2\r\nconnection: close\r\n\r\n")


def test_masked_head_shows_no_secret() -> None:
    shown = masked(b"POST /a?token=q HTTP/1.1\r\nX-Api-Key : k\r\nSet-Cookie: c\r\nAccept: */*\r\n\r\n")
    assert shown == "POST /a?...\nX-Api-Key : ...\nSet-Cookie: ...\nAccept: */*"


def test_tick_follows_the_shortest_wait() -> None:
    assert tick_of(Limits().waits) == SLOWEST
    assert tick_of(Waits(head=0.1)) == 0.025
    assert tick_of(Waits(head=0.001)) == FASTEST
    assert tick_of(Waits(connect=0, head=0, body=0, idle=0, kept=0, write=0, whole=0, linger=0)) == SLOWEST


def test_sweep_looks_only_while_something_is_watched(run: Run) -> None:
    looks: list[int] = []

    class Once:
        def check(self, now: int) -> None:
            looks.append(now)
            sweep.drop(self)

    sweep = Sweep(0.01)

    async def main() -> None:
        sweep.add(Once())
        await until(lambda: bool(looks))
        await asyncio.sleep(0.04)
        assert len(looks) == 1
        sweep.add(Once())
        await until(lambda: len(looks) == 2)

    run(main())


def test_sweep_looks_at_many_in_parts_and_at_each_as_often(run: Run) -> None:
    looks: Counter[int] = Counter()
    instants: Counter[int] = Counter()

    class One:
        def __init__(self, number: int) -> None:
            self.number = number

        def check(self, now: int) -> None:
            looks[self.number] += 1
            instants[now] += 1

    async def main() -> None:
        sweep = Sweep(0.02)
        crowd = [One(number) for number in range(5 * PART)]
        for one in crowd:
            sweep.add(one)
        await until(lambda: looks.total() >= 20 * PART)
        for one in crowd:
            sweep.drop(one)
        assert len(looks) == len(crowd)
        assert max(looks.values()) - min(looks.values()) <= 1
        assert max(instants.values()) <= PART

    run(main())
