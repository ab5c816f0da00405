"""A dashboard over a data folder of its own, asked without a socket."""

import re
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ollascope.settings.load import Sources, load
from ollascope.web.dashboard import Made, make_dashboard
from ollascope.web.joint import Desk
from ollascope.web.table import ROOMS
from ollascope.wire import SECTIONS
from ollascope.words.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The app, and a browser that looks at it."""

    made: Made
    client: FlaskClient
    desk: Desk

    def token(self, path: str = "/nothing") -> str:
        """The token that a page of this session carries; the one about what is not there is made quickest."""
        found = re.search(r'name="csrf_?-?token" (?:content|value)="([^"]+)"', self.client.get(path).text)
        assert found, f"{path} carries no token"
        return found[1]

    def post(self, path: str, fields: dict[str, str], **more: object) -> TestResponse:
        """Send a form as a page of ours does."""
        return self.client.post(path, data={**fields, "csrf_token": self.token()}, **more)

    def send(self, method: str, path: str, fields: dict[str, object] | None = None) -> TestResponse:
        """Send a change to the API as a script of ours does."""
        return self.client.open(path, method=method, json=fields, headers={"X-CSRF-Token": self.token()})


def make_site(folder, *assignments, host="127.0.0.1", rooms=ROOMS, clock=None):
    """A dashboard with these settings (`"dashboard.read_only=true"`), reached at this host."""
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    settings = load(
        SECTIONS, Sources(data_folder=data, assignments=("engines.ollama.url=http://127.0.0.1:9", *assignments))
    )
    desk = Desk(settings=settings, program=("ollascope",), clock=clock or Clock())
    made = make_dashboard(desk, host, rooms)
    made.app.testing = False  # failures are told as to anybody
    client = made.app.test_client()
    return Site(made=made, client=client, desk=desk)
