"""What is said about models: lists, what is loaded, details, versions, orders to change them and their progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ollascope.apis.body import Fields, count, encode, entries, entry, kept, malformed, read_fields, read_object, refuse
from ollascope.apis.body import words as text_of
from ollascope.apis.errors import missing, read_error_line
from ollascope.apis.ollama_request import valid_name
from ollascope.apis.parts import after_end, without_end
from ollascope.apis.reading import Lines
from ollascope.apis.routes import Action
from ollascope.words.errors import ModelTrouble, Trouble
from ollascope.words.record import Json

RUNNING: Final = b"Ollama is running"  # the body of GET /
OWNER: Final = "library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model a server has, or has loaded: then it expires and takes memory."""

    name: str
    size: int | None = None
    digest: str | None = None
    modified_at: str | None = None
    details: Mapping[str, Json] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    expires_at: str | None = None
    size_vram: int | None = None
    context_length: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that is known of one model; whatever has no field of its own is in extra: licence, tensors, messages."""

    template: str | None = None
    parameters: str | None = None
    modelfile: str | None = None
    system: str | None = None
    details: Mapping[str, Json] = field(default_factory=dict)
    model_info: Mapping[str, Json] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    modified_at: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request about a model as a whole: show, pull, push, create, copy (from `source`), delete."""

    model: str
    source: str | None = None
    stream: bool = True
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a pull, push or create has come; only the status `success` means done, whatever the numbers say."""

    status: str
    digest: str | None = None
    total: int | None = None
    completed: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        return self.status == "success"


def read_models(body: bytes) -> tuple[Model, ...]:
    """The models of /api/tags or /api/ps."""
    data = _checked(body)
    if "models" not in data:
        raise malformed("the answer holds no list of models")
    return tuple(_read_model(item) for item in entries(data["models"]))


def write_models(models: Sequence[Model]) -> bytes:
    """The body of /api/tags or /api/ps."""
    return encode({"models": [_write_model(model) for model in models]})


def read_openai_models(body: bytes) -> tuple[Model, ...]:
    """The models of /v1/models; a server without any may say null."""
    data = _checked(body)
    if "data" not in data:
        raise malformed("the answer holds no list of models")
    return tuple(_read_openai(item) for item in entries(data["data"]))


def write_openai_models(models: Sequence[Model]) -> bytes:
    """The body of /v1/models; no models are null, as with Ollama."""
    return encode({"object": "list", "data": [_write_openai(model) for model in models] or None}) + b"\n"


def read_openai_model(body: bytes) -> Model:
    """The body of /v1/models/:id."""
    return _read_openai(_checked(body))


def write_openai_model(model: Model) -> bytes:
    return encode(_write_openai(model)) + b"\n"


def read_card(body: bytes) -> Card:
    """The body of /api/show."""
    data = _checked(body)
    known = {"template", "parameters", "modelfile", "system", "details", "model_info", "capabilities", "modified_at"}
    return Card(
        template=_text(data, "template"),
        parameters=_text(data, "parameters"),
        modelfile=_text(data, "modelfile"),
        system=_text(data, "system"),
        details=entry(data.get("details")),
        model_info=entry(data.get("model_info")),
        capabilities=_texts(data.get("capabilities")),
        modified_at=_text(data, "modified_at"),
        extra={key: value for key, value in data.items() if key not in known},
    )


def write_card(card: Card) -> bytes:
    known: dict[str, Json | None] = {
        "modelfile": card.modelfile,
        "parameters": card.parameters,
        "template": card.template,
        "system": card.system,
        "details": card.details,
        "model_info": card.model_info,
        **card.extra,
        "capabilities": list(card.capabilities) or None,
        "modified_at": card.modified_at,
    }
    return encode(kept(known))


def read_version(body: bytes) -> str:
    """The version of /api/version."""
    return text_of(_checked(body).get("version"))


def write_version(version: str) -> bytes:
    return encode({"version": version})


def read_order(action: Action, body: bytes) -> Order:
    """The body of a request about a model as a whole; a blob's body is the file itself."""
    fields = read_fields(body, f"{action.capitalize()}Request", empty="missing request body")
    if action == "copy":
        source, model = fields.text("source") or "", fields.text("destination") or ""
        if not valid_name(source):
            raise refuse(f'source "{source}" is invalid')
        if not valid_name(model):
            raise refuse(f'destination "{model}" is invalid')
        return Order(model=model, source=source, extra=fields.rest())
    model = fields.text("model") or fields.text("name") or ""  # `name` is the older word for it
    if not valid_name(model):
        raise _no_model(action, model)
    stream = fields.flag("stream")
    _check_create(action, fields)
    return Order(model=model, stream=True if stream is None else stream, extra=fields.rest())


def write_order(order: Order) -> bytes:
    """The body of a request about a model as a whole."""
    if order.source is not None:
        return encode({**order.extra, "source": order.source, "destination": order.model})
    return encode({**order.extra, "model": order.model, **({} if order.stream else {"stream": False})})


class ProgressReader:
    """The bytes of a pull, push or create, cut anywhere, to Progress; an end without success is an error."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._done = False
        self._trouble: Trouble | None = None

    def feed(self, data: bytes) -> list[Progress]:
        if self._trouble is not None:
            raise self._trouble
        steps: list[Progress] = []
        try:
            for line in self._lines.feed(data):
                step = self._take(line)
                steps.append(step)
        except Trouble as trouble:
            self._trouble = trouble
            if not steps:
                raise
        return steps

    def finish(self) -> list[Progress]:
        if self._trouble is not None:
            raise self._trouble
        steps = [self._take(line) for line in self._lines.rest()]
        if not self._done:
            raise without_end()
        return steps

    def _take(self, line: bytes) -> Progress:
        data = read_object(line)
        if self._done:
            raise after_end()
        if "error" in data:
            raise read_error_line(data["error"], otherwise=ModelTrouble)
        if "status" not in data:
            raise malformed("the answer holds a line without a status")
        known = {"status", "digest", "total", "completed"}
        step = Progress(
            status=text_of(data["status"]),
            digest=_text(data, "digest"),
            total=count(data.get("total")),
            completed=count(data.get("completed")),
            extra={key: value for key, value in data.items() if key not in known},
        )
        self._done = step.success
        return step


def write_progress(step: Progress) -> bytes:
    """One line of progress; a count of zero is left out, as Ollama does."""
    known: dict[str, Json | None] = {
        "status": step.status,
        "digest": step.digest,
        "total": step.total or None,
        "completed": step.completed or None,
    }
    return encode({**kept(known), **step.extra}) + b"\n"


def _checked(body: bytes) -> dict[str, Json]:
    data = read_object(body)
    if "error" in data:
        raise read_error_line(data["error"], otherwise=ModelTrouble)
    return data


def _text(data: Mapping[str, Json], key: str) -> str | None:
    value = data.get(key)
    return None if value is None else text_of(value)


def _texts(value: Json) -> tuple[str, ...]:
    if value is not None and not isinstance(value, list):
        raise malformed("the answer holds something else where a list of texts belongs")
    return tuple(text_of(item) for item in value or ())


def _read_model(data: Mapping[str, Json]) -> Model:
    known = {
        *("name", "model", "size", "digest", "modified_at", "details"),
        *("capabilities", "expires_at", "size_vram", "context_length"),
    }
    return Model(
        name=text_of(data.get("name")) or text_of(data.get("model")),
        size=count(data.get("size")),
        digest=_text(data, "digest"),
        modified_at=_text(data, "modified_at"),
        details=entry(data.get("details")),
        capabilities=_texts(data.get("capabilities")),
        expires_at=_text(data, "expires_at"),
        size_vram=count(data.get("size_vram")),
        context_length=count(data.get("context_length")),
        extra={key: value for key, value in data.items() if key not in known},
    )


def _write_model(model: Model) -> dict[str, Json]:
    known: dict[str, Json | None] = {
        "name": model.name,
        "model": model.name,
        "modified_at": model.modified_at,
        "size": model.size or 0,
        "digest": model.digest or "",
        "details": dict(model.details),
        "expires_at": model.expires_at,
        "size_vram": model.size_vram,
        "context_length": model.context_length,
        "capabilities": list(model.capabilities) or None,
    }
    return {**kept(known), **model.extra}


def _read_openai(data: Mapping[str, Json]) -> Model:
    created = count(data.get("created"))
    known = {"id", "object", "created"}
    return Model(
        name=text_of(data.get("id")),
        modified_at=_instant(created) if created is not None else None,
        extra={key: value for key, value in data.items() if key not in known},
    )


def _write_openai(model: Model) -> dict[str, Json]:
    return {"id": model.name, "object": "model", "created": _seconds(model.modified_at), "owned_by": OWNER}


def _instant(seconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return None


def _seconds(instant: str | None) -> int:
    try:
        return int(datetime.fromisoformat(instant or "1970-01-01T00:00:00Z").timestamp())
    except ValueError:
        return 0


def _no_model(action: Action, model: str) -> Trouble:
    if action == "show" and not model:
        return refuse("model is required")
    if action in {"delete", "show"}:
        return missing(model)
    return refuse("invalid model name")


def _check_create(action: Action, fields: Fields) -> None:
    left = fields.rest()
    if action == "create" and not (left.get("from") or left.get("files")):
        raise refuse("neither 'from' or 'files' was specified")
