"""What an Ollama did in silence: what was asked beside what came, as flags and as sentences for a person."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ollascope.engines.flags import (
    CONTEXT_CLAMPED,
    CONTEXT_EXHAUSTED,
    CONTEXT_SHIFTED,
    FORMAT_MISSED,
    OPTION_IGNORED,
    PROMPT_TRUNCATED,
    RELOADED,
    THINK_IGNORED,
    TOOL_LOST,
    WAITED,
)
from ollascope.engines.ollama.silence.schema import fault_in
from ollascope.engines.ollama.silence.truncation import find_cut
from ollascope.engines.ollama.versions import Version, ignored_options
from ollascope.words.call import LoadCause
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Prompt

LOAD_S: Final = 0.2  # a loaded model answers within milliseconds, starting a process alone takes more
WAIT_S: Final = 0.5  # a shorter wait is not worth a word
MOST_KEPT: Final = 1 << 20  # characters of an answer that are kept to check its format

Finding = tuple[str, str]  # a flag and its sentence; a flag that is empty is only a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One model in memory, as `ps` told."""

    context: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside the answer; None is not known."""

    version: Version | None = None
    asked: bool = False  # `ps` was asked before, so that a model which was not in it was not loaded
    before: Place | None = None
    after: Place | None = None
    evicted: bool = False  # it was loaded earlier, and its time was not over
    sees: bool | None = None  # whether the model can take images, asked where some were sent


@dataclass(slots=True)
class Witness:
    """Hears the pieces of one answer and remembers what a verdict needs."""

    prompt: Prompt
    size: int = 0  # bytes of text and thinking
    calls: int = 0
    thought: bool = False
    text: list[str] = field(default_factory=list)

    def hear(self, chunk: Chunk) -> None:
        self.calls += len(chunk.tool_calls)
        self.thought = self.thought or bool(chunk.thinking)
        self.size += _bytes(chunk.thinking) + _bytes(chunk.text)
        if self.size <= MOST_KEPT:
            self.text.append(chunk.text)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def hidden_wait_s(final: Chunk) -> float | None:
    """What the whole took beyond loading, reading and answering: the wait for a slot, and fitting a long chat."""
    if final.total_s is None or final.load_s is None or final.tokens_out is None:
        return None
    return max(0.0, final.total_s - final.load_s - (final.prefill_s or 0.0) - (final.decode_s or 0.0))


def has_images(prompt: Prompt) -> bool:
    """Something is to be looked at."""
    return bool(prompt.extra.get("images")) or any(message.images for message in prompt.messages)


def cause_of_load(final: Chunk, around: Around) -> LoadCause | None:
    """Why the model was loaded for this answer; none if it was not, or if nothing was known of it before."""
    if final.load_s is None or final.load_s < LOAD_S or not around.asked:
        return None
    if around.before is not None:
        changed = around.after is not None and around.after.context != around.before.context
        return "context-changed" if changed else "evicted"
    return "evicted" if around.evicted else "cold"


def find_silence(witness: Witness, final: Chunk, around: Around) -> Iterator[Finding]:
    """Everything that was done otherwise than asked, without a word."""
    prompt = witness.prompt
    context = around.after.context if around.after else None
    cut = find_cut(prompt, final, witness.size, context, around.version)
    if cut is not None:
        yield PROMPT_TRUNCATED if cut.certain else "", cut.text
    yield from _context(prompt, final, context)
    yield from _reloaded(final, around)
    yield from _format(witness, final)
    yield from _tools(witness, final)
    yield from _options(prompt, final, around.version)
    if around.sees is False and has_images(prompt):
        yield OPTION_IGNORED, "the images were ignored: this model cannot see"
    if prompt.think is False and "".join(witness.text[:4]).lstrip().startswith("<think>"):
        yield THINK_IGNORED, "the model thought although it was told not to: what it thought stands in the answer"
    waited = hidden_wait_s(final)
    if waited is not None and waited >= WAIT_S:
        yield WAITED, f"{waited:.1f} s went by before the model worked: waiting for a free slot, or fitting the prompt"


def _context(prompt: Prompt, final: Chunk, context: int | None) -> Iterator[Finding]:
    asked = prompt.options.get("num_ctx")
    if context is not None and isinstance(asked, int) and asked > context:
        yield CONTEXT_CLAMPED, f"num_ctx {asked} was cut to {context}: this model was trained for no more"
    if final.tokens_in is None or final.tokens_out is None:
        return
    used = final.tokens_in + final.tokens_out
    if _exhausted(prompt, final, context):
        yield CONTEXT_EXHAUSTED, f"the context was full after {used} tokens: the answer ends in the middle"
    elif context is not None and used > context + 1:
        text = f"prompt and answer have {used} tokens, the context {context}: the oldest were dropped meanwhile"
        yield CONTEXT_SHIFTED, text


def _exhausted(prompt: Prompt, final: Chunk, context: int | None) -> bool:
    """It ended for its length, and not at the length that was asked for."""
    if final.reason != "length" or final.tokens_out is None or final.tokens_in is None:
        return False
    limit = prompt.max_tokens if prompt.max_tokens is not None and prompt.max_tokens > 0 else None
    if limit is not None and final.tokens_out >= limit:
        return False
    if context is None:
        return limit is not None
    return -2 <= final.tokens_in + final.tokens_out - context <= 1


def _reloaded(final: Chunk, around: Around) -> Iterator[Finding]:
    cause = cause_of_load(final, around)
    if cause == "context-changed" and around.before and around.after:
        text = f"the model was loaded again ({final.load_s:.1f} s), for a context of {around.after.context} tokens"
        yield RELOADED, f"{text} instead of {around.before.context}: ask always for the same num_ctx"
    elif cause == "evicted":
        yield RELOADED, f"the model had been pushed out of memory and was loaded again ({final.load_s:.1f} s)"


def _format(witness: Witness, final: Chunk) -> Iterator[Finding]:
    wanted = witness.prompt.format
    if not wanted or witness.calls or witness.size > MOST_KEPT:
        return
    fault = fault_in("".join(witness.text), wanted)
    if fault:
        cut = f" (cut after {final.tokens_out} tokens)" if final.reason == "length" else ""
        hint = "; with `think: false` Ollama enforces it" if witness.prompt.think is not False and not cut else ""
        yield FORMAT_MISSED, f"the answer does not keep the format: {fault}{cut}{hint}"


def _tools(witness: Witness, final: Chunk) -> Iterator[Finding]:
    """Tokens were generated and none of them came: the call of a tool that was not offered disappears."""
    silent = not witness.calls and not witness.thought and not "".join(witness.text).strip()
    if witness.prompt.tools and silent and (final.tokens_out or 0) > 1:
        text = f"{final.tokens_out} tokens were generated and none came"
        yield TOOL_LOST, f"{text}: Ollama drops the call of a tool that was not offered"


def _options(prompt: Prompt, final: Chunk, version: Version | None) -> Iterator[Finding]:
    for name in ignored_options(prompt.options, version):
        yield OPTION_IGNORED, f"the option {name} is not known to this Ollama and was ignored"
    if prompt.max_tokens == 0 and (final.tokens_out or 0) > 0:
        yield OPTION_IGNORED, "num_predict 0 means no limit to Ollama, not no answer"
