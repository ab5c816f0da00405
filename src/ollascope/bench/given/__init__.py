"""What a person asks for with flags, as the Asked of a run."""

from ollascope.bench.given.options import (
    load_options,
    output_options,
    prompt_options,
    quick_options,
    run_options,
    target_options,
)
from ollascope.bench.given.reading import asked_of
from ollascope.bench.given.said import Said
from ollascope.bench.given.target import Found, find_target

__all__ = [
    "Found",
    "Said",
    "asked_of",
    "find_target",
    "load_options",
    "output_options",
    "prompt_options",
    "quick_options",
    "run_options",
    "target_options",
]
