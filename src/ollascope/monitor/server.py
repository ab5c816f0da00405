"""The model server as it tells of itself: whether it answers, its version, the models in memory."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ollascope.engines.asking import place
from ollascope.engines.asking.reaching import reach
from ollascope.engines.engine import Engine
from ollascope.engines.settings import Engines
from ollascope.monitor.board import Board, Server
from ollascope.monitor.loop import Task
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.clock import Clock
from ollascope.words.errors import ConnectFailed, Trouble

JUDGE = "server"
ANSWER_S = 2.0
FOR_S = 60.0  # a server that is started anew is no alert
HINT = "start it, or correct its address in the section engines of the settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What the task works with; `alarms` says whether it tells alarms that the server is down."""

    data: Path
    engines: Engines
    every_s: float
    alarms: bool = True
    clock: Clock = field(default_factory=Clock)


def looking(means: Looking, board: Board) -> Task:
    """Look again and again; no model is loaded by it, and none stays longer in memory."""

    def look() -> None:
        found = _found(means, board.server)
        board.server = found
        if found is not None and means.alarms:
            board.put(JUDGE, [_condition(found)])

    return Task(name="server", every_s=means.every_s, run=look)


def _found(means: Looking, before: Server | None) -> Server | None:
    """Where nobody was named and nobody ever answered, there is nothing to tell."""
    now = means.clock.wall()
    wait = replace(means.engines.patience, connect_s=ANSWER_S, first_s=ANSWER_S, idle_s=ANSWER_S, answer_s=ANSWER_S)
    try:
        engine = reach(
            place.wanted(replace(means.engines, patience=wait), place.Place()), lambda: means.data, lambda _: None
        )
    except ConnectFailed as trouble:
        return None if before is None else replace(before, at=now, why=trouble.message, models=None)
    try:
        return _told(engine, now)
    finally:
        engine.close()


def _told(engine: Engine, now: float) -> Server:
    health = engine.health()
    seen = Server(at=now, backend=engine.backend, kind=engine.name, version=health.version or "")
    if health.state == "problem":
        return replace(seen, why=health.text)
    try:
        return replace(seen, models=engine.loaded())
    except Trouble:  # it answers, and does not tell what is in memory
        return seen


def _condition(server: Server) -> Condition:
    return Condition(
        name="backend-down", kind=AlertKind.BACKEND_DOWN, active=not server.answers, severity="critical",
        labels={"backend": server.backend}, reason=server.why or f"{server.backend} answers",
        hint=HINT if server.why else "", for_s=FOR_S,
    )  # fmt: skip
