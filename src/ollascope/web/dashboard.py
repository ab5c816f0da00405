"""The dashboard as a Flask app: the rooms' pages within one frame, behind one gate."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, make_response, redirect, request

from ollascope.serve.origins import is_loopback
from ollascope.settings.addresses import Addresses
from ollascope.web.api.routes import api_routes
from ollascope.web.failing import tell_failures
from ollascope.web.frame import furnish, nonce, render_parts
from ollascope.web.guard.entrance import entrance, local_path
from ollascope.web.guard.gate import Gate, guard
from ollascope.web.guard.password import Tries, cookie_key, read_lock
from ollascope.web.guard.programs import Programs
from ollascope.web.joint import Desk, Pages
from ollascope.web.live.hub import Hub
from ollascope.web.live.stream import live_routes
from ollascope.web.settings import Dashboard
from ollascope.web.static import Static, static_routes
from ollascope.web.table import ROOMS, join
from ollascope.web.viewer import change
from ollascope.words.errors import BadSettings, BadUsage

SPARE_THREADS = 4  # that no stream may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The app, and what has to be started and ended with it."""

    app: Flask
    hub: Hub
    joined: tuple[Pages, ...]

    def start(self) -> None:
        """Begin, in the process that serves."""
        for pages in self.joined:
            if pages.start is not None:
                pages.start()

    def close(self) -> None:
        """Let viewers go home, and give everything back."""
        self.hub.close()
        for pages in self.joined:
            if pages.close is not None:
                pages.close()


def make_dashboard(desk: Desk, host: str | None = None, rooms: Mapping[str, str] = ROOMS) -> Made:
    """The dashboard that these settings want, to be reached at this host; `host` goes before addresses.host."""
    section, addresses = desk.settings.of(Dashboard), desk.settings.of(Addresses)
    gate = make_gate(desk, host or addresses.host)
    app = Flask("ollascope.web", static_folder=None, template_folder=None)
    joined = tuple(join(desk, rooms))
    topics = [topic for pages in joined for topic in pages.topics]
    seats = min(section.streams, section.threads - SPARE_THREADS)
    hub = Hub(topics, lambda topic, found: render_parts(app, topic, found), seats)
    static = Static()
    furnish(app, [tab for pages in joined for tab in pages.tabs], static, lambda: hub)
    guard(app, gate, nonce, addresses.dashboard, cookie_key(desk.data))
    tell_failures(app)
    own = (
        static_routes(static), live_routes(hub), entrance(gate), _choices(), _probes(),
        api_routes([endpoint for pages in joined for endpoint in pages.api]),
    )  # fmt: skip
    for blueprint in (*own, *(pages.blueprint for pages in joined)):
        app.register_blueprint(blueprint)
    return Made(app=app, hub=hub, joined=joined)


def make_gate(desk: Desk, host: str) -> Gate:
    """Who may pass; beyond this machine nobody without a password."""
    section, loopback = desk.settings.of(Dashboard), is_loopback(host)
    lock = None
    if not loopback or section.password_on_loopback:
        lock = read_lock(desk.data, section.password)
        if lock is None:
            raise BadSettings(
                f"the dashboard would be open to others at {host}, and no password is set",
                hint="`ollascope up --lan` makes one; or set OLLASCOPE__DASHBOARD__PASSWORD",
            )
    tries = Tries(desk.clock.monotonic)
    programs = None if lock is None else Programs(lock, tries)
    return Gate(
        section=section, loopback=loopback, tries=tries, lock=lock, programs=programs, wall=desk.clock.wall
    )  # fmt: skip


def _choices() -> Blueprint:
    """`/preferences`: language, theme, and what counts; works without scripts."""
    routes = Blueprint("choices", __name__)

    @routes.post("/preferences")
    def choose() -> Response:
        answer = make_response(redirect(local_path(request.form.get("next", "/")), code=303))
        said = {name: value for name, value in request.form.items() if name in {"language", "theme", "everything"}}
        if not said or not all(change(answer, name, value) for name, value in said.items()):
            raise BadUsage("there is no such choice", hint="use the switches at the top of the page")
        return answer

    return routes


def _probes() -> Blueprint:
    """`/healthz` and `/readyz`: that this process answers, and nothing more."""
    routes = Blueprint("probes", __name__)

    @routes.get("/healthz")
    @routes.get("/readyz")
    def alive() -> Response:
        return Response("ok\n", mimetype="text/plain")

    return routes
