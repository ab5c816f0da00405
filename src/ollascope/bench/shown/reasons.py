"""A verdict and its reasons as sentences, in English and Chinese."""

from collections.abc import Mapping
from typing import Final

from ollascope.bench.result import Judgement, Reason, Result, Weight
from ollascope.logs.form import printable
from ollascope.reports.parts import Banner, Tone
from ollascope.reports.words import Language, word
from ollascope.words.record import Json

MEANINGS: Final[Mapping[Judgement, str]] = {
    "VALID": "these figures can be relied on",
    "LIMITED": "these figures hold only with what is said here",
    "INVALID": "do not rely on these figures",
}
TONES: Final[Mapping[Judgement, Tone]] = {"VALID": "ok", "LIMITED": "warning", "INVALID": "problem"}
DEMO_LINE: Final = "figures made with the demo model or the fake server say nothing about real models"
PARTIAL: Final = "it was ended early: these are the figures of what was done until then"
TOLD_APART: Final = frozenset({"demo"})  # by a badge of its own
INTERRUPTED: Final = "interrupted"
_WEIGHTS: Final[Mapping[Weight, int]] = {"invalid": 0, "limited": 1, "note": 2}


def verdict_banner(result: Result, language: Language = "en", *, name: str = "", notes: bool = True) -> Banner:
    """The verdict with its reasons, the heaviest first, each with what can be done about it; `notes` as well, or how
    many there are."""
    meaning = word(MEANINGS[result.verdict], language)
    title = f"{name}: {result.verdict} – {meaning}" if name else f"{result.verdict} – {meaning}"
    reasons = [reason for reason in by_weight(result) if reason.code not in TOLD_APART]
    kept = [reason for reason in reasons if notes or reason.weight != "note"]
    told = [_line(reason, language) for reason in kept]
    if result.partial and INTERRUPTED not in {reason.code for reason in reasons}:
        told.insert(0, word(PARTIAL, language))
    if left := len(reasons) - len(kept):
        text = "{count} notes more with --details" if left > 1 else "one note more with --details"
        told.append(word(text, language).format(count=left))
    return Banner(tone=TONES[result.verdict], title=title, lines=told)


def demo_banner(language: Language = "en") -> Banner:
    """The badge of figures that say nothing about real models."""
    return Banner(tone="demo", title="DEMO", lines=[word(DEMO_LINE, language)])


def by_weight(result: Result) -> list[Reason]:
    """The reasons, the heaviest first."""
    return sorted(result.reasons, key=lambda reason: _WEIGHTS[reason.weight])


def reason_text(reason: Reason, language: Language = "en") -> str:
    """The sentence of a reason; English where there is no translation of it."""
    if language == "en" or reason.template is None:
        return reason.text
    translated = word(reason.template, language)
    if translated == reason.template:
        return reason.text
    try:
        return translated.format(**{name: _figure(value, language) for name, value in reason.figures.items()})
    except (KeyError, ValueError, IndexError):  # a result of another version may lack a figure
        return reason.text


def _figure(value: Json, language: Language) -> Json:
    """A figure that is a phrase is translated, too."""
    return word(value, language) if isinstance(value, str) else value


def hint_text(reason: Reason, language: Language = "en") -> str:
    """What can be done about it; empty where nothing is known."""
    return word(reason.hint, language) if reason.hint else ""


def _line(reason: Reason, language: Language) -> str:
    text, hint = reason_text(reason, language), hint_text(reason, language)
    return printable(f"{text} → {hint}" if hint else text)
