"""The pages of the ledger: Calls that were recorded, one of them, and all that are meant as a file."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, stream_with_context, url_for

from ollascope.engines.flags import FLAGS, sentences
from ollascope.ledger.calls.asking import FAILED, FILTERS, LONGEST, ORDERS, RANGES, read_choice
from ollascope.ledger.calls.choice import Choice, Key, place_text, read_place
from ollascope.ledger.calls.export import csv_pieces
from ollascope.ledger.calls.known import Known, known_words
from ollascope.ledger.calls.phases import Phase, phases_of
from ollascope.ledger.calls.search import Found, Search
from ollascope.ledger.codec import encode
from ollascope.ledger.select import COUNTED, Counted, is_demo
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.language import word
from ollascope.web.viewer import viewing
from ollascope.words.call import Call
from ollascope.words.errors import RateLimited
from ollascope.words.metrics import METRICS, metric
from ollascope.words.outcomes import ending_of
from ollascope.words.record import Json, to_json

LEDGER: Final = "ledger"
ROWS: Final = 50
WITHIN_S: Final = 0.25  # that a page may look for Calls; whoever wants more goes on from there
FIND_S: Final = 0.3
MOST_EXPORTED: Final = 100_000
EXPORTS: Final = 2  # at the same time: each takes a thread
PIECE: Final = 200  # lines of an export that are sent together
WITH_OURS: Final = Counted(own=True, demo=True)
TONES: Final = {"ok": "ok", "failed": "problem", "given up": "soft", "asker's own": "warning"}
TYPES: Final = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One Call as a line of the list."""

    call: Call
    address: str
    demo: bool
    tone: str
    ttft_s: float | None
    tokens_per_s: float | None


def pages(desk: Desk) -> Pages:
    """The list, one Call, and exports."""
    ledger = desk.data / LEDGER
    search = Search(ledger)
    blueprint = Blueprint("ledger", __name__)
    exports = threading.BoundedSemaphore(EXPORTS)

    @blueprint.get("/history/calls")
    def calls() -> str:
        said = {name: text for name, text in request.args.items() if text}
        choice = read_choice(said, desk.clock.wall(), _counted(viewing().everything))
        found = search.page(choice, ROWS, _after(said), WITHIN_S)
        return render_template("ledger/calls.html", **_list_facts(said, choice, found, known_words(ledger)))

    @blueprint.get("/history/calls.<any(jsonl, csv):form>")
    def export(form: str) -> Response:
        choice = read_choice(request.args, desk.clock.wall(), _counted(viewing().everything))
        if not exports.acquire(blocking=False):
            raise RateLimited(
                "other exports are under way", hint="wait for them, or use `ollascope calls export`, which has no limit"
            )
        found = search.every(choice, MOST_EXPORTED)
        made = csv_pieces(found, Call) if form == "csv" else _lines(found)
        answer = Response(stream_with_context(_released(made, exports.release)), mimetype=TYPES[form].partition(";")[0])
        answer.call_on_close(exports_once(exports))
        answer.headers["Content-Disposition"] = f'attachment; filename="calls.{form}"'
        return answer

    @blueprint.get("/history/calls/<path:number>")
    def call(number: str) -> str:
        found = search.find(number, request.args.get("at", type=float), FIND_S) if len(number) <= LONGEST else None
        if found is None:
            abort(404)
        return render_template("ledger/call.html", **_call_facts(found))

    def tell(asked: Asked) -> Json:
        said = {name: asked.text(name) for name in (*FILTERS, "range", "since", "until", "slower", "order")}
        choice = read_choice(said, desk.clock.wall(), _counted(asked.flag("everything")))
        after = read_place(asked.text("after")) if asked.text("after") else None
        page = search.page(choice, asked.count("limit"), after, WITHIN_S)
        return {
            "calls": [to_json(each) for each in page.calls],
            "next": None if page.next is None else place_text(page.next),
            "reached": page.reached,
        }

    def tell_one(asked: Asked) -> Json:
        found = search.find(asked.text("id"), asked.number("at"), FIND_S)
        if found is None:
            abort(404)
        return {**to_json(found), "meant": list(sentences(found.flags)), "metrics": _metrics(found)}

    return Pages(
        blueprint=blueprint,
        tabs=(Tab(entry="history", label="Calls", endpoint="ledger.calls", order=20),),
        api=(_of_list(tell), _of_one(tell_one)),
        start=search.start,
        close=search.close,
    )
