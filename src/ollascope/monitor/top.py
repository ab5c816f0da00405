"""What is going on: models in memory, requests of the last minutes, the machine; one View after another."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ollascope.apis.models import Model
from ollascope.ledger.select import COUNTED, Counted, is_demo
from ollascope.monitor.past.recent import ended_at
from ollascope.stats.spread import figure_of
from ollascope.words.call import Call
from ollascope.words.errors import Trouble
from ollascope.words.metrics import metric
from ollascope.words.outcomes import OK, is_failed
from ollascope.words.sample import Sample
from ollascope.words.summary import Figure

WINDOWS_S = (60.0, 300.0, 900.0)
PATIENCE_S = 1.0  # for an engine that does not answer: a view is never later than this
NO_FIGURE = Figure(n=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the engine told: the models in memory, and how many requests its runners serve and could serve."""

    models: tuple[Model, ...] | None = None
    busy: int | None = None
    slots: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The requests that ended within the last so many seconds."""

    length_s: float
    requests: int = 0
    failed: int = 0
    tokens_out: int = 0
    ttft: Figure = NO_FIGURE
    rate: Figure = NO_FIGURE

    @property
    def per_minute(self) -> float:
        """Requests a minute."""
        return self.requests / self.length_s * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything at one moment."""

    at: float
    engine: str
    backend: str
    seen: Seen
    windows: tuple[Window, ...]
    endings: Mapping[str, int] = field(default_factory=dict)  # how requests of the longest window ended, but for ok
    left_out: int = 0
    demo: bool = False  # some of what counts, or is in memory, is the demo model's or the fake server's
    sample: Sample


class Asking:
    """Asks an engine in a thread of its own, so that one that hangs delays nobody for long."""

    def __init__(self, ask: Callable[[], Seen], patience_s: float = PATIENCE_S) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._thread: threading.Thread | None = None
        self._seen: Seen | None = None

    def read(self) -> Seen:
        """The answer, or after a second that there is none yet."""
        if self._thread is None:
            self._seen = None
            self._thread = threading.Thread(target=self._run, name="asking", daemon=True)
            self._thread.start()
        self._thread.join(self._patience_s)
        if self._thread.is_alive() or self._seen is None:
            return Seen(trouble=f"no answer within {self._patience_s:g} s")
        self._thread = None
        return self._seen

    def _run(self) -> None:
        try:
            self._seen = self._ask()
        except Trouble as error:
            self._seen = Seen(trouble=error.message)


def shows_demo(calls: Iterable[Call], engine: str, seen: Seen) -> bool:
    """Whether a view of these Calls and this engine shows figures of the demo model or the fake server."""
    loaded = any(is_demo(model.name, engine) for model in seen.models or ())
    return loaded or is_demo(None, engine) or any(is_demo(call.model, call.engine) for call in calls)


def windows_of(calls: Sequence[Call], now: float, lengths: Sequence[float] = WINDOWS_S) -> tuple[Window, ...]:
    """What the last minutes come to, each window by itself."""
    return tuple(_window([call for call in calls if now - length <= ended_at(call)], length) for length in lengths)


def counted_calls(calls: Sequence[Call], counted: Counted = COUNTED) -> tuple[list[Call], int]:
    """The Calls that count, and how many of our own and of demos do not."""
    chosen = [call for call in calls if counted.holds(call.source, call.model, call.parent is not None, call.engine)]
    return chosen, sum(call.parent is None for call in calls) - sum(call.parent is None for call in chosen)


def endings_of(calls: Sequence[Call], now: float, length_s: float = WINDOWS_S[-1]) -> dict[str, int]:
    """How the requests that are not ok ended, failures first, then by number."""
    recent = Counter(call.outcome for call in calls if now - length_s <= ended_at(call) and call.outcome != OK)
    return dict(sorted(recent.items(), key=lambda pair: (not is_failed(pair[0]), -pair[1], pair[0])))


def _window(calls: Sequence[Call], length_s: float) -> Window:
    return Window(
        length_s=length_s,
        requests=len(calls),
        failed=sum(is_failed(call.outcome) for call in calls),
        tokens_out=sum(call.tokens_out or 0 for call in calls),
        ttft=_figure(calls, "ttft_s"),
        rate=_figure(calls, "decode_tokens_per_s"),
    )


def _figure(calls: Sequence[Call], name: str) -> Figure:
    values = map(metric(name).of, calls)
    return figure_of([value for value in values if value is not None])
