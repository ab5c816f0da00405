"""A pooled session with one server, which can be shared by threads."""

import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import BinaryIO, Final

import requests

from ollascope.engines.address import read_address
from ollascope.engines.wire import troubles
from ollascope.engines.wire.connection import Adapter
from ollascope.engines.wire.exchange import Exchange
from ollascope.engines.wire.patience import Patience
from ollascope.words.errors import BadSettings, StaleConnection

KEPT: Final = 128  # connections kept open at the same time
MOST: Final = 64 * 1024 * 1024
SAFE: Final = frozenset({"GET", "HEAD"})  # asking twice changes nothing
JSON: Final = "application/json"
AGENT: Final = "ollascope"

Body = bytes | Iterable[bytes] | BinaryIO | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A small answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    connect_s: float | None = None


class Session:
    """Exchanges with one server over connections that are kept open and used again."""

    def __init__(
        self, url: str, patience: Patience, *, headers: Mapping[str, str] | None = None, ca_file: Path | None = None
    ) -> None:
        address = read_address(url)
        if ca_file is not None and not ca_file.is_file():
            raise BadSettings(f"there is no file {ca_file} of certificate authorities", hint="correct `ca_file`")
        self.url = address.url
        self._patience = patience
        self._headers = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        if address.authorization is not None:
            self._headers["Authorization"] = address.authorization
        self._headers.update(headers or {})
        self._session = _quiet_session()
        self._go = partial(
            self._session.send, stream=True, allow_redirects=False, proxies={}, verify=str(ca_file) if ca_file else True
        )
        self._lock = threading.Lock()
        self._closed = False
        self._open: weakref.WeakSet[Exchange] = weakref.WeakSet()

    def open(
        self, method: str, path: str, body: Body = None, *, headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> Exchange:  # fmt: skip
        """An exchange that has yet to begin."""
        request = requests.PreparedRequest()
        ours = self._headers if headers is None else {**self._headers, **headers}
        if body is not None and not any(name.lower() == "content-type" for name in ours):
            ours = {**ours, "Content-Type": JSON}
        try:
            request.prepare(method=method, url=self.url + path, headers=ours, data=_sendable(body))
        except (requests.RequestException, UnicodeError, ValueError) as error:
            raise BadSettings(
                f"nothing can be sent to {self.url}: {type(error).__name__}", hint="check the address and the key"
            ) from error
        exchange = Exchange(request, self.url, patience or self._patience, self._go)
        with self._lock:
            if self._closed:
                raise troubles.cancelled()
            self._open.add(exchange)
        return exchange

    def whole(
        self, method: str, path: str, body: bytes | None = None, *, most: int = MOST, patience: Patience | None = None
    ) -> Whole:
        """A small answer within `answer_s`; one that is safe to ask for twice is, if its connection had gone stale."""
        given = patience or self._patience
        hurried = replace(given, first_s=given.answer_s, idle_s=min(given.idle_s, given.answer_s))
        deadline = time.monotonic() + given.answer_s
        try:
            return _read(self.open(method, path, body, patience=hurried), self.url, most, deadline)
        except StaleConnection:
            if method not in SAFE:
                raise
        return _read(self.open(method, path, body, patience=hurried), self.url, most, deadline)

    def close(self) -> None:
        """Ends what is under way and gives every connection back."""
        with self._lock:
            self._closed = True
            running = list(self._open)
        for exchange in running:
            exchange.close()
        self._session.close()


def _read(exchange: Exchange, place: str, most: int, deadline: float) -> Whole:
    with exchange:
        head = exchange.begin()
        body = exchange.read(most + 1, deadline)
        if len(body) > most:
            raise troubles.too_large(place, most)
        return Whole(status=head.status, headers=head.headers, body=body, connect_s=head.connect_s)


def _sendable(body: Body) -> object:
    """What `requests` sends as it is: a list would be taken for a form."""
    return iter(body) if isinstance(body, list | tuple) else body


def _quiet_session() -> requests.Session:
    """One that takes nothing from the environment, keeps no cookies and trusts no redirect."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = Adapter(pool_connections=1, pool_maxsize=KEPT)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
