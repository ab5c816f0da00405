"""Logging in and out."""

from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response

from ollascope.web.guard.gate import Gate
from ollascope.web.guard.password import check
from ollascope.words.errors import AccessDenied, RateLimited


def entrance(gate: Gate) -> Blueprint:
    """`/login` and `/logout`; without a password there is nothing to log in to."""
    routes = Blueprint("entrance", __name__)

    @routes.get("/login")
    def login() -> Response:
        if gate.lock is None:
            return redirect("/")
        return _form(None, 200)

    @routes.post("/login")
    def enter() -> Response:
        if gate.lock is None:
            return redirect("/")
        try:
            check(gate.lock, gate.tries, request.remote_addr or "", request.form.get("password", ""))
        except (AccessDenied, RateLimited) as error:
            answer = _form(error, error.status)
            if isinstance(error, RateLimited):
                answer.headers["Retry-After"] = "60"
            return answer
        gate.let_in()
        return redirect(local_path(request.form.get("next", "")), code=303)

    @routes.post("/logout")
    def leave() -> Response:
        session.clear()
        return redirect("/login", code=303)

    return routes


def local_path(wanted: str) -> str:
    """A path of this server, whatever somebody wrote into a link."""
    parts = urlsplit(wanted)
    fits = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if fits and wanted.isprintable() and "\\" not in wanted else "/"


def _form(error: AccessDenied | RateLimited | None, status: int) -> Response:
    wanted = local_path(request.values.get("next", ""))
    return make_response(render_template("web/login.html", error=error, wanted=wanted), status)
