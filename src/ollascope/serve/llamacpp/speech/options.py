"""The options of a request as the values that sampling takes; what is not known is named."""

import math
from collections.abc import Mapping
from typing import Final

from ollascope.serve.llamacpp.wish import Sampling
from ollascope.words.errors import BadUsage
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

MOST_STOPS: Final = 100
LONGEST_STOP: Final = 1000
ELSEWHERE: Final = frozenset(("num_ctx", "num_keep", "ignore_eos"))  # heeded by others than sampling
HINT: Final = "correct the option, or leave it out"


SPANS: Final = {
    "temperature": (0, 1000),
    "top_k": (-1, 10_000_000),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "typical_p": (0, 1),
    "repeat_penalty": (0.01, 100),
    "repeat_last_n": (-1, 10_000_000),
    "presence_penalty": (-100, 100),
    "frequency_penalty": (-100, 100),
}


def sampling(prompt: Prompt) -> Sampling:
    """How the next token is to be chosen: Ollama's defaults where nothing is said."""
    plain, given, seed = Sampling(), prompt.options, prompt.seed
    return Sampling(
        temperature=_read(given, "temperature", plain.temperature),
        top_k=int(_read(given, "top_k", plain.top_k)),
        top_p=_read(given, "top_p", plain.top_p),
        min_p=_read(given, "min_p", plain.min_p),
        typical_p=_read(given, "typical_p", plain.typical_p),
        repeat_penalty=_read(given, "repeat_penalty", plain.repeat_penalty),
        repeat_last=int(_read(given, "repeat_last_n", plain.repeat_last)),
        presence_penalty=_read(given, "presence_penalty", plain.presence_penalty),
        frequency_penalty=_read(given, "frequency_penalty", plain.frequency_penalty),
        seed=None if seed is None or seed < 0 else seed & 0xFFFFFFFF,
    )


def ignored(prompt: Prompt) -> tuple[str, ...]:
    """The options that change nothing here, by name."""
    unknown = [name for name in prompt.options if name not in SPANS and name not in ELSEWHERE]
    unheard = [name for name in ("logit_bias", "best_of", "echo") if prompt.extra.get(name)]
    if _is_more_than_one(prompt.extra.get("n")):
        unheard.append("n")
    return tuple(sorted(unknown + unheard))


def stops(prompt: Prompt) -> tuple[str, ...]:
    """The texts that end the answer."""
    found = tuple(dict.fromkeys(word for word in prompt.stop if word))
    if len(found) > MOST_STOPS:
        raise BadUsage(f"more than {MOST_STOPS} stop words", hint="send fewer")
    if any(len(word) > LONGEST_STOP for word in found):
        raise BadUsage(f"a stop word is longer than {LONGEST_STOP} characters", hint="send a shorter one")
    return found


def most(prompt: Prompt) -> int | None:
    """How many tokens the answer may have; 0, -1 and -2 mean as many as the context holds, as with Ollama."""
    return prompt.max_tokens if prompt.max_tokens is not None and prompt.max_tokens > 0 else None


def kept(prompt: Prompt, default: int = 4) -> int:
    """How many tokens at the beginning stay when the middle of a text is left out."""
    value = prompt.options.get("num_keep", default)
    return max(0, int(value)) if isinstance(value, int | float) else default


def _read(given: Mapping[str, Json], name: str, default: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadUsage(f'option "{name}" must be a number', hint=HINT)
    low, high = SPANS[name]
    if not low <= value <= high:
        raise BadUsage(f'option "{name}" must be between {low:g} and {high:g}, not {value:g}', hint=HINT)
    return value


def _is_more_than_one(value: Json) -> bool:
    return isinstance(value, int) and value > 1
