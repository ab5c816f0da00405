"""The front: every request of the three APIs to whoever can answer it, each refusal in its own API's form."""

from collections.abc import Coroutine, Mapping
from typing import Any

from ollascope.apis.body import encode
from ollascope.apis.errors import FORBIDDEN, METHOD_UNKNOWN, PATH_UNKNOWN, Reply, error_object
from ollascope.apis.routes import api_of, find, methods
from ollascope.pipe import Answer, Application, Pairs, Request, plain_refusal
from ollascope.serve.origins import judge, preflight
from ollascope.serve.shelf import Shelf
from ollascope.serve.source import Models, Paced, Source
from ollascope.serve.speaking import speak, way
from ollascope.serve.visit import Visit
from ollascope.serve.wheel import Wheel


class Front:
    """The application of a model server; `more` are paths of its own beside those of the APIs."""

    def __init__(
        self,
        source: Source | Paced,
        models: Models,
        *,
        origins: tuple[str, ...] = (),
        loopback: bool = True,
        more: Mapping[str, Application] | None = None,
    ) -> None:
        self._shelf = Shelf(models)
        self._wheel = Wheel()
        self._way = way(source, self._wheel)
        self._origins = origins
        self._loopback = loopback
        self._more = dict(more or {})

    def __call__(self, request: Request, answer: Answer) -> Coroutine[Any, Any, None] | None:
        verdict = judge(request, loopback=self._loopback, origins=self._origins)
        if verdict.forbidden:
            _reply(answer, FORBIDDEN, _allowed(request.path) if request.method == "OPTIONS" else ())
        elif request.method == "OPTIONS":
            _greet(request, answer)
        elif own := self._more.get(request.path):
            return own(request, answer)
        elif found := find(request.method, request.path):
            visit = Visit(request=request, answer=answer, found=found, headers=verdict.headers)
            if found.route.answers:
                return speak(visit, self._way)
            return self._shelf.serve(visit)
        elif allowed := _allowed(request.path):
            _reply(answer, METHOD_UNKNOWN, [*allowed, *verdict.headers])
        else:
            _reply(answer, PATH_UNKNOWN, verdict.headers)
        return None

    def close(self) -> None:
        """Nothing is played any more."""
        self._wheel.close()


def refuse(status: int, path: str | None) -> bytes:
    """The body of a refusal by the server itself, in the form of the API that was called; plain where none was."""
    if path is None:
        return plain_refusal(status, path)
    words = plain_refusal(status, path).decode().strip().partition(" ")[2].lower()
    return encode(error_object(api_of(path), status, words))


def _greet(request: Request, answer: Answer) -> None:
    """OPTIONS: a browser that asks before it calls, or anybody who asks which methods there are."""
    allowed = _allowed(request.path)
    origin = request.headers.first(b"origin")
    if origin and request.headers.first(b"access-control-request-method"):
        answer.whole(204, b"", [*allowed, *preflight(origin)])
    elif allowed:
        answer.whole(204, b"", allowed)
    else:
        _reply(answer, PATH_UNKNOWN, ())


def _reply(answer: Answer, reply: Reply, headers: Pairs) -> None:
    kind = [] if reply.content_type is None else [(b"content-type", reply.content_type.encode())]
    answer.whole(reply.status, reply.body, [*kind, *headers])


def _allowed(path: str) -> list[tuple[bytes, bytes]]:
    known = methods(path)
    return [(b"allow", ", ".join(known).encode())] if known else []
