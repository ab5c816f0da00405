"""The fixed words of reports and pages, in English and Chinese: one catalogue, one zh.json a folder of templates."""

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
    """Every text that has been translated: what is said in several rooms stands in one file and holds in all."""
    found: dict[str, str] = {}
    for path in sorted(shipped("templates").glob("*/zh.json")):
        words = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(words, dict), path
        found |= words
    return dict(sorted(found.items()))
