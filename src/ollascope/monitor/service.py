"""What the monitor answers over HTTP: a table of paths, and whether it lives and is ready."""

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ollascope.monitor.loop import Course
from ollascope.pipe import Answer, Request
from ollascope.words.setting import Secret

TEXT = b"text/plain; charset=utf-8"
JSON = b"application/json"
OPEN = frozenset({"/healthz", "/readyz"})  # whoever keeps processes running has no token
METHODS = ("GET", "HEAD")
CLOSED = b"403 addresses.host lets other machines in: set monitor.token, or monitor.beyond_loopback\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    kind: bytes = TEXT


Page = Callable[[bool], Reply]  # told whether who asks may know everything
Door = Literal["own", "private", "closed"]  # for this machine; for a private network; others come in: only with a token
Admit = Callable[[Request], bool]


class Service:
    """Answers from a table of paths; each page is made in a thread, so that a slow one delays no other."""

    def __init__(
        self, pages: Mapping[str, Page], admit: Admit, token: Secret | None = None, *, door: Door = "own"
    ) -> None:
        self._pages = dict(pages)
        self._admit = admit
        self._door = door
        self._token = f"Bearer {token.reveal()}".encode() if token else b""

    async def __call__(self, request: Request, answer: Answer) -> None:
        reply = self._refusal(request)
        if reply is None:
            reply = await asyncio.to_thread(self._pages[request.path], self._is_ours(request))
        headers = [(b"content-type", reply.kind), (b"cache-control", b"no-store")]
        if reply.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if reply.status == 405:
            headers.append((b"allow", ", ".join(METHODS).encode()))
        answer.whole(reply.status, reply.body, headers)

    def _refusal(self, request: Request) -> Reply | None:
        if not self._admit(request):
            return Reply(status=403, body=b"403 this name of the host is not known here\n")
        if request.path not in self._pages:
            known = ", ".join(sorted(self._pages))
            return Reply(status=404, body=f"404 there is {known}\n".encode())
        if request.method not in METHODS:
            return Reply(status=405, body=b"405 only GET and HEAD\n")
        if request.path in OPEN:
            return None
        if self._token:
            ours = self._knows_token(request)
            return None if ours else Reply(status=401, body=b"401 a bearer token is asked for: monitor.token\n")
        return Reply(status=403, body=CLOSED) if self._door == "closed" else None

    def _is_ours(self, request: Request) -> bool:
        """Whether who asks may know what this machine's files are called: by the token, or from this machine."""
        return self._knows_token(request) if self._token else self._door == "own"

    def _knows_token(self, request: Request) -> bool:
        return hmac.compare_digest(request.headers.first(b"authorization") or b"", self._token)


def health(courses: Mapping[str, Course], *, whole: bool) -> Reply:
    """The process lives; how its tasks go stands beside, for whoever may know it."""
    if not whole:
        return _json(200, {"status": "ok"})
    tasks = {name: {"done": course.done, "failures": course.failures} for name, course in courses.items()}
    return _json(200, {"status": "ok", "tasks": tasks})


def readiness(courses: Mapping[str, Course], needed: tuple[str, ...], *, paused: bool, whole: bool) -> Reply:
    """Ready is a monitor that has measured the machine, looked after the ledger, and can record.

    What is missing may name files of this machine, so not everybody is told.
    """
    missing = [f"{name}: {courses[name].trouble or 'not done yet'}" for name in needed if not _goes(courses[name])]
    if paused:
        missing.append("ledger: nothing can be recorded")
    told: dict[str, object] = {"status": "not ready" if missing else "ok"}
    return _json(503 if missing else 200, told | ({"missing": missing} if whole else {}))


def _goes(course: Course) -> bool:
    return course.done > 0 and not course.failures


def _json(status: int, facts: object) -> Reply:
    return Reply(status=status, body=json.dumps(facts).encode() + b"\n", kind=JSON)
