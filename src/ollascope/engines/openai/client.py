"""The client of a server of the OpenAI API: the Engine contract, as far as that API goes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from ollascope.apis.errors import missing, read_error
from ollascope.apis.formats import answer_reader, write_request
from ollascope.apis.models import Card, Model, Order, Progress, read_openai_models
from ollascope.apis.routes import route_to
from ollascope.engines.address import bare
from ollascope.engines.engine import Capabilities, Health
from ollascope.engines.ollama.mistakes import nearest
from ollascope.engines.openai.gauges import Counters, parse_counters
from ollascope.engines.openai.stream import OpenAiStream
from ollascope.engines.wire import Patience, Session
from ollascope.engines.wire.session import Whole
from ollascope.host.runner import Slots, parse_slots
from ollascope.words.chunk import Chunk
from ollascope.words.errors import AccessDenied, BadUsage, ModelMissing, Trouble, Unsupported
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json
from ollascope.words.setting import Secret

BESIDE: Final = Patience(connect_s=1.0, first_s=1.0, idle_s=1.0, answer_s=1.0)  # questions asked in passing
LARGEST: Final = 4 << 20
OWN: Final = "use the server's own commands for it; the OpenAI API has none"
KEY_HINT: Final = "give the key in OLLASCOPE__ENGINES__OPENAI__KEY, or a file that engines.openai.key_file names"

# What the models of `/v1/models` say who owns them, by server.
OWNERS: Final = {
    "llamacpp": "llama-server", "vllm": "vLLM", "sglang": "SGLang", "library": "Ollama",
    "organization_owner": "LM Studio",
}  # fmt: skip


class OpenAi:
    """One server at one address; threads may share it."""

    name = "openai"

    def __init__(
        self, url: str, patience: Patience | None = None, *, key: Secret | None = None, ca_file: Path | None = None
    ) -> None:
        self._patience = patience or Patience()
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        self._session = Session(bare(url), self._patience, headers=headers, ca_file=ca_file)

    @property
    def backend(self) -> str:
        """Its address without credentials, and without /v1."""
        return self._session.url

    def stream(self, prompt: Prompt) -> OpenAiStream:
        """An answer in Chunks; nothing is sent before the first is asked for."""
        if prompt.operation == "embed":
            raise BadUsage("embeddings do not come as a stream", hint="ask for them with `embed`")
        return OpenAiStream(self._session, prompt, self._refused)

    def embed(self, prompt: Prompt) -> Chunk:
        """The vectors of the texts, in order."""
        route = route_to("openai", "embed")
        assert route is not None
        patience = replace(self._patience, answer_s=self._patience.first_s)
        answer = self._session.whole("POST", route.path, write_request("openai", "embed", prompt), patience=patience)
        if not 200 <= answer.status < 300:
            raise self._refused(answer.status, answer.body, prompt)
        reader = answer_reader("openai", "embed", answer.headers.get("content-type", ""))
        return [*reader.feed(answer.body), *reader.finish()][-1]

    def models(self) -> tuple[Model, ...]:
        """The models that it serves."""
        return read_openai_models(self._asked("/v1/models").body)

    def loaded(self) -> tuple[Model, ...]:
        """The models in memory: a router tells it of each, others serve one that is always there."""
        models = self.models()
        states = [_state(model) for model in models]
        if any(states):
            return tuple(model for model, state in zip(models, states, strict=True) if state == "loaded")
        if server_of(models) in {"llama-server", "vLLM", "SGLang"}:
            return models
        raise Unsupported(f"{self.backend} does not tell which models are in memory", hint=OWN)

    def show(self, model: str) -> Card:
        """What the server tells of one of its models."""
        found = next((one for one in self.models() if one.name == model), None)
        if found is None:
            raise missing(model, nearest(model, self._names()))
        props = self._props()
        template = props.get("chat_template")
        info: dict[str, Json] = dict(found.extra)
        return Card(template=template if isinstance(template, str) else None, model_info=info, details=found.details)

    def load(self, model: str, *, keep_alive: str | float | None = None, context: int | None = None) -> None:
        self._cannot("load a model on request")

    def unload(self, model: str) -> None:
        self._cannot("unload a model on request")

    def pull(self, order: Order) -> Iterator[Progress]:
        self._cannot("pull models")

    def create(self, order: Order) -> Iterator[Progress]:
        self._cannot("create models")

    def copy(self, source: str, model: str) -> None:
        self._cannot("copy models")

    def delete(self, model: str) -> None:
        self._cannot("delete models")

    def health(self) -> Health:
        """Whether it answers, what it is and which models it serves."""
        try:
            models = read_openai_models(self._asked("/v1/models", BESIDE).body)
        except Trouble as trouble:
            hint = KEY_HINT if isinstance(trouble, AccessDenied) else trouble.hint
            return Health(state="problem", text=f"{self.backend}: {trouble.message}", hint=hint)
        server, names = server_of(models) or "a server of the OpenAI API", [model.name for model in models]
        version = self._version()
        served = f"it serves {', '.join(names)}" if names else "it has no model"
        return Health(
            state="ok" if names else "warning",
            text=f"{server}{f' {version}' if version else ''} answers at {self.backend}; {served}",
            hint="" if names else "start it with a model",
            version=version,
            facts={"url": self.backend, "server": server, "models": list(names)},
        )

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the API can carry; how far a model goes is known only where the server tells its context."""
        models = self.models()
        if model is not None and model not in [one.name for one in models]:
            raise missing(model, nearest(model, [one.name for one in models]))
        chosen = next((one for one in models if one.name == model), None)
        return Capabilities(
            operations=frozenset({"chat", "generate", "embed"}),
            orders=frozenset({"show"}),
            context_length=_context(chosen) if chosen else None,
            source=f"the OpenAI API of {server_of(models) or 'this server'}",
        )

    def counters(self) -> Counters | None:
        """The counters of `/metrics`, where they are on."""
        said = self._beside("/metrics")
        return parse_counters(said) if said is not None else None

    def slots(self) -> Slots | None:
        """The slots of a llama-server; to be asked rarely, since asking keeps one awake that would sleep."""
        said = self._beside("/slots")
        return parse_slots(said) if said is not None else None

    def close(self) -> None:
        """Ends what is under way and gives the connections back."""
        self._session.close()

    def _refused(self, status: int, body: bytes, prompt: Prompt) -> Trouble:
        trouble = read_error(status, body)
        if isinstance(trouble, ModelMissing):
            return missing(prompt.model, nearest(prompt.model, self._names()), status=trouble.status)
        if isinstance(trouble, AccessDenied):
            return AccessDenied(trouble.message, hint=KEY_HINT)
        return trouble

    def _asked(self, path: str, patience: Patience | None = None) -> Whole:
        answer = self._session.whole("GET", path, patience=patience)
        if not 200 <= answer.status < 300:
            raise read_error(answer.status, answer.body)
        return answer

    def _beside(self, path: str) -> str | None:
        """A page that not every server has; not to have it is no failure."""
        try:
            answer = self._session.whole("GET", path, most=LARGEST, patience=BESIDE)
        except Trouble:
            return None
        return answer.body.decode("utf-8", "replace") if answer.status == 200 else None

    def _props(self) -> Mapping[str, Json]:
        return _object(self._beside("/props"))

    def _version(self) -> str | None:
        """vLLM tells it at /version, llama-server as the build in /props."""
        for path, name in (("/version", "version"), ("/props", "build_info")):
            said = _object(self._beside(path)).get(name)
            if isinstance(said, str) and said.isprintable() and len(said) < 80:
                return said
        return None

    def _names(self) -> Sequence[str]:
        try:
            return [model.name for model in read_openai_models(self._asked("/v1/models", BESIDE).body)]
        except Trouble:
            return ()

    def _cannot(self, what: str) -> NoReturn:
        raise Unsupported(f"a server of the OpenAI API cannot {what}", hint=OWN)


def server_of(models: Sequence[Model]) -> str | None:
    """Which server it is, by what its models say."""
    owners = [OWNERS.get(str(model.extra.get("owned_by", ""))) for model in models]
    return next((owner for owner in owners if owner), None)


def _state(model: Model) -> str | None:
    """What a router says of a model: loaded, unloaded, loading, sleeping, failed."""
    status = model.extra.get("status")
    said = status.get("value") if isinstance(status, Mapping) else status
    return said if isinstance(said, str) else None


def _context(model: Model) -> int | None:
    meta = model.extra.get("meta")
    told = (model.extra.get("max_model_len"), meta.get("n_ctx_train") if isinstance(meta, Mapping) else None)
    return next((one for one in told if isinstance(one, int) and not isinstance(one, bool)), None)


def _object(said: str | None) -> Mapping[str, Json]:
    try:
        found = json.loads(said) if said else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
