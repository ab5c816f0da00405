"""Sends shots over HTTP, each on a connection that is kept for the next one."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from ollascope.bench.client.aim import Aim
from ollascope.bench.client.bodies import Bodies, Talk
from ollascope.bench.client.desk import Desk
from ollascope.bench.client.flight import Flight, Shot
from ollascope.pipe import Ask, Client, Limits, client_tls
from ollascope.words.clock import Clock
from ollascope.words.errors import BadSettings
from ollascope.words.ids import Ids

MOST: Final = 1_000_000_000  # a load is bounded by its plan, not here
WARM_UP: Final = "warm-up"
COOL_DOWN: Final = "cool-down"

Then = Callable[[Flight], None]


class Gun(Protocol):
    """What sends shots."""

    def send(self, shot: Shot, talk: Talk | None, then: Then) -> None:
        """One shot now; `then` hears when it has ended."""

    async def close(self) -> None:
        """Nothing of it is left."""


class Sender:
    """Shots as HTTP requests; only what was not sent at all is sent again."""

    def __init__(self, aim: Aim, bodies: Bodies, desk: Desk, ca_file: str | None, clock: Clock | None = None) -> None:
        self._aim = aim
        self._bodies = bodies
        self._desk = desk
        self._wall = (clock or Clock()).wall
        self._ids = Ids(self._wall)
        limits = replace(Limits(), waits=aim.waits, connections=MOST, requests=MOST)
        self._client = Client(limits=limits, tls=_tls(ca_file) if aim.address.tls else None)
        desk.resend = self._again

    def send(self, shot: Shot, talk: Talk | None, then: Then) -> None:
        """One shot now."""
        aim, bodies, number = self._aim, self._bodies, shot.number
        body = talk.body() if talk is not None else bodies.body(number, warm=shot.phase == WARM_UP)
        flight = Flight(shot, bodies.settings(number), self._desk, then)
        flight.id = self._ids.next()
        headers = (*aim.headers, (b"x-request-id", flight.id.encode()))
        self._desk.begin(flight)
        flight.at_wall = self._wall()
        flight.sending = self._client.send(Ask(aim.address, "POST", aim.target, headers, body), flight)
        flight.sent_ns = flight.sending.started_at

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    def _again(self, flight: Flight) -> None:
        """On another connection: nothing was sent on the one that had been closed."""
        assert flight.sending is not None
        flight.sending = self._client.send(flight.sending.ask, flight)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return client_tls(ca_file or "")
    except OSError as error:
        raise BadSettings(
            f"the authorities in {ca_file} cannot be read: {error}", hint="give a PEM file of certificates"
        ) from error
