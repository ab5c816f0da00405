"""Whether a prompt was cut: what was sent beside the tokens that were counted, and by which bound it is certain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ollascope.engines.ollama.versions import RUNNER, Version
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Prompt

KEPT_TOKENS: Final = 4  # `num_keep` where it is not set
LONG_TOKEN_BYTES: Final = 6  # an uncut text has fewer bytes a token; one cut to half its tokens or less has more
MARK_TOKENS: Final = 64  # what a template and its marks may add when an answer is counted again
FULL_SHARE: Final = 32  # a chat that leaves less than this part of the context free may have lost messages
LEFT_OUT: Final = "</think>"  # templates leave out what an earlier answer thought


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A prompt that was cut, or perhaps was; how it is known, as a sentence."""

    certain: bool
    text: str


def find_cut(prompt: Prompt, final: Chunk, said_bytes: int, context: int | None, version: Version | None) -> Cut | None:
    """The cut that an answer gives away, if it does.

    `said_bytes` is the length of the answer with its thinking, `context` the tokens the model may hold.
    """
    counted = final.tokens_in
    if counted is None or prompt.extra.get("truncate") is False:
        return None
    if (whole := _told_context(final, said_bytes)) > counted:
        return Cut(certain=True, text=f"the prompt was cut: of more than {whole} tokens {counted} were read")
    if (words := words_in(prompt)) > counted:
        return Cut(certain=True, text=f"the prompt was cut: of {words} words {counted} tokens were read")
    known = context is not None and prompt.operation != "embed"
    return _by_length(prompt, counted, context or 0, version) if known else None


def _by_length(prompt: Prompt, counted: int, context: int, version: Version | None) -> Cut | None:
    """The lengths that are left when something was cut off."""
    if counted in _cut_lengths(prompt, context, version) and _is_long(prompt, counted, context, version):
        text = f"the prompt was cut to {counted} tokens, as this Ollama does at a context of {context}"
        return Cut(certain=True, text=text)
    if len(prompt.messages) > 2 and 0 <= context - counted < context // FULL_SHARE:
        text = f"the prompt fills {counted} of {context} tokens: older messages may have been left out"
        return Cut(certain=False, text=text)
    return None


def words_in(prompt: Prompt) -> int:
    """The words that the model must have read, each of at least one token: no tokeniser joins words over a blank."""
    return sum(len(text.split()) for text in _texts(prompt))


def limit_of_cut(context: int, kept: int) -> int:
    """To how many tokens Ollama 0.30 and later cuts a prompt: what is kept, and half of what is left."""
    kept = max(0, min(kept, context - 1))
    return context - max((context - kept) // 2, 1)


def _told_context(final: Chunk, said_bytes: int) -> int:
    """The fewest tokens that the whole prompt had by `context`, which holds it uncut, and the answer counted anew."""
    told = final.extra.get("context")
    if not isinstance(told, Sequence) or isinstance(told, str):
        return 0
    return len(told) - max(said_bytes, final.tokens_out or 0) - MARK_TOKENS


def _texts(prompt: Prompt) -> Iterator[str]:
    if prompt.operation == "embed":
        yield from prompt.inputs
    elif prompt.operation == "generate":
        yield prompt.text or ""
    else:
        for message in prompt.messages:
            if message.role == "user" or (message.role == "assistant" and LEFT_OUT not in message.content):
                yield message.content


def _cut_lengths(prompt: Prompt, context: int, version: Version | None) -> tuple[int, ...]:
    if version is None:
        return ()
    if version < RUNNER:
        return (context,)
    asked = prompt.options.get("num_keep")
    kept = asked if isinstance(asked, int) and asked >= 0 else KEPT_TOKENS
    return (limit_of_cut(context, kept), limit_of_cut(context, kept + 1))  # some models begin with a mark of their own


def _is_long(prompt: Prompt, counted: int, context: int, version: Version | None) -> bool:
    """Long enough to be cut: without it, a prompt of by chance this length would be taken for one."""
    size = sum(len(text.encode("utf-8", "replace")) for text in _texts(prompt))
    if version is not None and version < RUNNER:
        return size >= context
    return size >= LONG_TOKEN_BYTES * counted
