"""The fixed words of reports and pages, in English and Chinese: one catalogue, templates/words/zh.json."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Literal

from ollascope.settings.shipped import shipped

Language = Literal["en", "zh"]


def word(text: str, language: Language = "en") -> str:
    """The text in this language; English is its own key, and stands where a translation is missing."""
    return text if language == "en" else chinese().get(text, text)


@cache
def chinese() -> Mapping[str, str]:
    """Every text that has been translated."""
    found = json.loads((shipped("templates") / "words" / "zh.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
