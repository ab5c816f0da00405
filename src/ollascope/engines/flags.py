"""The words for what was done in silence, one word for one thing, each with the sentence a person reads."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

PROMPT_TRUNCATED: Final = "prompt-truncated"
CONTEXT_SHIFTED: Final = "context-shifted"
CONTEXT_EXHAUSTED: Final = "context-exhausted"
CONTEXT_CLAMPED: Final = "context-clamped"
RELOADED: Final = "reloaded"
LOAD_ABORTED: Final = "load-aborted"
FORMAT_MISSED: Final = "format-missed"
TOOL_LOST: Final = "tool-lost"
OPTION_IGNORED: Final = "option-ignored"
THINK_IGNORED: Final = "think-ignored"
WAITED: Final = "waited"
RUNNER_KILLED: Final = "runner-killed"
REPAIRED: Final = "repaired"

FLAGS: Final[Mapping[str, str]] = {
    PROMPT_TRUNCATED: "the prompt was longer than the context: the model read only a part of it",
    CONTEXT_SHIFTED: "the context was full while answering: the oldest tokens were dropped and the answer went on",
    CONTEXT_EXHAUSTED: "the context was full: the answer ends in the middle",
    CONTEXT_CLAMPED: "the context asked for is longer than the model was trained for, and was cut",
    RELOADED: "the model was loaded again for this request: it had been pushed out, or another context was asked for",
    LOAD_ABORTED: "the loading of the model was given up: the one who waited for it left",
    FORMAT_MISSED: "the answer does not keep the format that was asked for",
    TOOL_LOST: "the model called a tool that was not offered, and the call disappeared",
    OPTION_IGNORED: "an option was ignored: the server does not know it, or takes it for something else",
    THINK_IGNORED: "the model thought although it was told not to",
    WAITED: "the request waited for a free slot before the model began with it",
    RUNNER_KILLED: "the process that runs the model was killed",
    REPAIRED: "the answer was mended to keep the format that was asked for",
}


def sentences(flags: Iterable[str]) -> Iterator[str]:
    """What the flags of a Call mean; one that a later version invented stands for itself."""
    for flag in flags:
        yield FLAGS.get(flag, flag.replace("-", " "))
