"""The dashboard's own process: gunicorn with one worker and a bounded number of threads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from ollascope.processes.address import refusal, written
from ollascope.processes.files import private_folder
from ollascope.web.dashboard import Made
from ollascope.words.errors import ConnectFailed

DRAIN_S: Final = 1  # for answers on their way when it is told to end
KEPT_S: Final = 15  # an idle connection of a browser
WAITING: Final = 256  # connections that wait for a thread
CONNECTIONS: Final = 1000  # at the same time, idle ones included
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
    """A worker that lets viewers of live pages go when it is told to end."""

    close: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

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
