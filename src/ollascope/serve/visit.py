"""One request at the front: what it asks for, where its answer goes, and how it is refused."""

from dataclasses import dataclass

from ollascope.apis.routes import Api, Found
from ollascope.pipe import Answer, Request
from ollascope.serve.delivery import Headers, refuse
from ollascope.words.errors import Trouble

JSON: bytes = b"application/json; charset=utf-8"
PLAIN_JSON: bytes = b"application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request whose route is known; `headers` belong on its answer."""

    request: Request
    answer: Answer
    found: Found
    headers: Headers = ()

    @property
    def api(self) -> Api:
        return self.found.route.api

    @property
    def label(self) -> str:
        """The id that the client or a gateway gave the request."""
        for name in (b"x-ollascope-id", b"x-request-id"):
            if given := self.request.headers.first(name):
                return given[:200].decode("latin-1")
        return ""

    def refuse(self, trouble: Trouble) -> None:
        refuse(self.answer, self.api, trouble, self.headers)

    def reply(self, body: bytes, kind: bytes | None = None, status: int = 200) -> None:
        """A whole answer, in this API's media type of JSON."""
        if kind is None:
            kind = PLAIN_JSON if self.api == "openai" else JSON
        named = [(b"content-type", kind)] if kind else []
        self.answer.whole(status, body, [*named, *self.headers])
