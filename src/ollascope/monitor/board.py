"""What the tasks of one monitor tell each other: the last Sample, the model server, and what each judge found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ollascope.apis.models import Model
from ollascope.words.alerts import Condition
from ollascope.words.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The model server at one moment; without an answer it is the one that answered last."""

    at: float
    backend: str
    kind: str
    version: str = ""
    why: str = ""  # why it does not answer
    models: tuple[Model, ...] | None = None  # in memory; None: it does not tell

    @property
    def answers(self) -> bool:
        """Whether it answered."""
        return not self.why


class Board:
    """Written by tasks, read by whoever shows it; every write replaces a whole value, so no lock is needed."""

    def __init__(self) -> None:
        self.sample: Sample | None = None
        self.server: Server | None = None
        self.budgets: Mapping[str, float] = {}  # by objective: the share of its error budget left
        self.burn_rates: Mapping[tuple[str, str], float] = {}  # by objective and window
        self.scores: Mapping[
            tuple[str, str, str], tuple[float, bool]
        ] = {}  # by signal, model, backend: how far, active
        self._found: dict[str, tuple[Condition, ...]] = {}

    def put(self, judge: str, found: Sequence[Condition]) -> None:
        """What a judge finds replaces all that it found before."""
        self._found = {**self._found, judge: tuple(found)}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What all judges found last."""
        return tuple(condition for found in self._found.values() for condition in found)
