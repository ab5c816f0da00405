"""The gate that every request passes: the right host, a known viewer, and changes only where they are allowed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import time
from typing import Final

from flask import Flask, Response, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as Answer

from ollascope.web.guard.changes import SAFE, refuse_forged
from ollascope.web.guard.headers import CLOSED_POLICY, FIXED, policy
from ollascope.web.guard.hosts import is_host_known
from ollascope.web.guard.password import Lock, Tries
from ollascope.web.guard.programs import Programs
from ollascope.web.settings import Dashboard
from ollascope.web.viewer import recognise
from ollascope.words.errors import AccessDenied, RequestRefused

PROBES: Final = frozenset({"/healthz", "/readyz"})  # whoever keeps processes running has no name for this server
OPEN: Final = frozenset({"/login", "/preferences"})  # and whatever lies below STATIC
STATIC: Final = "/static/"
ALWAYS: Final = frozenset({"/login", "/logout", "/preferences"})  # what a read-only dashboard lets change
API: Final = "/api/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Who may pass."""

    section: Dashboard
    loopback: bool
    tries: Tries
    lock: Lock | None = None  # None: no password is asked for
    programs: Programs | None = None
    wall: Callable[[], float] = field(default=time)

    def admit(self) -> Answer | None:
        """Let the request of this moment pass, answer it otherwise, or raise what is wrong with it."""
        if request.path in PROBES:
            return None
        if not is_host_known(request.headers.get("Host", ""), self.section.hosts, loopback=self.loopback):
            raise RequestRefused(
                "this server is not known under that name", hint="put the name into dashboard.hosts, or use its address"
            )
        recognise(request, self.section.language)
        g.read_only = self.section.read_only
        g.welcome = self._welcome()
        g.logged_in = self.lock is not None and g.welcome()
        is_open = request.path in OPEN or request.path.startswith(STATIC)
        if self.lock is not None and not g.logged_in and not is_open and not self._is_program():
            return self._ask()
        if request.method not in SAFE:
            refuse_forged(request)
            if self.section.read_only and request.path not in ALWAYS:
                raise RequestRefused(
                    "this dashboard only shows", hint="set dashboard.read_only to false to change things"
                )
        return None

    def let_in(self) -> None:
        """The viewer of this session has said the password."""
        assert self.lock is not None
        kept = session.get("token")
        session.clear()
        session.permanent = True
        if kept:
            session["token"] = kept
        session["mark"] = self.lock.mark
        session["until"] = self.wall() + self.section.session_hours * 3600

    def _welcome(self) -> Callable[[], bool]:
        """What tells whether the viewer of this request may still look, also when it has long been answered."""
        lock, mark, until = self.lock, session.get("mark"), session.get("until")
        if lock is None:
            return lambda: True
        return lambda: lock.knows(mark) and isinstance(until, int | float) and self.wall() < until

    def _is_program(self) -> bool:
        """Whether a program sends the right password along: then it may look, and change nothing."""
        try:
            told = request.authorization
        except ValueError:  # bytes that no password is written with
            return False
        if self.programs is None or told is None or told.type != "basic":
            return False
        if not request.path.startswith(API) or request.method not in SAFE:
            return False
        g.welcome = self.programs.admit(told.password or "", request.remote_addr or "")
        g.logged_in = True
        return True

    def _ask(self) -> Answer:
        if request.path.startswith(API):
            raise AccessDenied(
                "nobody is logged in", hint="log in at /login first; a program that only looks may send the password"
            )
        here = request.full_path.rstrip("?") if request.method in SAFE else "/"
        return redirect(url_for("entrance.login", next=None if here == "/" else here))


class _Sessions(SecureCookieSessionInterface):
    """Cookies that a browser sends over TLS alone, where a proxy in front speaks it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def guard(app: Flask, gate: Gate, nonce: Callable[[], str], port: int, key: bytes) -> None:
    """Put the gate before every request, and the headers on every answer."""
    limit = gate.section.body_kib * 1024
    app.secret_key = key
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME=f"ollascope-{port}",  # browsers keep cookies of all ports of a host together
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=gate.section.session_hours),
        MAX_CONTENT_LENGTH=limit, MAX_FORM_MEMORY_SIZE=limit, MAX_FORM_PARTS=200,
    )  # fmt: skip

    def finish(answer: Response) -> Response:
        for name, value in FIXED.items():
            answer.headers.setdefault(name, value)
        is_page = (answer.mimetype or "") == "text/html"
        answer.headers.setdefault("Content-Security-Policy", policy(nonce()) if is_page else CLOSED_POLICY)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    app.before_request(gate.admit)
    app.after_request(finish)
