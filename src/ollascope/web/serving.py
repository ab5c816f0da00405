"""The dashboard's own process: gunicorn with one worker and a bounded number of threads."""

import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from ollascope.processes.address import refusal, written
from ollascope.processes.files import private_folder
from ollascope.web.dashboard import Made
from ollascope.web.guard.patience import Line, Patience
from ollascope.web.guard.refusal import Refusal
from ollascope.words.errors import ConnectFailed

DRAIN_S: Final = 1  # for answers on their way when it is told to end
KEPT_S: Final = 15  # an idle connection of a browser
WAITING: Final = 256  # connections that wait for a thread
CONNECTIONS: Final = 1000  # at the same time, idle ones included
IDLE: Final = 500  # of them; beyond that the one that is idle longest is let go
LONGEST_LINE: Final = 4094
HEADERS: Final = 64
SILENT_S: Final = 60  # a worker that does not even beat is replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where to serve, and with how many threads."""

    host: str
    port: int
    threads: int
    run: Path  # a folder for what only a running process needs


def serve(make: Callable[[], Made], stand: Stand) -> None:
    """Serve until SIGTERM or Ctrl-C; `make` is called in the process that serves, after the fork."""
    if why := refusal(stand.host, stand.port, "addresses.dashboard"):
        raise ConnectFailed(why, hint="`ollascope status` shows what runs")
    private_folder(stand.run)
    _Gunicorn(make, stand).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, with our settings alone: neither its files nor its variables are read."""

    def __init__(self, make: Callable[[], Made], stand: Stand) -> None:
        self._make = make
        self._stand = stand
        super().__init__()

    def load_config(self) -> None:
        stand = self._stand
        chosen = {
            "bind": written(stand.host, stand.port), "workers": 1, "worker_class": _Worker, "threads": stand.threads,
            "worker_connections": max(CONNECTIONS, 2 * stand.threads), "backlog": WAITING, "timeout": SILENT_S,
            "graceful_timeout": DRAIN_S, "keepalive": KEPT_S, "limit_request_line": LONGEST_LINE,
            "limit_request_fields": HEADERS, "accesslog": None, "logger_class": _Log, "control_socket_disable": True,
            "sendfile": False,  # it would wait for ever for a client that takes nothing
            "worker_tmp_dir": str(stand.run), "forwarded_allow_ips": "127.0.0.1,::1", "preload_app": False,
        }  # fmt: skip
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        made = self._make()
        _Worker.close = made.close
        made.start()
        return made.app


class _Worker(ThreadWorker):  # type: ignore[misc]
    """A worker that lets viewers of live pages go when it is told to end, and takes threads for requests alone."""

    close: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    def init_process(self) -> None:
        self._patience = Patience(self.cfg.threads)
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Give a thread to a connection on which a request begins; one that has just come waits for that without."""
        if isinstance(conn.sock, Line):
            conn.sock.begin()
            super().enqueue_req(conn)
            return
        conn.sock = Line(conn.sock, self._patience)
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
        if len(self.keepalived_conns) > IDLE:
            self.keepalived_conns[0].timeout = 0.0

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: Exception) -> None:
        super().handle_error(req, Refusal(client), addr, exc)

    def handle_exit(self, sig: int, frame: object) -> None:
        if self.alive:
            type(self).close()
        super().handle_exit(sig, frame)


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's lines go where all lines of this process go, from warnings on."""

    def setup(self, cfg: object) -> None:
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.handlers = []
        self.error_log.setLevel("WARNING")
