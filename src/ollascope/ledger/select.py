"""Which Calls are meant: filters, and the one rule of which Calls count."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter

import orjson

from ollascope.words.call import Call

OWN_SOURCES = frozenset({"bench", "probe"})  # Calls that Ollascope makes to measure
DEMO_MODELS = frozenset({"demo", "demo-qwen3-f16", "scripted"})  # whatever their tag; the last is the fake server's
DEMO_ENGINE = "fake"  # answers by script, whatever its models are called

DIMENSIONS = ("source", "engine", "backend", "model", "outcome", "arm", "key_id")
_ASKED = (*DIMENSIONS, "run", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Which Calls count in a sum: those without a parent, without our own measurements and without demos."""

    nested: bool = False
    own: bool = False
    demo: bool = False

    def holds(self, source: str, model: str | None, nested: bool, engine: str | None = None) -> bool:
        """Whether a Call of this source, model and engine counts; `nested` says that it has a parent."""
        return (
            (self.nested or not nested)
            and (self.own or source not in OWN_SOURCES)
            and (self.demo or not is_demo(model, engine))
        )


COUNTED = Counted()
EVERY = Counted(nested=True, own=True, demo=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Calls sent from `since` until before `until`, with these words in these fields, as far as they count."""

    since: float | None = None
    until: float | None = None
    source: str | None = None
    engine: str | None = None
    backend: str | None = None
    model: str | None = None
    outcome: str | None = None
    arm: str | None = None
    key_id: str | None = None
    run: str | None = None
    id: str | None = None
    counted: Counted = EVERY

    def test(self) -> Callable[[Call], bool]:
        """Whether a Call is meant, as a function that looks only at what was asked for."""
        since = float("-inf") if self.since is None else self.since
        until = float("inf") if self.until is None else self.until
        counts = None if self.counted == EVERY else self.counted.holds
        asked = [(attrgetter(name), word) for name, word in zip(_ASKED, self._said(), strict=True) if word is not None]

        def is_meant(call: Call) -> bool:
            if not since <= call.sent_at < until:
                return False
            if counts is not None and not counts(call.source, call.model, call.parent is not None, call.engine):
                return False
            return not asked or all(of(call) == word for of, word in asked)

        return is_meant

    def needles(self) -> tuple[bytes, ...]:
        """What must stand in the line of every Call that is meant: a quick first look."""
        return tuple(_needles(self._said()))

    def wanted(self) -> dict[str, str]:
        """The dimensions that must be a certain word."""
        said = dict(zip(DIMENSIONS, self._said(), strict=False))
        return {name: word for name, word in said.items() if word is not None}

    def _said(self) -> tuple[str | None, ...]:
        return (
            self.source, self.engine, self.backend, self.model, self.outcome, self.arm, self.key_id, self.run, self.id
        )  # fmt: skip


def is_demo(model: str | None, engine: str | None = None) -> bool:
    """Whether this is the demo model or the fake server, whose speed says nothing about this machine."""
    return engine == DEMO_ENGINE or (model is not None and model.partition(":")[0] in DEMO_MODELS)


def _needles(words: tuple[str | None, ...]) -> Iterator[bytes]:
    for word in words:
        if word and word.isascii() and word.isprintable():  # other letters may be written in more than one way
            yield orjson.dumps(word)
