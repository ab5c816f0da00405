"""Real far ends of channels: a web server and a mail server on loopback, friendly or not."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Channel
from tests.monitor.alerts.held import NOW, firing

NOTICE = Notice(id="n1", at=NOW, alerts=(firing(labels={"model": "qwen3:8b"}, hint="look at it"),))


class Web:
    """What came, and what is answered: a status, a body, heads; `hang` holds the answer back."""

    def __init__(self):
        self.came, self.statuses, self.body, self.heads = [], [], b"ok", {}
        self.hang = None
        self.url = ""


@contextmanager
def web():
    kept = Web()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            data = self.rfile.read(int(self.headers["content-length"]))
            kept.came.append((self.path, json.loads(data)))
            if kept.hang is not None:
                kept.hang.wait(20)
                return
            self.send_response(kept.statuses.pop(0) if kept.statuses else 200)
            for name, value in kept.heads.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(kept.body)))
            self.end_headers()
            self.wfile.write(kept.body)

        def log_message(self, *_):
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as port:
        kept.url = f"http://127.0.0.1:{port}/hook"
        try:
            yield kept
        finally:
            if kept.hang is not None:
                kept.hang.set()


@contextmanager
def mail(refuse=None):
    """A mail server that keeps messages; `refuse` maps a command to the answer it gets."""
    kept, refuse = [], refuse or {}

    class Talk(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 stub\r\n")
            while line := self.rfile.readline():
                word = line.split()[0].upper().decode() if line.split() else ""
                if word in refuse:
                    self.wfile.write(refuse[word] + b"\r\n")
                elif word == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    kept.append(self.message())
                    self.wfile.write(b"250 kept\r\n")
                elif word == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

        def message(self):
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line)
            return b"".join(lines).decode()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with served(Server(("127.0.0.1", 0), Talk)) as port:
        yield port, kept


@contextmanager
def served(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def channel(kind="webhook", **more):
    return Channel(name="c", kind=kind, **more)


def by_mail(port, **more):
    return channel("mail", host="127.0.0.1", port=port, sender="a@example.com", to=("b@example.com",), **more)
