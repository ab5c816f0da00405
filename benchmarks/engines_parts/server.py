"""A server that streams pieces as Ollama does, as plainly as can be, in a thread for each connection."""

import socket
import sys
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
STAMP = '"created_at":"2026-08-01T10:00:00.123456789Z"'
SMALL = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
ASIDE = {b"/api/ps": b'{"models":[]}', b"/api/tags": b'{"models":[]}', b"/api/version": b'{"version":"0.32.15"}'}


def line(text: str, end: str = '"done":false') -> bytes:
    """One piece of an answer, as a chunk."""
    said = f'{{"role":"assistant","content":"{text}"}}'
    data = f'{{"model":"scripted",{STAMP},"message":{said},{end}}}\n'.encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def last(count: int) -> bytes:
    """The last piece, with its counts, and the end of the body."""
    times = '"total_duration":1000000,"load_duration":1000,"prompt_eval_count":9,"prompt_eval_duration":1000'
    return (
        line("", f'"done":true,"done_reason":"stop",{times},"eval_count":{count},"eval_duration":900000') + b"0\r\n\r\n"
    )


def serve(client: socket.socket, pieces: int, gap_s: float) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = [line(f" word{number % 10}") for number in range(10)]
    with client:
        try:
            while True:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = client.recv(65_536)
                    if not more:
                        return
                    data += more
                top, _, body = data.partition(b"\r\n\r\n")
                fields = dict(row.lower().split(b": ", 1) for row in top.split(b"\r\n")[1:])
                missing = int(fields.get(b"content-length", b"0")) - len(body)
                while missing > 0:
                    missing -= len(client.recv(65_536))
                answer(client, top.split(b" ")[1], pieces, gap_s, said)
        except OSError:
            return


def answer(client: socket.socket, path: bytes, pieces: int, gap_s: float, said: list[bytes]) -> None:
    if path in ASIDE:
        client.sendall(SMALL % (len(ASIDE[path]), ASIDE[path]))
        return
    if path == b"/api/hang":
        client.recv(1)
        return
    client.sendall(HEAD)
    if path == b"/api/stamp":
        data = f"{time.monotonic():.9f}\n".encode()
        client.sendall(b"%x\r\n%b\r\n" % (len(data), data))
        time.sleep(gap_s)
        client.sendall(b"0\r\n\r\n")
        return
    due = time.monotonic()
    for number in range(pieces):
        if gap_s:
            due += gap_s
            left = due - time.monotonic()
            if left > 0:
                time.sleep(left)
        client.sendall(said[number % 10])
    client.sendall(last(pieces))


def main() -> None:
    pieces, gap_us = int(sys.argv[1]), int(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, pieces, gap_us / 1e6), daemon=True).start()


if __name__ == "__main__":
    main()
