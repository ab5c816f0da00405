"""Ports and who is on them, on sockets of this machine; and whether somebody answers."""

import asyncio
import os
import socket

import pytest

from ollascope.processes.address import answers, choose_port, refusal, try_port, url

HERE = "127.0.0.1"


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind((HERE, 0))
        listener.listen()
        yield listener.getsockname()[1]


def ask(answer, path="/"):
    """What `answers` says of a server that sends these bytes and hangs up."""

    async def scene():
        async def serve(reader, writer):
            await reader.read(1000) if path else None
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, HERE, 0)
        async with server:
            return await answers(HERE, server.sockets[0].getsockname()[1], path)

    return asyncio.run(scene())


@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content", b"302 Found", b"401 Unauthorized", b"404 Not Found"])
def test_server_that_answers_is_ready(status):
    assert ask(b"HTTP/1.1 " + status + b"\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 503 Loading\r\n\r\n", b"HTTP/1.0 500 Broken\r\n\r\n", b"", b"HTTP/1.1", b"HTTP/1.1 \r\n",
     b"\x16\x03\r\n", b"HTTP/1.1 two\r\n", b"SSH-2.0-x\r\n", b"x" * 200_000],
)  # fmt: skip
def test_server_that_is_not_ready_or_no_server_of_ours_is_not(answer):
    assert not ask(answer)


def test_connection_is_enough_where_no_path_is_asked():
    assert ask(b"", path="")


def test_nobody_does_not_answer():
    assert not asyncio.run(answers(HERE, choose_port(HERE), "/"))


def test_server_that_never_answers_is_given_up(monkeypatch, taken):
    monkeypatch.setattr("ollascope.processes.address.PATIENCE_S", 0.1)
    assert not asyncio.run(answers(HERE, taken, "/"))


def test_free_port_is_not_refused():
    assert refusal(HERE, choose_port(HERE), "addresses.gateway") == ""


def test_taken_port_is_refused_with_who_has_it_and_what_to_set(taken):
    text = refusal(HERE, taken, "addresses.gateway")
    assert text.startswith(f"cannot open {HERE}:{taken}: it is taken by ")
    assert f"(pid {os.getpid()})" in text
    assert "--set addresses.gateway=" in text


def test_address_of_another_machine_is_refused_in_the_words_of_the_system():
    assert refusal("192.0.2.1", 8080, "") == "cannot open 192.0.2.1:8080: Cannot assign requested address"


def test_chosen_port_is_free():
    assert try_port(HERE, choose_port(HERE)) == 0


@pytest.mark.parametrize(
    ("host", "link"),
    [
        (HERE, "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"),
        ("box", "http://box:80"),
    ],
)  # fmt: skip
def test_link_leads_to_where_this_machine_reaches_it(host, link):
    assert url(host, 80) == link
