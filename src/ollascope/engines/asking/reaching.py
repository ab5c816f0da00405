"""The server a command talks to, reached: the one that is named, the one that is found, or at once for a shell."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.engines.asking.place import Place, Wanted, wanted
from ollascope.engines.engine import Engine
from ollascope.engines.llamacpp.announced import Announced, find_announced
from ollascope.engines.ollama.discovery import USUAL, Found, Surveyor, find
from ollascope.engines.ollama.service import host_url
from ollascope.engines.opening import patience_of
from ollascope.engines.settings import Engines, Waiting
from ollascope.engines.table import open_engine
from ollascope.logs.form import printable
from ollascope.processes.state import Standing, read_report
from ollascope.words.errors import BadSettings, ConnectFailed, StorageTrouble

CHILD: Final = "engine"  # the embedded engine, as `ollascope up` calls it
AT_ONCE_S: Final = 0.3  # a shell that waits for names waits no longer
Tell = Callable[[str], None]


def survey() -> Found:
    """Where an Ollama answers on this machine."""
    from ollascope.engines.ollama.client import ask_version  # noqa: PLC0415 - not every command has to look

    return find(None, Surveyor(ask=ask_version))


def reach(want: Wanted, data: Callable[[], Path], tell: Tell, look: Callable[[], Found] = survey) -> Engine:
    """The engine that is wanted; where no Ollama is set and none answers, the embedded one of this data folder."""
    if not want.found:
        return open_engine(want.name, want.settings)
    found = look()
    if found.answers:
        want = wanted(want.settings, Place(engine=want.name, url=found.url))
        return open_engine(want.name, want.settings)
    return _embedded(want.settings, found, data, tell)


def names_at_once(want: Wanted) -> list[str]:
    """The names of models where a server answers at once; none is looked for."""
    hurried = Waiting(connect_s=AT_ONCE_S, first_s=AT_ONCE_S, idle_s=AT_ONCE_S, answer_s=AT_ONCE_S)
    settings = replace(want.settings, patience=hurried)
    engine = _unasked(settings) if want.name == "ollama" else open_engine(want.name, settings)
    try:
        return [model.name for model in engine.models()]
    finally:
        engine.close()


def _embedded(settings: Engines, found: Found, data: Callable[[], Path], tell: Tell) -> Engine:
    from ollascope.engines.llamacpp.client import Embedded  # noqa: PLC0415 - where Ollama answers nobody needs it

    announced = _announced(data)
    if announced is None:
        raise ConnectFailed(printable(found.text), hint=_hint(found, _child(data)))
    tell(f"{'DEMO: ' if announced.demo else ''}no Ollama answers; the embedded engine does, at {announced.url}")
    return Embedded(announced, patience_of(settings))


def _hint(found: Found, child: Standing | None) -> str:
    """What to do where neither answers: `up` may be about to start the embedded engine."""
    if child is None:
        return f"{found.hint}; `ollascope up` starts a demo engine without one"
    if child.held:
        return f"the embedded engine waits: {child.held}; ask again in some minutes, or see `ollascope status`"
    if child.state in {"waiting", "starting"}:
        return "the embedded engine is being started: ask again in a moment"
    return f"{found.hint}; the embedded engine does not run, and `ollascope status` tells why"


def _child(data: Callable[[], Path]) -> Standing | None:
    """How the embedded engine stands among the children of `up`."""
    try:
        report = read_report(data())
    except (StorageTrouble, BadSettings):
        return None
    return report.children.get(CHILD) if report else None


def _announced(data: Callable[[], Path]) -> Announced | None:
    try:
        return find_announced(data())
    except (StorageTrouble, BadSettings):
        return None


def _unasked(settings: Engines) -> Engine:
    """The Ollama at the address that is set, or the usual one, of which nothing is asked yet."""
    from ollascope.engines.ollama.client import Ollama  # noqa: PLC0415 - only for Ollama

    return Ollama(host_url(settings.ollama.url or USUAL), patience_of(settings), ca_file=settings.ca_file)
