"""Other people's programs: their clients against our server, our client against their servers."""

import asyncio
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import aiohttp.web
import httpx
import pytest
import requests
import trustme

from ollascope.pipe import Address, Answer, Ask, Client, Place, Request, Server, server_tls
from tests.pipe.conftest import Run
from tests.pipe.nginx import nginx_path, running_nginx
from tests.pipe.talk import calling

ROUNDS = 3
CURL, NODE = shutil.which("curl"), shutil.which("node")


async def echo(request: Request, answer: Answer) -> None:
    body = await request.read()
    if request.path == "/whole":
        answer.whole(200, body)
        return
    answer.start(200)
    answer.piece(body)
    answer.end(b"!")


def with_requests(url: str, root: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = root
        for _ in range(ROUNDS):
            assert session.post(url, data=b"abc").content == b"abc!"
            assert session.post(url, data=iter([b"ab", b"c"])).content == b"abc!"
            assert session.post(url + "whole", data=b"abc").content == b"abc"
            assert session.head(url).status_code == 200


def with_httpx(url: str, root: str) -> None:
    with httpx.Client(trust_env=False, verify=ssl.create_default_context(cafile=root)) as client:
        for _ in range(ROUNDS):
            assert client.post(url, content=b"abc").content == b"abc!"
            assert client.post(url, content=iter([b"ab", b"c"])).content == b"abc!"
            assert client.head(url + "whole").content == b""


def with_aiohttp(url: str, root: str) -> None:
    context = ssl.create_default_context(cafile=root)

    async def parts():
        yield b"ab"
        yield b"c"

    async def talk() -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(ROUNDS):
                for data in (b"abc", parts()):
                    async with session.post(url, data=data, ssl=context, expect100=True) as answer:
                        assert await answer.read() == b"abc!"
                async with session.head(url, ssl=context) as answer:
                    assert answer.status == 200

    asyncio.run(talk())


def with_curl(url: str, root: str) -> None:
    if CURL is None:
        pytest.skip("curl is not here")

    def curl(*words: str) -> str:
        done = subprocess.run(
            [CURL, "-sS", "--noproxy", "*", "--cacert", root, *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert curl("-d", "abc", url, "--next", "-sS", "--cacert", root, "-d", "def", url) == "abc!def!"
    assert curl("-H", "Expect: 100-continue", "-d", "abc", url) == "abc!"
    assert curl("-H", "Transfer-Encoding: chunked", "-d", "abc", url) == "abc!"
    assert curl("--http1.0", "-d", "abc", url) == "abc!"
    assert curl("--http2", "-d", "abc", url) == "abc!"
    assert "200" in curl("-I", url)


def with_node(url: str, root: str) -> None:
    if NODE is None:
        pytest.skip("node is not here")
    script = """
        const url = process.argv[1];
        (async () => {
          for (let i = 0; i < 3; i++) {
            const whole = await (await fetch(url, {method: 'POST', body: 'abc'})).text();
            const parts = ['ab', 'c'].map((part) => Buffer.from(part));
            const body = new ReadableStream({start(to) { parts.forEach((part) => to.enqueue(part)); to.close(); }});
            const streamed = await (await fetch(url, {method: 'POST', body, duplex: 'half'})).text();
            const head = await fetch(url, {method: 'HEAD'});
            const said = [whole, streamed, head.status].join();
            if (said !== 'abc!,abc!,200') throw new Error(said);
          }
        })();
    """
    done = subprocess.run(
        [NODE, "-e", script, url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"NODE_EXTRA_CA_CERTS": root, "PATH": ""},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("talk", [with_requests, with_httpx, with_aiohttp, with_curl, with_node])
def test_client_of_others(run: Run, talk: Callable[[str, str], None], secure: bool, tmp_path: Path) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("localhost", "127.0.0.1")
    chain, key, root = (str(tmp_path / name) for name in ("chain.pem", "key.pem", "root.pem"))
    made.cert_chain_pems[0].write_to_path(chain)
    made.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(root)

    async def main() -> None:
        server = Server(echo)
        [address] = await server.listen(Place(tls=server_tls(chain, key) if secure else None))
        try:
            await asyncio.to_thread(talk, f"{address}/", root)
            assert server.counters.refused == 0
        finally:
            await server.close(drain=0)

    run(main())


async def ask(client: Client, address: Address, method: str, target: bytes, body: bytes = b"") -> tuple[int, bytes]:
    async with await client.ask(Ask(address=address, method=method, target=target, body=body)) as reply:
        return reply.status, await reply.read()


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_pythons_own_server(run: Run, version: str) -> None:
    class Echo(BaseHTTPRequestHandler):
        protocol_version = version

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()

    async def main() -> None:
        async with calling() as client:
            address = Address(port=server.server_address[1])
            for _ in range(ROUNDS):
                assert await ask(client, address, "POST", b"/", b"abc") == (200, b"abc")
                assert await ask(client, address, "HEAD", b"/") == (200, b"")
            assert client.counters.connections == (1 if version == "HTTP/1.1" else 2 * ROUNDS)

    try:
        run(main())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_server_of_aiohttp(run: Run) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        stream = aiohttp.web.StreamResponse()
        await stream.prepare(request)
        await stream.write(await request.read())
        await stream.write(json.dumps(dict(request.query)).encode())
        await stream.write_eof()
        return stream

    async def main() -> None:
        application = aiohttp.web.Application()
        application.router.add_route("*", "/", answer)
        runner = aiohttp.web.AppRunner(application)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with calling() as client:
            address = Address(port=runner.addresses[0][1])
            for _ in range(ROUNDS):
                assert await ask(client, address, "POST", b"/?a=b", b"abc") == (200, b'abc{"a": "b"}')
            assert client.counters.connections == 1
        await runner.cleanup()

    run(main())


def test_nginx(run: Run, tmp_path: Path) -> None:
    program = nginx_path()

    async def main() -> None:
        client = Client()
        async with running_nginx(program, tmp_path) as (port, seen):
            address = Address(port=port)
            for number in range(ROUNDS):
                sent = b"/%d" % number
                status, told = await ask(client, address, "POST", sent, b"abc")
                assert status == 200
                assert sent in told
                assert await ask(client, address, "HEAD", sent) == (200, b"")
            assert [target for _, target, _ in seen["127.0.0.1"]] == [b"/0", b"/0", b"/1", b"/1", b"/2", b"/2"]
            assert client.counters.snapshot()["connections"] == 1
        await client.close()

    run(main())
