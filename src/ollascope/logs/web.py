"""The page of logs: search, page through, and follow what all processes say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from ollascope.logs.form import LEVELS
from ollascope.logs.search import Wish, by_process, moment
from ollascope.logs.setup import Logs, logs_folder
from ollascope.logs.shown.newest import Cursor, Found, Newest
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.live.topic import Topic, Viewing
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

USUAL, MOST = 100, 1000  # lines of a page
LONGEST = 200  # letters of each word of a search
FIELDS = ("level", "process", "text", "request", "since", "until")
TONES = {"debug": "soft", "info": "plain", "warning": "warning", "error": "problem", "critical": "problem"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a viewer looks for, as it was typed."""

    level: str = ""
    process: str = ""
    text: str = ""
    request: str = ""
    since: str = ""
    until: str = ""
    before: float | None = None
    skip: int = 0

    def wish(self, now: float) -> Wish:
        """Which lines are wanted."""
        if self.level and self.level not in LEVELS:
            raise BadUsage(f"there is no level {self.level!r}", hint=f"there are {', '.join(LEVELS)}")
        return Wish(
            since=moment(self.since, now) if self.since else None,
            until=moment(self.until, now) if self.until else None,
            level=self.level or None,
            text=self.text or None,
            request=self.request or None,
        )

    @property
    def cursor(self) -> Cursor | None:
        """Where this page begins; None at the newest line."""
        return None if self.before is None else Cursor(until=self.before, skip=self.skip)

    @property
    def filters(self) -> dict[str, str]:
        """What was typed, without what was left empty."""
        said = {"level": self.level, "process": self.process, "text": self.text, "request": self.request,
                "since": self.since, "until": self.until}  # fmt: skip
        return {name: text for name, text in said.items() if text}


def pages(desk: Desk) -> Pages:
    """System: logs."""
    folder = logs_folder(desk.settings.of(Logs), desk.data)
    blueprint = Blueprint("logs", __name__)

    def search(query: Query, count: int) -> Found:
        return Newest(folder).page(query.wish(desk.clock.wall()), count, query.cursor, query.process)

    @blueprint.get("/system/logs")
    def lines() -> tuple[str, int]:
        query, found, trouble = query_of(request.args), Found(lines=()), None
        try:
            found = search(query, USUAL)
        except BadUsage as error:  # the form stays as it was typed
            trouble = error
        page = render_template("logs/logs.html", query=query, found=found, trouble=trouble, tones=TONES,
                               processes=sorted(by_process(folder)), folder=str(folder))  # fmt: skip
        return page, trouble.status if trouble else 200

    def tell(asked: Asked) -> Json:
        said = {name: asked.text(name) for name in FIELDS}
        query = Query(**said, before=asked.number("before"), skip=asked.count("skip"))
        found = search(query, asked.count("limit"))
        following = {"before": found.next.until, "skip": found.next.skip} if found.next else None
        return {"lines": [line.to_json() for line in found.lines], "next": following, "cut": found.cut,
                "unreadable": found.unreadable}  # fmt: skip

    return Pages(
        blueprint=blueprint,
        tabs=(Tab(entry="system", label="Logs", endpoint="logs.lines", order=40),),
        topics=(Topic(name="logs", look=lambda viewing: _last(folder, viewing), every_s=1.0),),
        api=(
            Endpoint(path="/logs", tag="system", answer=tell, query=_parameters(),
                     summary="Log lines of all processes, the newest first"),
        ),
    )  # fmt: skip


def query_of(said: "MultiDict[str, str]") -> Query:
    """What the address of a page asks for."""
    words = {name: said.get(name, "").strip() for name in FIELDS}
    if any(len(word) > LONGEST for word in words.values()):
        raise BadUsage("that is too long to search for", hint=f"at most {LONGEST} letters in each field")
    before, skip = said.get("before", ""), said.get("skip", "0")
    try:
        number = float(before) if before else None
    except ValueError as error:
        raise BadUsage(f"{before[:40]!r} is no instant", hint="go back to the newest lines") from error
    if (number is not None and not math.isfinite(number)) or not skip.isdecimal() or len(skip) > 9:
        raise BadUsage("there is no such page", hint="go back to the newest lines")
    return Query(**words, before=number, skip=int(skip))


def _parameters() -> tuple[Parameter, ...]:
    instant = "30m, 2h or 7d ago, or a date and time as 2026-11-21T08:15"
    return (
        Parameter(name="level", choices=LEVELS, meaning="this level and worse ones"),
        Parameter(name="process", longest=LONGEST, meaning="what this process said"),
        Parameter(name="text", longest=LONGEST, meaning="lines with this text in them, capitals or not"),
        Parameter(name="request", longest=LONGEST, meaning="lines of this request"),
        Parameter(name="since", longest=LONGEST, meaning=f"from then on: {instant}"),
        Parameter(name="until", longest=LONGEST, meaning=f"until then: {instant}"),
        Parameter(name="before", kind="number", minimum=0, maximum=1e11, meaning="where `next` of a page says"),
        Parameter(name="skip", kind="integer", default=0, minimum=0, maximum=10**6, meaning="as `next` says"),
        Parameter(name="limit", kind="integer", default=USUAL, minimum=1, maximum=MOST, meaning="how many at most"),
    )


def _last(folder: Path, _: Viewing) -> Mapping[str, object]:
    """What changes with every line that is added: the sizes of the files that are being written."""
    sizes: list[list[object]] = []
    for name, files in by_process(folder).items():
        try:
            facts = files[-1].stat()
        except OSError:  # it was put aside in this moment
            continue
        sizes.append([name, facts.st_ino, facts.st_size])
    return {"files": sizes}
