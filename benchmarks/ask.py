"""How soon `ollascope ask` shows the first token that its server has sent, as whoever reads its output sees it.

`python benchmarks/ask.py` starts the command again and again; the server writes its clock into the first token, and
the reader of the command's output holds that against its own, which is the same clock.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

LIMIT_MS = 30.0
STAMP = '"created_at":"2026-08-01T10:00:00.123456789Z"'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
BESIDE = {b"/api/ps": b'{"models":[]}', b"/api/tags": b'{"models":[]}', b"/api/version": b'{"version":"0.32.15"}'}
LAST = {"done_reason": "stop", "total_duration": 10**8, "load_duration": 10**6, "prompt_eval_count": 9, "eval_count": 2}


def main() -> None:
    """Print the figures beside the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    with tempfile.TemporaryDirectory() as data:
        found = [one_round(f"http://127.0.0.1:{listener.getsockname()[1]}", data) for _ in range(given.rounds + 1)][1:]
    show("first token, from the server's send to the reader of `ask`", sorted(late for late, _ in found), LIMIT_MS)
    show("start of the command to its request", sorted(begun for _, begun in found), None)


def one_round(url: str, data: str) -> tuple[float, float]:
    """Milliseconds from the server's send to here, and from the start to the request."""
    command = [sys.executable, "-m", "ollascope", "--data", data, "ask", "hi", "--model", "m", "--url", url]
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = os.read(process.stdout.fileno(), 200)
        at = time.monotonic()
        process.communicate(timeout=30)
    sent, asked = (float(word) for word in first.split())
    return (at - sent) * 1000, (asked - began) * 1000


def show(what: str, found: list[float], limit: float | None) -> None:
    p50, worst = found[len(found) // 2], found[-1]
    word = "" if limit is None else f", at most {limit:g} ms: {'ok' if worst <= limit else 'MISSED'}"
    print(f"{what}: p50 {p50:.1f} ms, worst of {len(found)} {worst:.1f} ms{word}")


def accept(listener: socket.socket) -> None:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


def serve(client: socket.socket) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client:
        while path := request(client):
            if path in BESIDE:
                body = BESIDE[path]
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                continue
            asked = time.monotonic()
            time.sleep(0.05)  # a model takes its time: what the client does meanwhile costs nothing
            client.sendall(HEAD + line(f"{time.monotonic():.9f} {asked:.9f}\n"))
            time.sleep(0.02)
            client.sendall(line("", done=True, **LAST) + b"0\r\n\r\n")


def request(client: socket.socket) -> bytes:
    """Reads one request to its end; its path, or nothing when the client has left."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65_536)
        if not more:
            return b""
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    fields = dict(row.lower().split(b": ", 1) for row in top.split(b"\r\n")[1:])
    missing = int(fields.get(b"content-length", b"0")) - len(body)
    while missing > 0:
        missing -= len(client.recv(65_536))
    return top.split(b" ")[1]


def line(text: str, **more: object) -> bytes:
    facts = {"model": "m", "message": {"role": "assistant", "content": text}, "done": False, **more}
    data = f"{{{STAMP},{json.dumps(facts)[1:]}\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


if __name__ == "__main__":
    main()
