"""The speech of each model in memory: made where the model is opened, gone when it leaves."""

from pathlib import Path
from threading import Lock

from ollascope.serve.llamacpp.house.house import Open
from ollascope.serve.llamacpp.speech.ask import Speech
from ollascope.serve.llamacpp.wish import Load, Loaded, Vocabulary

MOST = 8  # contexts narrower than the model's own that one model is spoken in


class Narrow:
    """A model's words in a smaller context than it was loaded with: a request said `num_ctx`."""

    def __init__(self, whole: Vocabulary, context: int) -> None:
        self._whole = whole
        self.context = context

    @property
    def template(self) -> str | None:
        return self._whole.template

    @property
    def bos(self) -> str:
        return self._whole.bos

    @property
    def eos(self) -> str:
        return self._whole.eos

    def tokens(self, text: str, *, special: bool = True, start: bool = False) -> list[int]:
        return self._whole.tokens(text, special=special, start=start)

    def data(self, token: int, *, special: bool = False) -> bytes:
        return self._whole.data(token, special=special)

    def id_of(self, text: str) -> int | None:
        return self._whole.id_of(text)


class Voices:
    """Opens models and knows how each speaks; every method may be called from any thread."""

    def __init__(self, open_: Open) -> None:
        self._open = open_
        self._lock = Lock()
        self._known: dict[int, dict[int, Speech]] = {}

    def open(self, path: Path, load: Load) -> Loaded:
        """The model in memory, its template understood."""
        model = self._open(path, load)
        self.of(model, model.context)
        return model

    def of(self, model: Loaded, context: int) -> Speech:
        """How the model is asked within that context."""
        with self._lock:
            known = self._known.setdefault(id(model), {})
            found = known.get(context)
        if found is not None:
            return found
        made = Speech(model if context >= model.context else Narrow(model, context))
        with self._lock:
            if len(known) >= MOST:
                known.pop(next(iter(set(known) - {model.context})))
            known[context] = made
        return made

    def forget(self, model: Loaded) -> None:
        """The model leaves memory."""
        with self._lock:
            self._known.pop(id(model), None)
