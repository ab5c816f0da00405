"""An nginx of our own in front of an origin that repeats what it got: how the reference judges the same requests."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.pipe.crooked_requests import BODY, LINE, Seen
from tests.pipe.drive import echo

# Limits like those the table is written for; one process, nothing outside its folder.
CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; lingering_timeout 300ms; lingering_time 2s;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    large_client_header_buffers 4 {line}; client_header_buffer_size 1k; client_max_body_size {body};
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{origin}; proxy_set_header X-Peer $remote_addr; proxy_method $request_method;
        }}
    }}
}}
"""


def nginx_path(environment: Mapping[str, str] = os.environ, places: str = "/usr/sbin") -> str:
    """Skips the test where there is no nginx; in CI its absence is a failure."""
    found = shutil.which("nginx", path=environment.get("PATH", os.defpath) + ":" + places)
    if found is None:
        if environment.get("CI"):
            pytest.fail("nginx is missing: CI installs it, so that the comparison is never left out")
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    return found


@contextlib.asynccontextmanager
async def running_nginx(program: str, folder: Path) -> AsyncIterator[tuple[int, dict[str, list[Seen]]]]:
    """Gives its port and what came through to the origin, by the sender's address."""
    origin = Origin()
    listener = await asyncio.start_server(origin.serve, "127.0.0.1", 0, limit=1 << 20)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    places = {
        "folder": folder,
        "port": port,
        "origin": listener.sockets[0].getsockname()[1],
        "line": LINE,
        "body": BODY,
    }
    config.write_text(CONFIG.format(**places))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        await until_it_listens(port, process, folder)
        yield port, origin.seen
    finally:
        process.terminate()
        process.wait(10)
        listener.close()


async def until_it_listens(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    for _ in range(250):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        if process.poll() is not None:
            pytest.fail(f"nginx did not start: {(folder / 'error.log').read_text()}")
        await asyncio.sleep(0.04)
    pytest.fail("nginx does not listen")


class Origin:
    """Answers every request with what it was."""

    def __init__(self) -> None:
        self.seen: dict[str, list[Seen]] = defaultdict(list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
            method, target, _ = first.split(b" ", 2)
            headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
            seen: Seen = (method.decode(), target, await reader.readexactly(int(headers.get(b"content-length", b"0"))))
            self.seen[headers[b"x-peer"].decode()].append(seen)
            body = echo(seen)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(b"" if method == b"HEAD" else body)
            await writer.drain()
        writer.close()
