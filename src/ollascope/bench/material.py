"""What is asked in a run, made before it starts: prompts, or the turns of conversations."""

from dataclasses import dataclass, field
from hashlib import blake2b

from ollascope.words.prompt import Prompt

FRESH = "@fresh-0000@"
"""Stands in a Prompt where each request has a text of its own of the same length, so that no cache can know it."""

STRIDE = 618_033_988_749  # no factor in common with ten: numbers stay apart; near the golden ratio: first digits spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How the server counts our words, found by asking it."""

    tokens_per_word: float
    overhead: float  # tokens that its template adds to every prompt
    asked: int  # requests it took
    worst: float | None = None  # largest share by which a length missed what was wanted, where it was looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Prompts by number; in a conversation a Prompt holds its first question and `turns` has all of them."""

    prompts: tuple[Prompt, ...]
    warm_up: tuple[Prompt, ...] = ()  # texts that no measured request asks; empty: FRESH makes them distinct
    turns: tuple[tuple[str, ...], ...] = ()  # for each prompt all questions of its conversation
    about: tuple[tuple[str, str], ...] = ()  # what was made, as names and texts for the report
    calibration: Calibration | None = None
    notes: tuple[str, ...] = field(default=())  # what a reader must know: lengths that could not be calibrated …


def freshen(run: str, number: int) -> str:
    """What stands in FRESH's place in one request: digits, which most models count alike, never twice in a run."""
    start = int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big")
    return f"{(start + number * STRIDE) % 10 ** len(FRESH):0{len(FRESH)}d}"
