"""The pages about models: the list, one model, making one, the playground; and what their scripts ask for."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final, cast

from flask import Blueprint, Response, abort, current_app, render_template, request

from ollascope.apis.models import Card
from ollascope.console.show import size_text
from ollascope.engines.metered import Metered, Sink
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.ollama.state import instant_of
from ollascope.engines.pages.answers import Answers, Open, seats, shown_times
from ollascope.engines.pages.asked import NUMBERS, prompt_of_body, read_body
from ollascope.engines.pages.files import About, Files
from ollascope.engines.pages.fitting import Fit, Room, Shape, Taken, fit_facts, fits_of, read_room, shape_of
from ollascope.engines.pages.making import QUANTISATIONS, Stock, Way, Wish, check_name, order_of_pull, order_of_wish
from ollascope.engines.pages.reached import Doorway, Reached
from ollascope.engines.pages.rows import MOST_ROWS, Row, memory_row, rows_of
from ollascope.engines.pages.shelf import Shelf, Shelves, matching, shelf_facts
from ollascope.engines.pages.snippets import snippets
from ollascope.engines.pages.speeds import RATE, TTFT, Point, Span, Speeds, point_of, span_of, speeds_of
from ollascope.engines.pages.works import Carry, Works, load, unload
from ollascope.engines.retries import Retries
from ollascope.engines.settings import Engines
from ollascope.engines.shown.card import card_facts, card_rows
from ollascope.engines.shown.lists import Listed
from ollascope.engines.shown.suggestion import suggest
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import COUNTED, Counted, Where, is_demo
from ollascope.ledger.settings import Ledger
from ollascope.ledger.summary import Question, summarise
from ollascope.ledger.writer import Writer
from ollascope.registry.gguf.estimate import Plan, estimate, longest_context
from ollascope.registry.gguf.read import Header, read_header
from ollascope.reports import say
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.api.writing import json_answer
from ollascope.web.dashboard import SPARE_THREADS
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.kept import Kept
from ollascope.web.live.topic import Topic, Viewing
from ollascope.web.settings import Dashboard
from ollascope.web.viewer import viewing
from ollascope.words.call import Call
from ollascope.words.errors import BadUsage, StorageTrouble, Trouble
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json
from ollascope.words.summary import Summary

SOURCE: Final = "playground"  # of the Calls that answers in the playground leave
LEDGER: Final = "ledger"
FOLDER: Final = "models"  # of GGUF files, in the data folder
ROOT: Final = Path("/")
SHELF_S, SPEEDS_S, ROOM_S, FILES_S = 2.0, 120.0, 5.0, 10.0
MOST_HISTORIES: Final = 32
FIRST_WAIT_S: Final = 0.15  # that a page waits for what is not known yet
EVERY_S: Final = 0.5
LONGEST_S: Final = 20.0  # that a program waits for sums
LATELY_S: Final = 7 * 86_400
WITH_OURS: Final = Counted(own=True, demo=True)
SPANS: Final[tuple[Span, ...]] = ("day", "month")
LONG: Final = 200_000  # letters of a Modelfile, a system prompt or a template


class Models:
    """What all pages about models know, each asked once for all viewers, and the orders that they give."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        settings = desk.settings
        self.section = settings.of(Engines)
        self.read_only = settings.of(Dashboard).read_only
        self.doorway = Doorway(self.section, desk.data)
        self.looking = Reached(self.doorway.open_quick, self.doorway.leave)
        self.speaking = Reached(self.doorway.open, self.doorway.leave)
        self.retries = Retries(self.section.retries)
        self.works = Works(self.doorway.open, self.doorway.leave)
        section = settings.of(Dashboard)
        self.answers = Answers(seats(section.threads, min(section.streams, section.threads - SPARE_THREADS)))
        self._shelves = Shelves()
        self._seen_ended = 0
        self.shelf = Kept("models", self._look, SHELF_S)
        self.speeds = {
            everything: Kept(f"speeds-{everything}", partial(self._lately, everything), SPEEDS_S)
            for everything in (False, True)
        }
        self.room = Kept("room", partial(read_room, ROOT), ROOM_S)
        self.files = Kept("files", Files(folder=desk.data / FOLDER, read=_about).list, FILES_S)
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._histories: dict[tuple[str, Span, bool], Kept[Speeds]] = {}

    def close(self) -> None:
        """End what is on its way, and give everything back."""
        self.works.close()
        self.answers.close()
        self.looking.close()
        self.speaking.close()
        self.doorway.close()
        if self._writer is not None:
            self._writer.close()

    def look(self, wanted: Viewing) -> Mapping[str, object]:
        """For the live parts of pages."""
        if self.works.ended != self._seen_ended:
            self._seen_ended = self.works.ended
            self.shelf.forget()
        shelf = self.shelf.read(FIRST_WAIT_S)
        return {"shelf": shelf, "works": self.works.list(), "speeds": self.speeds[wanted.everything].read() or {}}

    def show(self, found: Mapping[str, object]) -> Mapping[str, object]:
        """What the templates of live parts take."""
        shelf = cast("Shelf | None", found["shelf"])
        speeds = cast("Mapping[str, Point]", found["speeds"])
        models = shelf.models if shelf and shelf.models is not None else ()
        return {
            "shelf": shelf,
            "rows": [] if shelf is None else self.rows(shelf, models[:MOST_ROWS], speeds),
            "count": len(models),
            "memory": [memory_row(one, self._is_demo(shelf)) for one in shelf.loaded or ()] if shelf else [],
            "works": found["works"],
            "can_change": not self.read_only,
            "size": size_text,
        }

    def rows(self, shelf: Shelf, models: tuple[Listed, ...], speeds: Mapping[str, Point]) -> list[Row]:
        """Rows of a list."""
        return rows_of(shelf, models, speeds, self._is_demo(shelf))

    def card(self, name: str) -> Card:
        """All that the server tells of one model."""
        with self.looking.use() as engine:
            return engine.show(name)

    def fits(self, shelf: Shelf | None, name: str, card: Card) -> tuple[Shape | None, Room | None, list[Fit]]:
        """The need of a model at each context; the machine is known only where the server runs on it."""
        found = shelf.find(name) if shelf else None
        shape = shape_of(card, found.size_bytes if found else None)
        room = self.room.read(1.0) if shelf and shelf.here else None
        if shape is None:
            return None, room, []
        held = shelf.find_loaded(name) if shelf else None
        if room is not None and held is not None:  # what it takes itself is free for it
            room = room.without(held.size_bytes or 0, held.gpu_ratio or 0.0)
        return shape, room, fits_of(shape.context, partial(_taken, _header(shape)), room)

    def history(self, name: str, span: Span, everything: bool, wait_s: float) -> Speeds | None:
        """How fast a model was; None while many records are still being summed."""
        key = (bare_name(name), span, everything)
        with self._lock:
            kept = self._histories.pop(key, None)
            if kept is None:
                kept = Kept("history", partial(self._history, name, span, everything), SPEEDS_S)
            self._histories[key] = kept
            while len(self._histories) > MOST_HISTORIES:
                del self._histories[next(iter(self._histories))]
        return kept.read(wait_s)

    def stock(self) -> Stock:
        """What a model may be made of."""
        with self.looking.use() as engine:
            names = [model.name for model in engine.models()]
        return Stock(models=names, files={file.name: file.path for file in self.files.read(2.0) or ()})

    def delete(self, name: str, typed: str) -> None:
        """Remove a model whose name was typed."""
        if typed != name:
            raise BadUsage("the name that was typed is another", hint=f"type {name} to remove it")
        with self.looking.use() as engine:
            engine.delete(name)
        self.shelf.forget()

    def copy(self, source: str, name: str) -> None:
        """Give a model one more name."""
        check_name(name)
        with self.looking.use() as engine:
            engine.copy(source, name)
        self.shelf.forget()

    def ask(self, prompt: Prompt) -> Open:
        """An answer to come."""
        calls: list[Call] = []
        sink = self._sink()

        def take(call: Call) -> None:
            sink(call)
            calls.append(call)

        engine = self.speaking.take()
        stream = Metered(engine, take, source=SOURCE, retries=self.retries).stream(prompt)
        return Open(stream=stream, calls=calls, leave=lambda trouble: self.speaking.give_back(engine, trouble))

    def _sink(self) -> Sink:
        with self._lock:
            if self._writer is None:
                ledger, settings = self.desk.data / LEDGER, self.desk.settings.of(Ledger)
                self._writer = Writer(ledger, settings, Origin.here("dashboard"))
            return self._writer.call

    def _look(self) -> Shelf:
        try:
            with self.looking.use() as engine:
                return self._shelves.look(engine)
        except Trouble as trouble:
            return Shelf(trouble=trouble.message, hint=trouble.hint)

    def _lately(self, everything: bool) -> dict[str, Point]:
        now = time.time()
        found = self._sums(everything, (now - LATELY_S, now + 1), None, (TTFT, RATE))
        return {name: point_of(now, summary) for name, summary in found.items()}

    def _history(self, name: str, span: Span, everything: bool) -> Speeds:
        def count(since: float, until: float) -> dict[str, int]:
            return {model: one.requests for model, one in self._sums(everything, (since, until), None, ()).items()}

        def ask(since: float, until: float, model: str) -> Summary | None:
            return self._sums(everything, (since, until), model, (TTFT, RATE)).get(model)

        try:
            return speeds_of(count, ask, name, span, time.time())
        except StorageTrouble as trouble:
            return Speeds(span=span, trouble=trouble.message)

    def _sums(
        self, everything: bool, ends: tuple[float, float], model: str | None, metrics: tuple[str, ...]
    ) -> dict[str, Summary]:
        counted = WITH_OURS if everything else COUNTED
        where = Where(since=ends[0], until=ends[1], model=model, counted=counted)
        found = summarise(self.desk.data / LEDGER, Question(where=where, by=("model",), metrics=metrics))
        return {name: each for (name,), each in found.items() if name}

    def _is_demo(self, shelf: Shelf) -> Callable[[str], bool]:
        return lambda name: is_demo(name, shelf.engine)


def pages(desk: Desk) -> Pages:
    """The entry Models."""
    models = Models(desk)
    blueprint = Blueprint("models", __name__)
    _show_pages(blueprint, models)
    _stream_answers(blueprint, models)
    topic = Topic(
        name="models", look=models.look, template="engines/models_parts.html", show=models.show, every_s=EVERY_S
    )
    return Pages(
        blueprint=blueprint,
        tabs=(
            Tab(entry="models", label="Models", endpoint="models.index", order=10),
            Tab(entry="models", label="Playground", endpoint="models.playground", order=20),
        ),
        topics=(topic,),
        api=(*_told(models), *_changed(models)),
        close=models.close,
    )


def _show_pages(blueprint: Blueprint, models: Models) -> None:
    @blueprint.get("/models")
    def index() -> str:
        find = request.args.get("find", "")[:200].strip()
        shelf = models.shelf.read(FIRST_WAIT_S)
        found = matching(shelf.models or (), find) if shelf and find else []
        speeds = models.speeds[viewing().everything].read() or {}
        none = shelf is not None and shelf.models == () and shelf.here
        return render_template(
            "engines/models.html", find=find, shelf=shelf, found=len(found), size=size_text,
            rows=models.rows(shelf, tuple(found[:MOST_ROWS]), speeds) if shelf else [],
            suggestion=suggest(ROOT) if none else None,
        )  # fmt: skip

    @blueprint.get("/models/about")
    def about() -> str:
        name, span = request.args.get("name", ""), span_of(request.args.get("span", ""))
        check_name(name)
        shelf, card = models.shelf.read(1.0), models.card(name)
        shape, room, fits = models.fits(shelf, name, card)
        longest = None if shape is None or room is None else _longest(shape, room)
        return render_template(
            "engines/about.html", under="models.index", name=name, card=card, rows=card_rows(name, card), shelf=shelf,
            demo=is_demo(name, shelf.engine if shelf else None), fits=fits, room=room, longest=longest, shape=shape,
            speeds=models.history(name, span, viewing().everything, FIRST_WAIT_S), size=size_text, span=span,
            here=request.full_path.rstrip("?"), modified=instant_of(card.modified_at),
        )  # fmt: skip

    @blueprint.get("/models/create")
    def create() -> str:
        shelf = models.shelf.read(1.0)
        return render_template(
            "engines/create.html", under="models.index", shelf=shelf, files=models.files.read(1.0) or (),
            source=request.args.get("from", ""), quantisations=QUANTISATIONS, size=size_text, folder=FOLDER,
        )  # fmt: skip

    @blueprint.get("/models/playground")
    def playground() -> str:
        shelf = models.shelf.read(1.0)
        chats = [one for one in (shelf.models or () if shelf else ()) if not one.can or "completion" in one.can]
        first = request.args.get("model", "") or next((one.name for one in (shelf.loaded or () if shelf else ())), "")
        return render_template(
            "engines/playground.html", shelf=shelf, chats=chats, first=first, numbers=NUMBERS,
            demos=[one.name for one in chats if is_demo(one.name, shelf.engine if shelf else None)],
        )  # fmt: skip


def _stream_answers(blueprint: Blueprint, models: Models) -> None:
    @blueprint.post("/api/v1/models/chat")
    def chat() -> Response:
        prompt = prompt_of_body(_body())
        linked = "ledger.call" in current_app.view_functions
        answering = models.answers.begin(lambda: models.ask(prompt), partial(_tell, linked))
        answer = Response(answering.lines(), mimetype="application/x-ndjson")
        answer.call_on_close(lambda: models.answers.leave(answering))
        answer.headers["X-Accel-Buffering"] = "no"  # a proxy in front hands each line on
        return answer

    @blueprint.post("/api/v1/models/snippets")
    def snippet() -> Response:
        prompt = prompt_of_body(_body())
        with models.speaking.use() as engine:
            return json_answer(snippets(engine.name, engine.backend, prompt))


def _told(models: Models) -> tuple[Endpoint, ...]:
    """What programs may ask."""
    named = Parameter(name="name", meaning="a model, by its name in the list", required=True, longest=500)
    everything = Parameter(
        name="everything", kind="boolean", default=False, meaning="count requests of tests, probes and demos too"
    )
    span = Parameter(name="span", choices=SPANS, default="day", meaning="hours of a day, or days of a month")

    def shelf(_: Asked) -> Json:
        return shelf_facts(models.shelf.read(2.0))

    def card(asked: Asked) -> Json:
        name = asked.text("name")
        check_name(name)
        found = _or_trouble(models, name)
        return found if isinstance(found, dict) else {"known": True, **card_facts(name, found)}

    def fit(asked: Asked) -> Json:
        name, known = asked.text("name"), models.shelf.read(2.0)
        check_name(name)
        found = _or_trouble(models, name)
        if isinstance(found, dict):
            return found
        shape, room, fits = models.fits(known, name, found)
        longest = None if shape is None or room is None else _longest(shape, room)
        return {"known": True, "name": name, **fit_facts(room, longest, fits)}

    def speed(asked: Asked) -> Json:
        name = asked.text("name")
        found = models.history(name, span_of(asked.text("span")), asked.flag("everything"), LONGEST_S)
        return {"known": found is not None, **(asdict(found) if found is not None else {})}

    def work(_: Asked) -> Json:
        return {"orders": [asdict(one) for one in models.works.list()]}

    return (
        Endpoint(path="/models", summary="The models of the server, and those in memory", tag="models", answer=shelf),
        Endpoint(path="/models/card", summary="All that is known of one model", tag="models", answer=card,
                 query=(named,), troubles=(404,)),
        Endpoint(path="/models/fit", summary="The memory that one model needs at each context", tag="models",
                 answer=fit, query=(named,), troubles=(404,)),
        Endpoint(path="/models/speed", summary="How fast one model was", tag="models", answer=speed,
                 query=(named, span, everything)),
        Endpoint(path="/models/orders", summary="Orders on their way, and those that ended last", tag="models",
                 answer=work),
    )  # fmt: skip


def _changed(models: Models) -> tuple[Endpoint, ...]:
    """What pages may change."""
    model = Parameter(name="model", meaning="a model, by its name", required=True, longest=500)

    def begin(order: str, name: str, carry: Carry) -> Json:
        return {"id": models.works.begin(order, name, carry)}

    def pull(asked: Asked) -> Json:
        order = order_of_pull(asked.text("model").strip())
        return begin("pull", order.model, lambda engine: engine.pull(order))

    def load_it(asked: Asked) -> Json:
        name, context = asked.text("model"), asked.number("context")
        check_name(name)
        return begin("load", name, lambda engine: load(engine, name, None if context is None else int(context)))

    def unload_it(asked: Asked) -> Json:
        name = asked.text("model")
        check_name(name)
        return begin("unload", name, lambda engine: unload(engine, name))

    def create(asked: Asked) -> Json:
        said = {each.name: asked.text(each.name) for each in _WISH}
        way = cast("Way", said.pop("way"))
        order = order_of_wish(Wish(way=way, **said), models.stock())
        return begin("create", order.model, lambda engine: engine.create(order))

    def copy(asked: Asked) -> Json:
        models.copy(asked.text("source"), asked.text("model"))
        return {"model": asked.text("model")}

    def delete(asked: Asked) -> Json:
        models.delete(asked.text("model"), asked.text("typed"))
        return {"model": asked.text("model")}

    def cancel(asked: Asked) -> Json:
        models.works.cancel(asked.text("id"))
        return {"id": asked.text("id")}

    def stop(asked: Asked) -> Json:
        return {"stopped": models.answers.stop(asked.text("id"))}

    make = partial(Endpoint, method="POST", tag="models", troubles=TROUBLES)
    id_ = Parameter(name="id", meaning="the number of an order or of an answer", required=True, longest=40)
    context = Parameter(name="context", kind="integer", minimum=16, maximum=10_000_000, meaning="tokens to load it for")
    source = Parameter(name="source", meaning="the model that gets one more name", required=True, longest=500)
    typed = Parameter(name="typed", meaning="the same name, typed by hand", required=True, longest=500)
    return (
        make(path="/models/pull", summary="Get a model from its registry", answer=pull, body=(model,)),
        make(path="/models/load", summary="Load a model into memory", answer=load_it, body=(model, context)),
        make(path="/models/unload", summary="Take a model out of memory", answer=unload_it, body=(model,)),
        make(path="/models/create", summary="Make a model", answer=create, body=_WISH),
        make(path="/models/copy", summary="Give a model one more name", answer=copy, body=(source, model)),
        make(path="/models/delete", summary="Remove a model", answer=delete, body=(model, typed)),
        make(path="/models/cancel", summary="Give an order up", answer=cancel, body=(id_,)),
        make(path="/models/stop", summary="Stop an answer of the playground", answer=stop, body=(id_,)),
    )


TROUBLES: Final = (404, 500, 501, 502, 503, 504)
_WISH: Final = (
    Parameter(name="model", meaning="the name of what is made", required=True, longest=500),
    Parameter(name="way", meaning="what it is made of", required=True, choices=("model", "file", "modelfile")),
    Parameter(name="source", meaning="a model of the list, or a file in the folder of models", longest=500),
    Parameter(name="modelfile", meaning="a Modelfile", longest=LONG),
    Parameter(name="system", meaning="what the model is told before every conversation", longest=LONG),
    Parameter(name="template", meaning="how a conversation is written for the model", longest=LONG),
    Parameter(name="parameters", meaning="a line each, as in temperature 0.7", longest=LONG),
    Parameter(name="quantize", meaning="how to pack the weights", choices=QUANTISATIONS, default=""),
)


def _or_trouble(models: Models, name: str) -> Card | dict[str, Json]:
    """The card of a model; a server that cannot tell is a finding, as in the list, and no failure of ours."""
    try:
        return models.card(name)
    except Trouble as trouble:
        if trouble.status < 500:
            raise
        return {"known": False, "trouble": trouble.message, "hint": trouble.hint}


def _tell(linked: bool, facts: Mapping[str, Json], call: Call) -> Mapping[str, Json]:
    """The facts of an answer with its times as a person reads them, and where its Call is shown."""
    shown = shown_times(call, say.seconds, say.token_rate)
    address = f"/history/calls/{call.id}" if linked else None
    return {**facts, "shown": shown, "demo": is_demo(call.model, call.engine), "address": address}


def _body() -> object:
    if not request.is_json:
        abort(415)
    return read_body(request.get_data())


def _about(path: Path) -> About:
    header = read_header(path)
    return About(
        architecture=header.architecture, quantisation=header.quantisation, parameters=header.parameters,
        context=header.context, trouble="" if header.parts == 1 else f"part {header.part} of {header.parts}",
    )  # fmt: skip


def _header(shape: Shape) -> Header:
    """What the estimate needs, as the head of a file would tell it."""
    return Header(
        version=3, architecture="", kind="model", name=None, context=shape.context, layers=shape.layers,
        hidden=shape.hidden, ffn=shape.ffn, heads=shape.heads, kv_heads=shape.kv_heads, key=shape.key,
        value=shape.value, window=None, experts=None, experts_used=None, vocabulary=shape.vocabulary, tokenizer=None,
        pretokenizer=None, template=None, pooling=None, embeds=False, file_type=None, quantisation="", license=None,
        part=1, parts=1, tensors=0, parameters=0, weight_bytes=shape.weight_bytes, embedding_bytes=0,
        file_bytes=shape.weight_bytes,
    )  # fmt: skip


def _taken(header: Header, context: int) -> Taken:
    need = estimate(header, Plan(context=context))
    return Taken(weights=need.weights, cache=need.cache, rest=need.total - need.weights - need.cache)


def _longest(shape: Shape, room: Room) -> int:
    """The longest context for which there is room now, in all memories together."""
    return longest_context(_header(shape), Plan(context=shape.context), room.gpu_free + (room.memory_free or 0))
