"""What a source of prompts hands over: questions for measuring and for the warm-up, and how they came about."""

from dataclasses import dataclass, field

from ollascope.bench.material import Calibration
from ollascope.bench.prompts.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Questions without their beginnings, which depend on the cache, and without the lengths of their answers."""

    questions: list[Question]
    warm_up: list[Question] = field(default_factory=list)
    prefixes: tuple[str, ...] = ()  # shared beginnings
    about: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    calibration: Calibration | None = None
