"""The texts that come with the program, as questions and as conversations."""

from pathlib import Path
from typing import Final

from ollascope.bench.asked import Tongue
from ollascope.bench.prompts.question import Question

FILES: Final = {"en": "english.txt", "zh": "chinese.txt"}
QUESTIONS, WARM_UP, FOLLOW_UPS = "questions", "warm-up", "follow-ups"


def questions_of(tongue: Tongue, turns: int) -> list[Question]:
    """All questions of a language; with several turns each goes on with questions that fit any answer."""
    if tongue == "mixed":
        pairs = zip(questions_of("en", turns), questions_of("zh", turns), strict=True)
        return [question for pair in pairs for question in pair]
    texts = _read(tongue)
    later = texts[FOLLOW_UPS]
    return [
        Question(turns=(text, *(later[(number + turn) % len(later)] for turn in range(turns - 1))))
        for number, text in enumerate(texts[QUESTIONS])
    ]


def warm_up_of(tongue: Tongue) -> list[Question]:
    """Questions that are never asked while it counts."""
    tongues: tuple[Tongue, ...] = ("en", "zh") if tongue == "mixed" else (tongue,)
    return [Question(turns=(text,)) for one in tongues for text in _read(one)[WARM_UP]]


def _read(tongue: Tongue) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    part: list[str] = []
    for line in (Path(__file__).parent / FILES[tongue]).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            part = found.setdefault(line.removeprefix("# "), [])
        else:
            part.append(line)
    return found
