"""Listening: TLS both ways, Unix sockets only for their owner, several places at once, taken ports."""

import asyncio
import contextlib
import os
import resource
import socket
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme

from ollascope.pipe import Address, Answer, Ask, Client, Place, Plan, Request, Server, client_tls, exchange, server_tls
from ollascope.pipe.places import room_for
from ollascope.words.errors import BadSettings, ConnectFailed
from tests.pipe.conftest import Run
from tests.pipe.talk import GET, calling


def hello(request: Request, answer: Answer) -> None:
    answer.whole(200, b"secure" if request.secure else request.peer.encode())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> tuple[str, str, str]:
    made = authority.issue_cert("localhost", "127.0.0.1")
    chain, key, root = (str(tmp_path / name) for name in ("chain.pem", "key.pem", "root.pem"))
    for part in made.cert_chain_pems:
        part.write_to_path(chain, append=True)
    made.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(root)
    return chain, key, root


async def ask(client: Client, address: Address) -> bytes:
    async with await client.ask(Ask(address=address)) as reply:
        return await reply.read()


def test_tls_both_ways(run: Run, certificate: tuple[str, str, str]) -> None:
    chain, key, root = certificate

    async def main() -> None:
        server = Server(hello)
        [up] = await server.listen(Place(tls=server_tls(chain, key)))
        client = Client(tls=client_tls(root))

        def passing(request: Request, answer: Answer) -> None:
            exchange(client, request, answer, Plan(address=up))

        door = Server(passing)
        [address] = await door.listen(Place())
        assert up.tls
        for _ in range(2):
            assert await ask(client, up) == b"secure"
        async with calling() as plain:
            assert await ask(plain, address) == b"secure"
        assert client.counters.connections == 1
        await client.close()
        assert await door.close()
        assert await server.close()

    run(main())


def test_server_that_nobody_vouches_for_is_not_talked_to(run: Run, certificate: tuple[str, str, str]) -> None:
    chain, key, _ = certificate

    async def main() -> None:
        server = Server(hello)
        [address] = await server.listen(Place(tls=server_tls(chain, key)))
        async with calling() as client:
            with pytest.raises(ConnectFailed, match="certificate"):
                await ask(client, address)
        await server.close(drain=0)
        asyncio.get_running_loop().set_exception_handler(None)

    run(main())


def test_old_tls_is_refused(certificate: tuple[str, str, str]) -> None:
    context = server_tls(certificate[0], certificate[1])
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_certificate_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="nowhere"):
        server_tls(str(tmp_path / "nowhere"), str(tmp_path / "nowhere"))


def test_unix_socket_is_for_its_owner_and_goes_with_its_server(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "door.sock"

    async def main() -> None:
        server = Server(hello)
        [address] = await server.listen(Place(unix=str(path)))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with calling() as client:
            assert await ask(client, address) == b"unix"
        await server.close()
        assert not path.exists()

    before = os.umask(0)
    try:
        run(main())
    finally:
        os.umask(before)


def test_socket_file_of_a_dead_server_is_replaced(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def main() -> None:
        server = Server(hello)
        await server.listen(Place(unix=str(path)))
        with pytest.raises(ConnectFailed):
            await Server(hello).listen(Place(unix=str(path)))
        assert path.exists()
        await server.close()

    run(main())


def test_file_that_is_no_socket_is_left_alone(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")

    async def main() -> None:
        server = Server(hello)
        with pytest.raises(ConnectFailed):
            await server.listen(Place(unix=str(path)))
        await server.close()

    run(main())
    assert path.read_text() == "mine"


def test_several_places_at_once(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        server = Server(hello)
        bound = await server.listen(Place(), Place(unix=str(tmp_path / "s")), Place(host="127.0.0.2"))
        async with calling() as client:
            assert [await ask(client, address) for address in bound] == [b"127.0.0.1", b"unix", b"127.0.0.1"]
        assert await server.close()

    run(main())


def test_taken_port_is_told(run: Run) -> None:
    async def main() -> None:
        server, second = Server(hello), Server(hello)
        [address] = await server.listen(Place())
        with pytest.raises(ConnectFailed, match=str(address.port)):
            await second.listen(Place(port=address.port))
        await server.close()
        await second.close()

    run(main())


def test_file_descriptors_bound_the_connections() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert room_for(10) == 10
        assert room_for(10**8) < 10**8
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > room_for(10**8)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


FEW_FILES = """
import asyncio, os, resource, sys
import uvloop
from ollascope.pipe import Place, Server

async def main():
    server = Server(lambda request, answer: answer.whole(200, b"ok"))
    [address] = await server.listen(Place())
    few = len(os.listdir("/proc/self/fd")) + 5
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
    print(address.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close(drain=0)

with asyncio.Runner(loop_factory=uvloop.new_event_loop if sys.argv[1] == "uvloop" else None) as runner:
    runner.run(main())
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_server_lives_on_when_file_descriptors_have_run_out(loop: str) -> None:
    def ask_at(one: socket.socket) -> bytes:
        one.settimeout(5)
        one.sendall(GET)
        return one.recv(100)

    words = [sys.executable, "-c", FEW_FILES, loop]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        place = ("127.0.0.1", int(child.stdout.readline()))
        callers = [socket.create_connection(place) for _ in range(20)]
        assert ask_at(callers[0]).startswith(b"HTTP/1.1 200")
        for one in callers:
            one.close()
        served = 0
        for _ in range(100):
            with contextlib.suppress(ConnectionError), socket.create_connection(place) as again:
                served += ask_at(again).startswith(b"HTTP/1.1 200")
            if served == 3:
                break
            time.sleep(0.02)
        assert served == 3
        _, logged = child.communicate("")
        assert logged.count("out of system resource") <= 3
        assert child.returncode == 0
