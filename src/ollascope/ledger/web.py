"""The pages of the past: charts, Calls that were recorded and one of them, the report of a day."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from math import inf
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, url_for

from ollascope.engines.flags import FLAGS, sentences
from ollascope.ledger.calls.asking import FAILED, FILTERS, LONGEST, RANGES, read_choice
from ollascope.ledger.calls.choice import ORDERS, Choice, Key, Rank, place_text
from ollascope.ledger.calls.export import csv_pieces
from ollascope.ledger.calls.known import Known, first_range, known_words
from ollascope.ledger.calls.phases import Phase, phases_of
from ollascope.ledger.calls.ranking import LONGEST as LONGEST_ORDER
from ollascope.ledger.calls.search import Found, Search
from ollascope.ledger.codec import encode
from ollascope.ledger.select import COUNTED, Counted, Where, is_demo
from ollascope.monitor.alerts.commands import FOLDER as ALERTS
from ollascope.monitor.alerts.commands import alerts_between
from ollascope.monitor.history.asking import read_asked
from ollascope.monitor.history.daily import Day, Days
from ollascope.monitor.history.drawn import Drawn, draw, draw_whole, facts
from ollascope.monitor.history.events import events_of
from ollascope.monitor.history.machine import Machine
from ollascope.monitor.history.past import Past
from ollascope.monitor.history.shown import figures_of, lines_of, shown_parts
from ollascope.monitor.past.span import DAY_S, Span, day_name, span_of_day
from ollascope.monitor.shown.account import sent_text
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.language import language, word
from ollascope.web.viewer import viewing
from ollascope.words.call import Call
from ollascope.words.errors import RateLimited, StorageTrouble
from ollascope.words.metrics import METRICS, metric
from ollascope.words.outcomes import ending_of
from ollascope.words.record import Json, to_json

log = logging.getLogger(__name__)

LEDGER: Final = "ledger"
ROWS: Final = 50
WITHIN_S: Final = 0.2  # that a page may look for Calls; whoever wants more goes on from there
CHART_S: Final = 0.12  # that a chart waits for sums that are being read
FIND_S: Final = 0.3
MOST_EXPORTED: Final = 100_000
EXPORTS: Final = 2  # at the same time: each takes a thread
PIECE: Final = 200  # lines of an export that are sent together
SAID: Final = (*FILTERS, "range", "since", "until", "slower", "order")
WITH_OURS: Final = Counted(own=True, demo=True)
WORDS: Final = FILTERS[:3]
MACHINE_S: Final = 0.05
MOST_SLOW: Final = 20_000
EVERYTHING: Final = Parameter(
    name="everything", kind="boolean", default=False, meaning="count tests, probes and demos too"
)
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
    """All that stands under History."""
    blueprint = Blueprint("ledger", __name__)
    eyes = Eyes(desk)
    charts = _charts(blueprint, eyes)
    calls = _calls(blueprint, eyes)
    _summaries(blueprint, eyes)
    return Pages(
        blueprint=blueprint,
        tabs=(
            Tab(entry="history", label="Charts", endpoint="ledger.history", order=10),
            Tab(entry="history", label="Calls", endpoint="ledger.calls", order=20),
            Tab(entry="history", label="Summary", endpoint="ledger.summary", order=30),
        ),
        api=(*charts, *calls),
        start=eyes.start,
        close=eyes.close,
    )


class Eyes:
    """What the pages look through; it keeps what it learnt of the files."""

    def __init__(self, desk: Desk) -> None:
        self.ledger = desk.data / LEDGER
        self.alerts = desk.data / ALERTS
        self.wall = desk.clock.wall
        self.search = Search(self.ledger)
        self.past = Past(self.ledger, self.wall)
        self.machine = Machine(self.ledger)
        self.days = Days(
            ledger=self.ledger, alerts=self.alerts, slow=self._slow, wall=self.wall,
            draw=lambda asked: draw_whole(self.past, asked),
        )  # fmt: skip

    def start(self) -> None:
        """Read ahead what will be asked for."""
        self.past.start()
        threading.Thread(target=self._look_ahead, name="ahead", daemon=True).start()

    def close(self) -> None:
        """End that."""
        self.search.close()
        self.machine.close()
        self.past.close()

    def _look_ahead(self) -> None:
        """One after the other: pages share the processor with whatever is read."""
        try:
            self.search.look_ahead()  # first, as it is soon done: sealed files tell in their heads what is in them
            self.machine.read_ahead()
        except StorageTrouble as error:
            log.warning("what was recorded cannot be looked through: %s", error.message)

    def chart(self, said: Mapping[str, str], counted: Counted) -> tuple[Drawn, dict[str, Json]]:
        """What the charts show, and the same for a script with the machine and what happened."""
        drawn = draw(self.past, read_asked(said, self.wall(), counted), CHART_S)
        until = time.monotonic() + MACHINE_S
        use = self.machine.read(drawn.since, drawn.until, drawn.step_s, lambda: time.monotonic() < until)
        found = alerts_between(self.alerts, drawn.since, drawn.until, self.wall())
        told = facts(drawn)
        told["machine"] = {"at": list(use.at), "readings": {name: list(row) for name, row in use.readings.items()},
                           "whole": use.whole}  # fmt: skip
        told["events"] = [asdict(event) for event in events_of(drawn, use.restarts, found, language())]
        return drawn, told

    def _slow(self, span: Span, counted: Counted, slower_s: float) -> Iterator[Call]:
        where = Where(since=span.since, until=span.until, counted=counted)
        return self.search.every(Choice(where=where, slower_s=slower_s), MOST_SLOW)


def _charts(blueprint: Blueprint, eyes: Eyes) -> tuple[Endpoint, ...]:
    """`/history`: a stretch of time as charts."""

    @blueprint.get("/history")
    def history() -> str:
        said = {
            "range": first_range(eyes.ledger, eyes.wall()),
            **{name: text for name, text in request.args.items() if text},
        }
        drawn, told = eyes.chart(said, _counted(viewing().everything))
        known = known_words(eyes.ledger)
        filters = {name: _options(name, known[name], (), said.get(name, "")) for name in WORDS}
        return render_template(
            "ledger/history.html", drawn=drawn, facts=told, trouble=eyes.past.trouble, filters=filters,
            said={name: said.get(name, "") for name in (*WORDS, "range")},
            ranges=[*_ranges(), ("own", word("own range"))],
            figures=figures_of(drawn, language()), lines=lines_of(drawn, language()), said_by_script=_script_words(),
            calls=_address("ledger.calls", said, None),
        )  # fmt: skip

    def tell(asked: Asked) -> Json:
        said = {name: asked.text(name) for name in (*WORDS, "range", "since", "until")}
        return eyes.chart(said, _counted(asked.flag("everything")))[1]

    given = (*(_filter(name) for name in WORDS), *_time("24h"), EVERYTHING)
    summary = "A stretch of time as charts show it; `missing` is the share that is still being read"
    return (Endpoint(path="/history", summary=summary, answer=tell, tag="history", query=given),)


def _summaries(blueprint: Blueprint, eyes: Eyes) -> None:
    """`/history/summary`: the report of a day."""

    @blueprint.get("/history/summary")
    def summary() -> str:
        name = request.args.get("day", "") or "today"
        span = span_of_day(name, eyes.wall())
        account = eyes.days.read(Day(name=span.name, counted=_counted(viewing().everything)), WITHIN_S)
        day, ends = span.name, {"range": "own", "since": f"{span.since:.0f}", "until": f"{span.until:.0f}"}
        return render_template(
            "ledger/summary.html", day=day, today=day_name(eyes.wall()), before=day_name(span.since - 1),
            after=day_name(span.since + DAY_S), parts=None if account is None else shown_parts(account, language()),
            links={} if account is None else {each.id: _call_address(each) for each in account.slowest},
            times={} if account is None else {sent_text(each): each.sent_at for each in account.slowest},
            calls=_address("ledger.calls", ends, None),
        )  # fmt: skip


def _calls(blueprint: Blueprint, eyes: Eyes) -> tuple[Endpoint, ...]:
    """`/history/calls`: the list, one Call, and exports."""
    ledger, search, wall = eyes.ledger, eyes.search, eyes.wall
    exports = threading.BoundedSemaphore(EXPORTS)

    @blueprint.get("/history/calls")
    def calls() -> str:
        said = {name: text for name, text in request.args.items() if text}
        choice = read_choice(said, wall(), _counted(viewing().everything))
        found = search.page(choice, ROWS, said.get("after", ""), WITHIN_S)
        return render_template("ledger/calls.html", **_list_facts(said, choice, found, known_words(ledger)))

    @blueprint.get("/history/calls.<any(jsonl, csv):form>")
    def export(form: str) -> Response:
        choice = read_choice(request.args, wall(), _counted(viewing().everything))
        if not exports.acquire(blocking=False):
            raise RateLimited(
                "other exports are under way", hint="wait for them, or use `ollascope calls export`, which has no limit"
            )
        found = search.every(choice, MOST_EXPORTED)
        made = csv_pieces(found, Call) if form == "csv" else _lines(found)
        answer = Response(made, content_type=TYPES[form])
        answer.call_on_close(exports.release)
        answer.headers["Content-Disposition"] = f'attachment; filename="calls.{form}"'
        return answer

    @blueprint.get("/history/calls/<path:number>")
    def call(number: str) -> str:
        found = search.find(number, request.args.get("at", type=float), FIND_S) if len(number) <= LONGEST else None
        if found is None:
            abort(404)
        return render_template("ledger/call.html", under="ledger.calls", **_call_facts(found))

    def tell(asked: Asked) -> Json:
        said = {name: asked.text(name) for name in SAID}
        choice = read_choice(said, wall(), _counted(asked.flag("everything")))
        page = search.page(choice, asked.count("limit"), asked.text("after"), WITHIN_S)
        return {
            "calls": [to_json(each) for each in page.calls],
            "next": None if page.next is None else place_text(page.next),
            "whole": page.whole,
            "reached": page.reached,
        }

    def tell_one(asked: Asked) -> Json:
        found = search.find(asked.text("id"), asked.number("at"), FIND_S)
        if found is None:
            abort(404)
        return {**to_json(found), "meant": list(sentences(found.flags)), "metrics": _metrics(found)}

    return _of_list(tell), _of_one(tell_one)


def _list_facts(said: Mapping[str, str], choice: Choice, found: Found, known: Known) -> dict[str, object]:
    """What the list shows; its filters stay as they were asked for."""
    kept = {name: text for name, text in said.items() if name != "after"}
    here: dict[str, list[str | None]] = {
        "model": [call.model for call in found.calls], "engine": [call.engine for call in found.calls],
        "source": [call.source for call in found.calls], "outcome": [call.outcome for call in found.calls],
    }  # fmt: skip
    return {
        "rows": [_row(call) for call in found.calls],
        "said": {name: kept.get(name, "") for name in SAID},
        "filters": {name: _options(name, known[name], words, kept.get(name, "")) for name, words in here.items()},
        "ranges": [("", word("at any time")), *_ranges(), ("own", word("own range"))],
        "orders": _orders(),
        "columns": _columns(kept),
        "since": choice.where.since if kept.get("range", "") in {"", "own"} else None,
        "until": choice.where.until,
        "next": None if found.next is None and found.whole else _address("ledger.calls", kept, found.next),
        "top": _address("ledger.calls", kept, None) if "after" in said else None,
        "reached": found.reached if found.reached not in {inf, -inf} else None,
        "unfinished": not found.whole,
        "ranked": choice.field is not None,
        "cut_at": LONGEST_ORDER if found.cut else None,
        "exports": {form: _address("ledger.export", kept, None, form=form) for form in TYPES},
        "most_exported": MOST_EXPORTED,
        "narrow": bool({name for name, text in kept.items() if text} - {"order"}),
    }


def _ranges() -> list[tuple[str, str]]:
    texts = {"1h": word("last hour"), "6h": word("last 6 hours"), "24h": word("last 24 hours"),
             "7d": word("last 7 days"), "30d": word("last 30 days")}  # fmt: skip
    return [(name, texts[name]) for name in RANGES]


def _options(name: str, known: Sequence[str], here: Sequence[str | None], chosen: str) -> list[tuple[str, str]]:
    """What a filter can be: what was ever summed, what the page shows, and what was asked for."""
    words = sorted({*known, *(each for each in here if each), *([chosen] if chosen not in {"", FAILED} else [])})
    first = [("", word("all")), *([(FAILED, word("all failures"))] if name == "outcome" else [])]
    return [*first, *((each, each) for each in words)]


def _orders() -> list[tuple[str, str]]:
    texts = {
        "newest": word("newest first"), "oldest": word("oldest first"), "total": word("slowest first"),
        "ttft": word("latest first token first"), "tokens-in": word("most tokens in first"),
        "tokens-out": word("most tokens out first"),
    }  # fmt: skip
    return [(name, texts[name]) for name in ORDERS]


def _columns(kept: Mapping[str, str]) -> list[dict[str, str]]:
    """The titles of the columns; those that the list can be put in order by lead there."""
    order = kept.get("order") or "newest"
    sent = {"newest": "descending", "oldest": "ascending"}.get(order, "none")
    titles = [
        (word("sent"), "oldest" if order == "newest" else "newest", sent), (word("model"), "", ""),
        (word("outcome"), "", ""), *(
            (text, name, "descending" if order == name else "none")
            for text, name in (("TTFT", "ttft"), (word("total"), "total"), (word("tokens in"), "tokens-in"),
                               (word("tokens out"), "tokens-out"))
        ), (word("tokens/s"), "", ""), (word("source"), "", ""), (word("noticed"), "", ""),
    ]  # fmt: skip
    return [
        {"text": text, "address": _address("ledger.calls", {**kept, "order": name}, None) if name else "", "sort": sort}
        for text, name, sort in titles
    ]


def _address(endpoint: str, said: Mapping[str, str], after: Key | Rank | None, **inside: str) -> str:
    query = dict(said) if after is None else {**said, "after": place_text(after)}
    path = url_for(endpoint, **inside)  # type: ignore[arg-type]
    return f"{path}?{urlencode(query, errors='replace')}" if query else path


def _call_address(call: Call) -> str:
    """One Call's page, with the time at which it is found at once."""
    return f"{url_for('ledger.call', number=call.id)}?at={call.sent_at!r}"


def _row(call: Call) -> Row:
    return Row(
        call=call,
        address=_call_address(call),
        demo=is_demo(call.model, call.engine),
        tone=TONES[ending_of(call.outcome)],
        ttft_s=metric("ttft_s").of(call),
        tokens_per_s=metric("decode_tokens_per_s").of(call),
    )


def _call_facts(call: Call) -> dict[str, object]:
    """What the page of one Call shows."""
    phases = phases_of(call)
    begin = min((phase.start for phase in phases), default=0.0)
    end = max((phase.end for phase in phases), default=0.0)
    return {
        "row": _row(call),
        "phases": [_bar(phase, begin, max(end - begin, 1e-9)) for phase in phases],
        "begin": begin,
        "end": end,
        "metrics": _metrics(call),
        "flags": [(flag, word(FLAGS[flag]) if flag in FLAGS else flag.replace("-", " ")) for flag in call.flags],
        "cause": {"cold": word("it was not in memory"), "evicted": word("another model had pushed it out"),
                  "context-changed": word("another context length was asked for")}.get(call.load_cause or ""),
    }  # fmt: skip


def _bar(phase: Phase, begin: float, whole: float) -> dict[str, object]:
    names = {
        "late": word("sent later than it was due"),
        "connect": word("connecting"),
        "queue": word("waiting in the queue"),
        "load": word("loading the model"),
        "prefill": word("reading the prompt"),
        "untold": word("not told by the engine"),
        "thinking": word("thinking"),
        "decode": word("writing the answer"),
    }
    left = (phase.start - begin) / whole * 100
    return {
        "what": phase.what, "name": names[phase.what], "length": phase.length, "start": phase.start,
        "left": left, "width": max(phase.length / whole * 100, 0.3), "share": phase.length / whole,
    }  # fmt: skip


def _metrics(call: Call) -> dict[str, Json]:
    return {each.name: each.of(call) for each in METRICS if each.many is None}


def _counted(everything: bool) -> Counted:
    return WITH_OURS if everything else COUNTED


def _lines(calls: Iterator[Call]) -> Iterator[bytes]:
    """JSON lines as the ledger has them, some hundred at a time."""
    while piece := b"".join(map(encode, islice(calls, PIECE))):
        yield piece


def _of_list(tell: Callable[[Asked], Json]) -> Endpoint:
    given = (
        *(_filter(name) for name in WORDS),
        Parameter(name="outcome", meaning=f"only Calls with this outcome; {FAILED} is any failure", longest=LONGEST),
        *_time(""),
        Parameter(name="slower", meaning="only Calls that took at least so many seconds"),
        Parameter(name="order", meaning="which come first", choices=ORDERS, default="newest"),
        Parameter(name="after", meaning="go on from here: what `next` of the page before said", longest=LONGEST),
        Parameter(name="limit", kind="integer", default=ROWS, minimum=1, maximum=500, meaning="how many"),
        EVERYTHING,
    )
    summary = (
        "Calls in order; where they are not `whole`, the time was over (at `reached`, by time), and `next` goes on"
    )
    return Endpoint(path="/calls", summary=summary, answer=tell, tag="history", query=given)


def _of_one(tell: Callable[[Asked], Json]) -> Endpoint:
    return Endpoint(
        path="/calls/{id}", summary="Everything that is known of one Call", answer=tell, tag="history",
        troubles=(404, 504),
        inside=(Parameter(name="id", meaning="its id", longest=LONGEST),),
        query=(Parameter(name="at", kind="number", meaning="when it was sent: then it is found at once"),),
    )  # fmt: skip


def _filter(name: str) -> Parameter:
    return Parameter(name=name, meaning=f"only Calls with this {name}", longest=LONGEST)


def _time(usual: str) -> tuple[Parameter, ...]:
    return (
        Parameter(name="range", meaning="the time up to now", choices=("", "own", *RANGES), default=usual),
        Parameter(name="since", meaning="sent since then: seconds since 1970, or 2026-11-21T08:15 in UTC"),
        Parameter(name="until", meaning="sent before then"),
    )


def _script_words() -> dict[str, str]:
    """What the charts are labelled with."""
    return {
        "good": word("succeeded"), "failed": word("failed"), "out": word("tokens out"), "in": word("tokens in"),
        "speed": word("speed of one answer, p50"), "requests": word("requests"), "ttft_s": word("time to first token"),
        "total_s": word("total time"), "cpu_ratio": word("CPU in use"), "memory_ratio": word("memory in use"),
        "gpu_ratio": word("GPU in use"), "gpu_memory_ratio": word("GPU memory in use"), "load": word("models loaded"),
        "restart": word("restarts"), "alert": word("alerts"), "nothing": word("nothing was measured"),
        "unmeasured": word("the machine was not measured: `ollascope monitor` does it"),
    }  # fmt: skip
