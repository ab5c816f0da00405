"""Who is measured: the server that flags name, else the one in force, and the model that it has."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, cast
from urllib.parse import urlsplit

from ollascope.bench.asked import Api, Target
from ollascope.bench.given.said import Said
from ollascope.engines.address import read_address
from ollascope.engines.asking.picking import pick_model
from ollascope.engines.asking.place import Place, Wanted, wanted
from ollascope.engines.asking.reaching import reach
from ollascope.engines.engine import Engine
from ollascope.engines.settings import Engines
from ollascope.settings.load import Settings
from ollascope.words.errors import BadUsage, ModelMissing
from ollascope.words.prompt import Operation

Tell = Callable[[str], None]
INSIDE: Final = frozenset({"fake"})  # engines that answer in this program


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A target, and what it takes to ask it."""

    target: Target
    key: str = ""
    engines: Engines


def find_target(said: Said, settings: Settings, tell: Tell) -> Found:
    """The target; a server is asked only where its address or its model was not given."""
    engines = settings.of(Engines)
    want = _wanted(said, engines)
    found = Found(target=_target(said, want), key=_key(want), engines=want.settings)
    if found.target.model and (found.target.url or found.target.api == "inside"):
        return found
    engine = reach(want, lambda: settings.data_folder, tell)
    try:
        target = found.target
        if target.api != "inside":
            target = replace(target, url=_bare(engine.backend), engine=engine.name)
        return replace(found, target=target if target.model else replace(target, model=_pick(engine, target, tell)))
    finally:
        engine.close()


def _wanted(said: Said, engines: Engines) -> Wanted:
    api, url, engine = said.text("api"), said.text("url"), said.text("engine")
    if api == "inside":
        if url is not None:
            raise BadUsage("an engine inside this program has no address", hint="leave out --url, or --api inside")
        engine = engine or "fake"
        if engine not in INSIDE:
            hint = f"inside there is {', '.join(sorted(INSIDE))}; give --url for a server"
            raise BadUsage(f"the engine {engine} does not answer inside this program", hint=hint)
    if api in {"ollama", "openai"}:
        if engine not in {None, api}:
            raise BadUsage(f"--engine {engine} does not speak --api {api}", hint="leave one of them out")
        engine = api
    return wanted(engines, Place(engine=engine, url=None if url is None else _address(url)))


def _target(said: Said, want: Wanted) -> Target:
    api: Api = "inside" if want.name in INSIDE else "openai" if want.name == "openai" else "ollama"
    named = want.settings.openai.url if api == "openai" else want.settings.ollama.url
    given = said.text("url") is not None or api == "openai"
    authorities = want.settings.ca_file
    return Target(
        url=_bare(_address(named)) if given and named and api != "inside" else "",
        model=said.text("model") or "",
        api=api,
        operation=cast("Operation", said.text("operation") or "chat"),
        engine=want.name,
        ca_file=str(authorities.absolute()) if authorities else None,
    )


def _key(want: Wanted) -> str:
    return want.settings.openai.key.reveal() if want.name == "openai" else ""


def _address(text: str) -> str:
    """An address without a password: what is measured is written down."""
    if "@" in urlsplit(text if "://" in text else f"http://{text}").netloc:
        hint = "leave it out; a key goes into OLLASCOPE__ENGINES__OPENAI__KEY"
        raise BadUsage("the address holds a user or a password, and it is written into results", hint=hint)
    return read_address(text).url


def _bare(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1")


def _pick(engine: Engine, target: Target, tell: Tell) -> str:
    if target.operation == "embed":
        for model in engine.models():
            if "embed" in model.name or "embedding" in model.capabilities:
                tell(f"{model.name} is measured: it is made for embeddings")
                return model.name
        raise ModelMissing(f"{engine.backend} has no model for embeddings", hint="name one with --model")
    picked = pick_model(engine)
    tell(f"{picked.model} is measured: {picked.why}")
    return picked.model
