"""Server-sent events for live pages, and the same by polling for whoever finds no free seat."""

import re
from collections.abc import Callable, Iterator
from time import monotonic

from flask import Blueprint, Response, g, request

from ollascope.web.language import language
from ollascope.web.live.hub import Feed, Hub
from ollascope.web.viewer import viewing
from ollascope.words.errors import BadUsage

BEAT_S = 15.0  # a comment so often tells whether the viewer is still there
LIFE_S = 600.0  # then the browser comes again, and has to be let in again
MOST_TOPICS = 8
POLL_S = 4
_ID = re.compile(r"([0-9a-f]{8})-(\d{1,15})")


def live_routes(hub: Hub) -> Blueprint:
    """`live` and `live/poll`, which pages use; programs ask the other routes of the API."""
    routes = Blueprint("live", __name__, url_prefix="/api/v1/live")

    @routes.get("")
    def stream() -> Response:
        feeds = _feeds(hub)
        if not hub.sit(feeds):
            return Response(status=204)  # the browser asks no more, and the page polls
        since = _since(hub, request.headers.get("Last-Event-ID") or request.args.get("since", ""))
        welcome: Callable[[], bool] = g.welcome
        answer = Response(_events(hub, feeds, since, welcome), mimetype="text/event-stream")
        answer.call_on_close(lambda: hub.leave(feeds))
        answer.headers["X-Accel-Buffering"] = "no"  # a proxy in front hands each event on
        return answer

    @routes.get("/poll")
    def poll() -> Response:
        feeds = _feeds(hub)
        sequence, news = hub.poll(feeds, _since(hub, request.args.get("since", "")))
        body = b'{"id":"%s-%d","poll_s":%d,"news":%s}' % (hub.boot.encode(), sequence, POLL_S, news or b"{}")
        return Response(body, mimetype="application/json")

    return routes


def _feeds(hub: Hub) -> tuple[Feed, ...]:
    names = sorted({name for name in request.args.get("topics", "").split(",") if name})
    unknown = [name for name in names if not hub.knows(name)]
    if not names or unknown or len(names) > MOST_TOPICS:
        wrong = f"there is no topic {unknown[0][:40]!r}" if unknown else f"name 1 to {MOST_TOPICS} topics"
        raise BadUsage(wrong, hint="as in ?topics=now")
    return tuple(Feed(topic=name, viewing=viewing(), language=language()) for name in names)


def _since(hub: Hub, said: str) -> int:
    """The number of the last event that the viewer has; what another process gave means nothing here."""
    match = _ID.fullmatch(said)
    return int(match[2]) if match and match[1] == hub.boot else 0


def _events(hub: Hub, feeds: tuple[Feed, ...], since: int, welcome: Callable[[], bool]) -> Iterator[bytes]:
    until = monotonic() + LIFE_S
    yield b"retry: 2000\n\n"
    while (left_s := until - monotonic()) > 0:
        sequence, news = hub.wait(feeds, since, min(BEAT_S, left_s))
        if hub.closed or not welcome():  # another password, or the session is over
            return
        since = max(since, sequence) if news else since
        yield b"id: %s-%d\ndata: %s\n\n" % (hub.boot.encode(), since, news) if news else b": still here\n\n"
    yield b"retry: 50\n\n"  # it only has to be let in again
