"""The pages about models: the list, one model, making one, the playground; and what their scripts ask for."""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final, cast

import orjson
from flask import Blueprint, Response, abort, current_app, render_template, request

from ollascope.apis.models import Card
from ollascope.console.show import size_text
from ollascope.engines.metered import Sink
from ollascope.engines.ollama.state import instant_of
from ollascope.engines.pages.answers import Answers, seats, shown_times
from ollascope.engines.pages.asked import NUMBERS, read_body
from ollascope.engines.pages.files import About
from ollascope.engines.pages.fitting import Reckon, Shape, Taken, fit_facts
from ollascope.engines.pages.making import QUANTISATIONS, Way, Wish
from ollascope.engines.pages.models import FIRST_WAIT_S, WAIT_S, Given, Models, Scene
from ollascope.engines.pages.playground import Playground, choice_of
from ollascope.engines.pages.reached import Doorway
from ollascope.engines.pages.shelf import shelf_facts
from ollascope.engines.pages.speeds import Span, span_of
from ollascope.engines.retries import Retries
from ollascope.engines.settings import Engines
from ollascope.engines.shown.card import card_facts, card_rows
from ollascope.engines.shown.suggestion import suggest
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import is_demo
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.monitor.pages.speeds import Records
from ollascope.registry.gguf.estimate import Plan, estimate, longest_context
from ollascope.registry.gguf.read import Header, read_header
from ollascope.reports import say
from ollascope.reports.told import said
from ollascope.reports.words import Language
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.api.writing import json_answer
from ollascope.web.dashboard import SPARE_THREADS
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.kept import Kept
from ollascope.web.language import language
from ollascope.web.live.topic import Topic, Viewing
from ollascope.web.settings import Dashboard
from ollascope.web.viewer import viewing
from ollascope.words.call import Call
from ollascope.words.errors import Trouble
from ollascope.words.record import Json

LEDGER: Final = "ledger"
ROOT: Final = Path("/")
EVERY_S: Final = 0.5
ASKED_WAIT_S: Final = 2.0  # that a program waits for the list
LONGEST_S: Final = 20.0  # that a program waits for sums
SPANS: Final[tuple[Span, ...]] = ("day", "month")
LONG: Final = 200_000  # letters of a Modelfile, a system prompt or a template
FAILED: Final = b'{"error":'  # how the line of an answer begins that failed
TROUBLES: Final = (404, 500, 501, 502, 503, 504)


def pages(desk: Desk) -> Pages:
    """The entry Models."""
    section, dashboard = desk.settings.of(Engines), desk.settings.of(Dashboard)
    doorway, records = Doorway(section, desk.data), Records(ledger=desk.data / LEDGER, wall=desk.clock.wall)
    models = Models(doorway, desk.data, _given(records))
    streams = min(dashboard.streams, dashboard.threads - SPARE_THREADS)
    diary = Diary(desk)
    playground = Playground(
        doorway, Answers(seats(dashboard.threads, streams)), Retries(section.retries), diary.sink
    )  # fmt: skip
    blueprint = Blueprint("models", __name__)
    _show_models(blueprint, models)
    _show_playground(blueprint, models, playground)

    def close() -> None:
        for one in (models, playground, doorway, diary):
            one.close()

    return Pages(
        blueprint=blueprint,
        tabs=(
            Tab(entry="models", label="Models", endpoint="models.index", order=10),
            Tab(entry="models", label="Playground", endpoint="models.playground", order=20),
        ),
        topics=(_topic(models, can_change=not dashboard.read_only),),
        api=(*_told(models), *_changed(models, playground)),
        start=models.start,
        close=close,
    )


def _topic(models: Models, *, can_change: bool) -> Topic:
    """What changes on the pages about models."""

    def look(wanted: Viewing) -> Mapping[str, object]:
        return {"scene": models.scene(wanted.everything)}

    def show(found: Mapping[str, object]) -> Mapping[str, object]:
        scene = cast("Scene", found["scene"])
        return {
            "shelf": scene.shelf, "rows": scene.rows, "count": scene.count, "memory": scene.memory,
            "works": scene.works, "can_change": can_change, "size": size_text,
        }  # fmt: skip

    return Topic(name="models", look=look, template="engines/models_parts.html", show=show, every_s=EVERY_S)


def _show_models(blueprint: Blueprint, models: Models) -> None:
    @blueprint.get("/models")
    def index() -> str:
        text = request.args.get("find", "")[:200].strip()
        shelf = models.shelf.read(FIRST_WAIT_S)
        found, rows = models.find(text, viewing().everything)
        none = shelf is not None and shelf.models == () and shelf.here
        return render_template(
            "engines/models.html", find=text, shelf=shelf, found=found, rows=rows, size=size_text,
            suggestion=suggest(ROOT) if none else None,
        )  # fmt: skip

    @blueprint.get("/models/about")
    def about() -> str:
        name, span = request.args.get("name", ""), span_of(request.args.get("span", ""))
        card, shelf = models.card(name), models.shelf.read(WAIT_S)
        return render_template(
            "engines/about.html", under="models.index", name=name, card=card, rows=card_rows(name, card), shelf=shelf,
            demo=models.is_demo(shelf, name), fitted=models.fit(shelf, name, card), size=size_text, span=span,
            speeds=models.history(name, span, viewing().everything, FIRST_WAIT_S),
            here=request.full_path.rstrip("?"), modified=instant_of(card.modified_at),
        )  # fmt: skip

    @blueprint.get("/models/create")
    def create() -> str:
        return render_template(
            "engines/create.html", under="models.index", shelf=models.shelf.read(WAIT_S),
            files=models.files.read(WAIT_S) or (), source=request.args.get("from", ""), quantisations=QUANTISATIONS,
            size=size_text,
        )  # fmt: skip


def _show_playground(blueprint: Blueprint, models: Models, talk: Playground) -> None:
    @blueprint.get("/models/playground")
    def playground() -> str:
        shelf = models.shelf.read(WAIT_S)
        choice = choice_of(shelf, request.args.get("model", ""))
        demos = [one.name for one in choice.chats if models.is_demo(shelf, one.name)]
        return render_template("engines/playground.html", shelf=shelf, choice=choice, numbers=NUMBERS, demos=demos)

    @blueprint.post("/api/v1/models/chat")
    def chat() -> Response:
        answering = talk.begin(_body(), partial(_tell, "ledger.call" in current_app.view_functions))
        lines = map(partial(_spoken, language()), answering.lines())
        answer = Response(lines, mimetype="application/x-ndjson")
        answer.call_on_close(lambda: talk.answers.leave(answering))
        answer.headers["X-Accel-Buffering"] = "no"  # a proxy in front hands each line on
        return answer

    @blueprint.post("/api/v1/models/snippets")
    def snippet() -> Response:
        return json_answer(talk.snippets(_body()))


def _told(models: Models) -> tuple[Endpoint, ...]:
    """What programs may ask."""
    named = Parameter(name="name", meaning="a model, by its name in the list", required=True, longest=500)
    everything = Parameter(
        name="everything", kind="boolean", default=False, meaning="count requests of tests, probes and demos too"
    )
    span = Parameter(name="span", choices=SPANS, default="day", meaning="hours of a day, or days of a month")

    def shelf(_: Asked) -> Json:
        return shelf_facts(models.shelf.read(ASKED_WAIT_S))

    def card(asked: Asked) -> Json:
        name = asked.text("name")
        found = _or_trouble(models, name)
        return found if isinstance(found, dict) else {"known": True, **card_facts(name, found)}

    def fit(asked: Asked) -> Json:
        name = asked.text("name")
        found = _or_trouble(models, name)
        if isinstance(found, dict):
            return found
        return {"known": True, "name": name, **fit_facts(models.fit(models.shelf.read(ASKED_WAIT_S), name, found))}

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


def _changed(models: Models, playground: Playground) -> tuple[Endpoint, ...]:
    """What pages may change."""

    def load(asked: Asked) -> Json:
        context = asked.number("context")
        return {"id": models.load(asked.text("model"), None if context is None else int(context))}

    def create(asked: Asked) -> Json:
        said = {each.name: asked.text(each.name) for each in _WISH}
        way = cast("Way", said.pop("way"))
        return {"id": models.create(Wish(way=way, **said))}

    def copy(asked: Asked) -> Json:
        models.copy(asked.text("source"), asked.text("model"))
        return {"model": asked.text("model")}

    def delete(asked: Asked) -> Json:
        models.delete(asked.text("model"), asked.text("typed"))
        return {"model": asked.text("model")}

    def cancel(asked: Asked) -> Json:
        models.works.cancel(asked.text("id"))
        return {"id": asked.text("id")}

    model = Parameter(name="model", meaning="a model, by its name", required=True, longest=500)
    id_ = Parameter(name="id", meaning="the number of an order or of an answer", required=True, longest=40)
    context = Parameter(name="context", kind="integer", minimum=16, maximum=10_000_000, meaning="tokens to load it for")
    source = Parameter(name="source", meaning="the model that gets one more name", required=True, longest=500)
    typed = Parameter(name="typed", meaning="the same name, typed by hand", required=True, longest=500)
    make = partial(Endpoint, method="POST", tag="models", troubles=TROUBLES)
    return (
        make(path="/models/pull", summary="Get a model from its registry", body=(model,),
             answer=lambda asked: {"id": models.pull(asked.text("model"))}),
        make(path="/models/load", summary="Load a model into memory", answer=load, body=(model, context)),
        make(path="/models/unload", summary="Take a model out of memory", body=(model,),
             answer=lambda asked: {"id": models.unload(asked.text("model"))}),
        make(path="/models/create", summary="Make a model", answer=create, body=_WISH),
        make(path="/models/copy", summary="Give a model one more name", answer=copy, body=(source, model)),
        make(path="/models/delete", summary="Remove a model", answer=delete, body=(model, typed)),
        make(path="/models/cancel", summary="Give an order up", answer=cancel, body=(id_,)),
        make(path="/models/stop", summary="Stop an answer of the playground", body=(id_,),
             answer=lambda asked: {"stopped": playground.answers.stop(asked.text("id"))}),
    )  # fmt: skip


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


def _spoken(chosen: Language, line: bytes) -> bytes:
    """A line of an answer; what went wrong is told in the language of the page that asked."""
    if not line.startswith(FAILED):
        return line
    error = orjson.loads(line)["error"]
    error |= {key: said(error[key], chosen).text for key in ("message", "hint")}
    return orjson.dumps({"error": error}) + b"\n"


def _body() -> object:
    if not request.is_json:
        abort(415)
    return read_body(request.get_data())


class Diary:
    """Where answers of the playground leave their Calls; a folder is made only for the first."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._writer: Writer | None = None

    def sink(self) -> Sink:
        """What takes a Call."""
        with self._lock:
            if self._writer is None:
                settings = self._desk.settings.of(Ledger)
                self._writer = Writer(self._desk.data / LEDGER, settings, Origin.here("dashboard"))
            return self._writer.call

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()


def _given(records: Records) -> Given:
    return Given(
        keep=Kept, about=_about, reckon=Reckon(taken=_taken, longest=_longest), is_demo=is_demo, lately=records.lately,
        history=records.history,
    )  # fmt: skip


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


def _taken(shape: Shape, context: int) -> Taken:
    need = estimate(_header(shape), Plan(context=context))
    return Taken(weights=need.weights, cache=need.cache, rest=need.total - need.weights - need.cache)


def _longest(shape: Shape, free: int) -> int:
    """The longest context for which there is room, in all memories together."""
    return longest_context(_header(shape), Plan(context=shape.context), free)
