"""A server that streams pieces as Ollama does, as plainly as can be, in a thread for each connection."""

import socket
import sys
import threading
import time
from dataclasses import dataclass

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
STAMP = '"created_at":"2026-08-01T10:00:00.123456789Z"'
EVENT = (
    '"id":"chatcmpl-745","object":"chat.completion.chunk","created":1795226158,"model":"scripted",'
    '"system_fingerprint":"fp_ollama"'
)
SMALL = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
ASIDE = {b"/api/ps": b'{"models":[]}', b"/api/tags": b'{"models":[]}', b"/api/version": b'{"version":"0.32.15"}'}


@dataclass(frozen=True)
class Script:
    """The pieces of an answer as one API writes them, over and over, and its end."""

    media: bytes
    said: list[bytes]
    last: bytes


def ollama(count: int) -> Script:
    said = [line(f" word{number % 10}") for number in range(10)]
    return Script(b"application/x-ndjson", said, last(count))


def openai(count: int) -> Script:
    said = [event(f'{{"content":" word{number}"}}', "null") for number in range(10)]
    usage = f'"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":{count},"total_tokens":{count + 9}}}'
    ends = event("{}", '"stop"') + chunk(f"data: {{{EVENT},{usage}}}\n\n") + chunk("data: [DONE]\n\n")
    return Script(b"text/event-stream", said, ends + b"0\r\n\r\n")


def event(delta: str, reason: str) -> bytes:
    """One piece of an answer, as a chunk."""
    return chunk(f'data: {{{EVENT},"choices":[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}\n\n')


def chunk(text: str) -> bytes:
    data = text.encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def line(text: str, end: str = '"done":false') -> bytes:
    """One piece of an answer, as a chunk."""
    said = f'{{"role":"assistant","content":"{text}"}}'
    return chunk(f'{{"model":"scripted",{STAMP},"message":{said},{end}}}\n')


def last(count: int) -> bytes:
    """The last piece, with its counts, and the end of the body."""
    times = '"total_duration":1000000,"load_duration":1000,"prompt_eval_count":9,"prompt_eval_duration":1000'
    return (
        line("", f'"done":true,"done_reason":"stop",{times},"eval_count":{count},"eval_duration":900000') + b"0\r\n\r\n"
    )


def serve(client: socket.socket, pieces: int, gap_s: float) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    scripts = {b"/api/chat": ollama(pieces), b"/v1/chat/completions": openai(pieces)}
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
                path = top.split(b" ")[1]
                if path in scripts:
                    stream(client, scripts[path], pieces, gap_s)
                else:
                    answer(client, path, gap_s)
        except OSError:
            return


def answer(client: socket.socket, path: bytes, gap_s: float) -> None:
    """What is asked beside a stream."""
    if path in ASIDE:
        client.sendall(SMALL % (len(ASIDE[path]), ASIDE[path]))
    elif path == b"/api/stamp":
        client.sendall(HEAD % b"text/plain" + chunk(f"{time.monotonic():.9f}\n"))
        time.sleep(gap_s)
        client.sendall(b"0\r\n\r\n")
    else:
        client.recv(1)


def stream(client: socket.socket, script: Script, pieces: int, gap_s: float) -> None:
    client.sendall(HEAD % script.media)
    due = time.monotonic()
    for number in range(pieces):
        if gap_s:
            due += gap_s
            left = due - time.monotonic()
            if left > 0:
                time.sleep(left)
        client.sendall(script.said[number % 10])
    client.sendall(script.last)


def main() -> None:
    pieces, gap_us = int(sys.argv[1]), int(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, pieces, gap_us / 1e6), daemon=True).start()


if __name__ == "__main__":
    main()
