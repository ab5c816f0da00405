"""The task that asks the known question, remembers what it heard and tells what that means."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ollascope.apis.models import Model
from ollascope.engines.asking import place
from ollascope.engines.asking.picking import is_remote
from ollascope.engines.asking.reaching import reach
from ollascope.engines.engine import Engine
from ollascope.engines.metered import Metered, Sink, Tools
from ollascope.engines.ollama.discovery import USUAL
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.retries import Retries
from ollascope.engines.settings import Engines, Retrying
from ollascope.monitor.alerts.keeping import load_value, save_value
from ollascope.monitor.board import Board
from ollascope.monitor.loop import Task
from ollascope.monitor.probing.judging import Heard, conditions_of, listen
from ollascope.monitor.probing.settings import Probes
from ollascope.monitor.probing.state import Answers, Known, Place, remembered
from ollascope.words.clock import Clock
from ollascope.words.errors import (
    AnswerMalformed,
    ConnectFailed,
    ModelTrouble,
    NetworkTrouble,
    TimedOut,
    Trouble,
    Unsupported,
)
from ollascope.words.prompt import Message, Prompt

log = logging.getLogger(__name__)

FILE = "probes.json"  # in the data folder
JUDGE, SOURCE = "probes", "probe"
SEED = 37
MOST_MODELS = 4  # that are asked in one turn
FIRST_S = 15.0  # a server that is started beside the monitor is there by then
ANSWER_S = 10.0  # for lists
SLOW = "see whether the machine is busy, or set probes.timeout_s higher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """What the task works with."""

    data: Path
    engines: Engines
    probes: Probes
    sink: Sink
    clock: Clock = field(default_factory=Clock)


def probing(means: Probing, board: Board) -> Task:
    """Ask again and again; what is known from before is on the board at once."""
    turning = _Turning(means, board)
    turning.put()
    return Task(
        name="probes", every_s=means.probes.every_s, run=turning.turn, first_s=min(FIRST_S, means.probes.every_s)
    )


class _Turning:
    """Keeps what is known between two turns."""

    def __init__(self, means: Probing, board: Board) -> None:
        self._means = means
        self._board = board
        self._file = means.data / FILE
        self._answers = load_value(self._file, Answers) or Answers()
        self._settings = settings_hash(means.probes)

    def turn(self) -> None:
        now = self._means.clock.wall()
        answers = self._looked(now)
        self._answers = replace(answers, known=remembered(answers, now))
        self.put()
        save_value(self._file, self._answers)

    def put(self) -> None:
        """What is known of the question that the settings ask goes onto the board."""
        known = {key: one for key, one in self._answers.known.items() if one.settings == self._settings}
        self._board.put(JUDGE, conditions_of(replace(self._answers, known=known), self._means.clock.wall()))

    def _looked(self, now: float) -> Answers:
        """Whom there is to ask, and what each says."""
        try:
            engine = self._reached()
        except ConnectFailed as trouble:
            return self._down(self._answers.backend or USUAL, trouble)
        try:
            return self._asked(engine, now)
        except NetworkTrouble as trouble:
            return self._down(engine.backend, trouble)
        finally:
            engine.close()

    def _reached(self) -> Engine:
        means, limit = self._means, self._means.probes.timeout_s
        wait = replace(means.engines.patience, first_s=limit, idle_s=limit, answer_s=min(ANSWER_S, limit))
        want = place.wanted(replace(means.engines, patience=wait), place.Place())
        return reach(want, lambda: means.data, lambda _: None)

    def _down(self, backend: str, trouble: Trouble) -> Answers:
        return replace(self._answers, backend=backend, down=f"{backend} does not answer: {trouble.message}", asked=())

    def _asked(self, engine: Engine, now: float) -> Answers:
        known, asked = dict(self._answers.known), []
        tools, once = Tools(clock=self._means.clock), Retries(Retrying(attempts=1))
        metered = Metered(engine, self._means.sink, source=SOURCE, retries=once, tools=tools)
        for model in _askable(engine, self._means.probes.model):
            where = Place(backend=engine.backend, model=model.name, settings=self._settings)
            ask = partial(ask_hash, metered, model.name, self._means.probes)
            before = known.get(where.key)
            known[where.key] = _listened(before, Heard(place=where, digest=model.digest, at=now, ask=ask))
            asked.append(where.key)
        return replace(self._answers, known=known, backend=engine.backend, down="", asked=tuple(asked))


def settings_hash(probes: Probes) -> str:
    """A hash of all that decides an answer beside the model."""
    return sha256(json.dumps([probes.prompt, probes.max_tokens, SEED]).encode()).hexdigest()


def ask_hash(metered: Metered, model: str, probes: Probes) -> str:
    """The hash of a model's answer; the answer itself is kept nowhere."""
    prompt = Prompt(model=model, messages=(Message(role="user", content=probes.prompt),), seed=SEED,
                    options={"temperature": 0}, max_tokens=probes.max_tokens)  # fmt: skip
    said: list[str] = []
    thought: list[str] = []
    deadline = time.monotonic() + probes.timeout_s
    with metered.stream(prompt) as stream:
        for chunk in stream:
            said.append(chunk.text)
            thought.append(chunk.thinking)
            if time.monotonic() > deadline and not chunk.done:
                raise TimedOut(f"{model} did not end its answer within {probes.timeout_s:g} s", hint=SLOW)
    whole = ["".join(said), "".join(thought)]
    if not any(whole):
        raise AnswerMalformed(f"{model} answered without a word", hint="see the model server's log")
    return sha256(json.dumps(whole).encode()).hexdigest()


def _listened(before: Known | None, heard: Heard) -> Known:
    try:
        known = listen(before, heard)
    except ConnectFailed:
        raise
    except Trouble as trouble:
        place = heard.place
        before = before or Known(backend=place.backend, model=place.model, settings=place.settings, asked_at=heard.at)
        why = f"{place.model} at {place.backend} does not answer a known question: {trouble.message}"
        return replace(before, asked_at=heard.at, failure=why, hint=trouble.hint)
    if known.unsteady and not (before and before.unsteady):
        log.warning("%s", known.unsteady)
    return known


def _askable(engine: Engine, wanted: str | None) -> list[Model]:
    """The models in memory that chat, or the one that is wanted if it is there; of others nobody would know."""
    found = [model for model in _in_memory(engine, wanted) if not is_remote(model)]
    if wanted is not None:
        found = [model for model in found if bare_name(model.name) == bare_name(wanted)]
    return list(islice((model for model in found if wanted is not None or _chats(engine, model)), MOST_MODELS))


def _in_memory(engine: Engine, wanted: str | None) -> Sequence[Model]:
    try:
        return engine.loaded()
    except Unsupported as trouble:
        models = engine.models()
        if wanted is None and len(models) > 1:
            raise Unsupported(trouble.message, hint="name the one to probe in probes.model") from trouble
        return models


def _chats(engine: Engine, model: Model) -> bool:
    try:
        return "embed" not in model.name and "chat" in engine.capabilities(model.name).operations
    except ModelTrouble:  # it has just been removed
        return False
