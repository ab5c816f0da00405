"""The fake behind the front: what it knows of models, and `/fake/truth`, the true times of every request."""

import hashlib
import json
import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.engines.fake import FakeSource
from ollascope.engines.fake.library import MAGIC
from ollascope.pipe import Answer, Request
from ollascope.serve.front import Front
from ollascope.serve.origins import is_loopback
from ollascope.serve.settings import Serve
from ollascope.words.errors import BadUsage

VERSION = "0.32.15"  # of the Ollama whose manners the fake has
TRUTH = "/fake/truth"
JSON = b"application/json"


def front_of(fake: FakeSource, settings: Serve) -> Front:
    """The application of `ollascope fake`."""
    return Front(
        fake,
        FakeModels(fake),
        origins=settings.origins,
        loopback=is_loopback(settings.host),
        more={TRUTH: lambda request, answer: tell(fake, request, answer)},
    )


class FakeModels:
    """The fake's models as the front asks for them."""

    version = VERSION

    def __init__(self, fake: FakeSource) -> None:
        self._fake = fake
        self._library = fake.library

    def tags(self) -> list[Model]:
        return self._library.models()

    def ps(self) -> list[Model]:
        return self._library.loaded(self._fake.hall.loaded(), time.monotonic_ns())

    def card(self, order: Order) -> Card:
        return self._library.card(order.model, verbose=order.extra.get("verbose") is True)

    def find(self, name: str) -> Model:
        return self._library.model(name)

    def copy(self, source: str, model: str) -> None:
        self._library.copy(source, model)

    def delete(self, name: str) -> None:
        self._fake.hall.unload(self._library.delete(name))

    async def carry_out(self, action: str, order: Order) -> AsyncIterator[Progress]:
        if action not in {"pull", "push", "create"}:
            raise BadUsage(f"nobody can {action} a model", hint="pull, push or create one")
        steps = {"pull": self._library.pull, "push": self._library.push, "create": self._library.create}[action]
        for step in steps(order):
            yield step

    def has_blob(self, digest: str) -> bool:
        return digest in self._library.blobs

    async def take_blob(self, digest: str, pieces: AsyncIterator[bytes]) -> None:
        found, start, size = hashlib.sha256(), b"", 0
        async for piece in pieces:
            found.update(piece)
            start += piece[: max(0, len(MAGIC) - len(start))]
            size += len(piece)
        self._library.take_blob(digest, start, size, f"sha256:{found.hexdigest()}")


async def tell(fake: FakeSource, request: Request, answer: Answer) -> None:
    """GET tells the times of the requests that are kept (`?id=` one, `?last=` some), DELETE forgets them."""
    if request.method == "DELETE":
        fake.memory.forget()
        answer.whole(204)
        return
    if request.method != "GET":
        answer.whole(405, b"405 method not allowed", [(b"allow", b"DELETE, GET"), (b"content-type", b"text/plain")])
        return
    asked = parse_qs(request.query)
    wanted = list(fake.memory)
    if "id" in asked:
        one = fake.memory.find(asked["id"][0])
        wanted = [one] if one is not None else []
    if "last" in asked and asked["last"][0].isdigit():
        wanted = wanted[-int(asked["last"][0]) :]
    answer.start(200, [(b"content-type", JSON)])
    answer.piece(b'{"now_ns":%d,"requests":[' % time.monotonic_ns())
    # One request at a time: the streams that run must not wait for those that are told about.
    for number, truth in enumerate(wanted):
        line = json.dumps(truth.facts(), separators=(",", ":")).encode()
        if not answer.piece(b",\n" + line if number else line):
            await answer.ready()
    answer.end(b"]}\n")
