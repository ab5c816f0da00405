"""The server that is measured: reached before anything starts, described, and looked at again afterwards."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from ollascope.apis.errors import missing
from ollascope.apis.models import Model
from ollascope.bench.asked import Asked
from ollascope.bench.result import Server
from ollascope.bench.running.asking import prompt_for, whole_answer
from ollascope.engines.engine import Engine
from ollascope.engines.ollama.mistakes import bare_name, nearest
from ollascope.engines.openai.client import server_of
from ollascope.engines.settings import Engines
from ollascope.engines.table import open_engine
from ollascope.engines.wire import Patience
from ollascope.words.errors import ConnectFailed, ModelMissing, Trouble
from ollascope.words.record import Json
from ollascope.words.setting import Secret

Told = TypeVar("Told")

LOOK_S: Final = 5.0  # for a list of models; a server that hangs is measured all the same
PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a server told of itself at one moment."""

    server: Server
    notes: tuple[str, ...] = ()


@contextmanager
def opened(asked: Asked, key: str, engines: Engines) -> Iterator[Engine]:
    """The client for everything but the measurement: lists, counts, versions."""
    engine = _open(asked, key, engines)
    try:
        yield engine
    finally:
        engine.close()


def _open(asked: Asked, key: str, engines: Engines) -> Engine:
    target, ends = asked.target, asked.ends
    authorities = Path(target.ca_file) if target.ca_file else None
    if target.api == "inside":
        return open_engine(target.engine or "fake", engines)
    patience = Patience(
        connect_s=ends.connect_s, first_s=ends.first_s, idle_s=ends.idle_s, answer_s=min(LOOK_S, ends.first_s)
    )
    if target.api == "openai":
        from ollascope.engines.openai.client import OpenAi  # noqa: PLC0415 - only where it is measured

        secret = Secret(key) if key else None
        return OpenAi(target.url, patience, key=secret, ca_file=authorities)
    from ollascope.engines.ollama.client import Ollama  # noqa: PLC0415

    return Ollama(target.url, patience, ca_file=authorities)


def reach(engine: Engine, asked: Asked) -> Looked:
    """Make sure that somebody answers and has the model; what else is wrong with it the run itself will show."""
    try:
        models = engine.models()
    except ConnectFailed:
        raise
    except Trouble as trouble:
        return Looked(server=_server(asked), notes=(f"the server did not tell its models: {trouble.message}",))
    note = _find(engine, asked, models)
    return Looked(server=describe(engine, asked, models), notes=(note,) if note else ())


def unreached(asked: Asked, trouble: Trouble) -> Looked:
    """What is known of a server that is measured although it could not be reached, or has no such model."""
    hint = f"; {trouble.hint}" if trouble.hint else ""
    return Looked(server=replace(_server(asked), extra={"reached": False}), notes=(f"{trouble.message}{hint}",))


def describe(engine: Engine, asked: Asked, models: tuple[Model, ...]) -> Server:
    """Who answers: engine, version, model, and what it has in memory."""
    found = next((one for one in models if bare_name(one.name) == bare_name(asked.target.model)), None)
    extra: dict[str, Json] = {}
    if found is not None:
        known = {"digest": found.digest, "size": found.size, "details": dict(found.details) or None}
        extra = {name: value for name, value in known.items() if value is not None}
    loaded = _quietly(engine.loaded)
    if loaded is not None:
        extra["loaded"] = [one.name for one in loaded]
        mine = next((one for one in loaded if bare_name(one.name) == bare_name(asked.target.model)), None)
        if mine is not None and mine.context_length:
            extra["context"] = mine.context_length
    health = _quietly(engine.health)
    name = server_of(models) if engine.name == "openai" else engine.name
    return replace(
        _server(asked), engine=name or asked.target.engine or engine.name, version=health.version if health else None,
        extra=extra,
    )  # fmt: skip


def look_again(engine: Engine, asked: Asked, before: Server, pids: tuple[int, ...]) -> Server:
    """The same server after the run, with what is another thing now."""
    models = _quietly(engine.models)
    if models is None:
        if before.extra.get("reached") is False:
            return before
        return replace(before, changed=(*before.changed, "the server did not answer after the run"))
    after = describe(engine, asked, models)
    changed = list(before.changed)
    if before.version and after.version and before.version != after.version:
        changed.append(f"the server's version was {before.version} before and is {after.version} after the run")
    if before.extra.get("digest") and after.extra.get("digest") not in {None, before.extra["digest"]}:
        changed.append(f"{asked.target.model} was another model after the run than before (its digest changed)")
    known = set(before.pids)
    restarted = bool(known) and bool(pids) and not known & set(pids) if before.same_host else None
    if restarted:
        changed.append("the server's process was another one after the run: it was restarted")
    return replace(before, changed=tuple(changed), restarted=restarted)


def is_same_host(url: str) -> bool:
    """Whether an address leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(_is_ours(family, str(place[0])) for family, _, _, _, place in found)


def port_of(url: str) -> int:
    """The port of an address, also where it does not name one."""
    parts = urlsplit(url)
    return parts.port or PORTS.get(parts.scheme, 80)


def _find(engine: Engine, asked: Asked, models: tuple[Model, ...]) -> str | None:
    """A model that is not in the list may be known all the same: the server is asked for one token."""
    model, names = asked.target.model, [one.name for one in models]
    if any(bare_name(name) == bare_name(model) for name in names):
        return None
    try:
        whole_answer(engine, prompt_for(asked, "Hi", max_tokens=1))
    except ModelMissing as trouble:
        raise missing(model, nearest(model, names)) from trouble
    except Trouble:
        return f"the server does not list {model}"
    return f"the server does not list {model}, but answers when it is asked for it"


def _server(asked: Asked) -> Server:
    target = asked.target
    here = target.api == "inside" or is_same_host(target.url)
    return Server(engine=target.engine, model=target.model, same_host=here)


def _is_ours(family: int, address: str) -> bool:
    """An address that a socket can be bound to is one of this machine."""
    if ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        return True
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True


def _quietly(ask: Callable[[], Told]) -> Told | None:
    """What a server tells, or nothing where it does not."""
    try:
        return ask()
    except Trouble:
        return None
