"""What `ps` told last, so that a model which was loaded for an answer can be told from one that was there."""

import math
import threading
from collections.abc import Callable, Mapping
from typing import Final

from ollascope.apis.models import Model
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.ollama.silence.verdict import Around, Place
from ollascope.engines.ollama.state import instant_of
from ollascope.words.clock import Clock

Look = Callable[[], tuple[Model, ...] | None]

FRESH_S: Final = 10.0  # knowledge that is older is renewed behind an answer, where it holds nobody up
KEPT_S: Final = 300.0  # and before one only if it is as old as this


class Watch:
    """Remembers the models in memory; asks the server only where it knows too little."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at: float | None = None
        self._known: Mapping[str, Model] | None = None
        self._ever: dict[str, Model] = {}

    def note(self, models: tuple[Model, ...] | None) -> None:
        """What `ps` told now; none where it could not be asked."""
        with self._lock:
            self._at = self._clock.monotonic()
            self._known = None if models is None else {bare_name(model.name): model for model in models}
            self._ever.update(self._known or {})

    def before(self, name: str, look: Look) -> Around:
        """What is known of a model before it is asked."""
        if self._age_s() > KEPT_S:
            self.note(look())
        bare = bare_name(name)
        with self._lock:
            known, ever = self._known, self._ever.get(bare)
        if known is None:
            return Around()
        return Around(asked=True, before=_place(known.get(bare)), evicted=self._was_evicted(ever))

    def is_stale(self) -> bool:
        """It is time to ask again."""
        return self._age_s() > FRESH_S

    def known(self, name: str) -> Place | None:
        """Where a model was when `ps` was asked last."""
        with self._lock:
            return _place((self._known or {}).get(bare_name(name)))

    def _age_s(self) -> float:
        with self._lock:
            return math.inf if self._at is None else self._clock.monotonic() - self._at

    def _was_evicted(self, ever: Model | None) -> bool:
        """It was in memory earlier, and should be still."""
        until = instant_of(ever.expires_at) if ever else None
        return until is not None and until > self._clock.wall()


def _place(model: Model | None) -> Place | None:
    return None if model is None else Place(context=model.context_length)
