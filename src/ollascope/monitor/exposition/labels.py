"""Label values that stay few: known words, the first so many models that answered, and `other` for the rest."""

from collections.abc import Iterable, Mapping

from ollascope.words.call import Call
from ollascope.words.errors import EngineBusy, ModelMissing, ModelTrouble, every_error

OTHER = "other"
LONGEST = 100  # characters; a longer word is no name
MODELS = 50
LIMITS = {"backend": 50, "source": 16, "api": 8, "operation": 16, "arm": 20, "cause": 8}
OUTCOMES = frozenset({"ok"}) | {kind.code for kind in every_error()}
ANSWERED = frozenset({"ok"}) | {
    kind.code for kind in every_error(ModelTrouble) if not issubclass(kind, ModelMissing | EngineBusy)
}  # a client may ask for any name; only these tell that there is such a model


class Words:
    """The words each label has had; what comes when a label is full is `other`."""

    def __init__(self, models: int = MODELS) -> None:
        self._limits: Mapping[str, int] = {**LIMITS, "model": models}
        self._known: dict[str, set[str]] = {label: set() for label in self._limits}

    def learn(self, labels: Iterable[str], words: Iterable[str]) -> None:
        """Take over words that were counted before."""
        for label, word in zip(labels, words, strict=True):
            if label in self._known and word != OTHER:
                self._known[label].add(word)

    def of(self, call: Call) -> dict[str, str]:
        """The label values of a Call."""
        outcome = call.outcome if call.outcome in OUTCOMES else OTHER
        return {
            "api": self._bounded("api", call.api),
            "operation": self._bounded("operation", call.operation),
            "model": self._bounded("model", call.model, admit=call.outcome in ANSWERED),
            "backend": self._bounded("backend", call.backend),
            "source": self._bounded("source", call.source),
            "arm": self._bounded("arm", call.arm),
            "cause": self._bounded("cause", call.load_cause),
            "stream": OTHER if call.stream is None else str(call.stream).lower(),
            "phase": _phase(call),
            "outcome": outcome,
        }

    def _bounded(self, label: str, word: str | None, *, admit: bool = True) -> str:
        if not word or len(word) > LONGEST:
            return OTHER
        known = self._known[label]
        if word in known:
            return word
        if not admit or len(known) >= self._limits[label]:
            return OTHER
        known.add(word)
        return word


def _phase(call: Call) -> str:
    """How far a Call had come, as far as its instants tell."""
    return "decode" if call.first_chunk_s is not None else "before-decode"
