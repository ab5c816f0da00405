"""From what was asked to the material of a run; the same seed gives the same prompts."""

from collections.abc import Callable
from random import Random

from ollascope.bench.asked import Asked, Wording
from ollascope.bench.material import Material
from ollascope.bench.prompts.asking import Count
from ollascope.bench.prompts.lengths import check_lengths, draw_lengths, name_lengths
from ollascope.bench.prompts.question import Question
from ollascope.bench.prompts.shaping import Shaping, name_options
from ollascope.bench.prompts.stock import Stock
from ollascope.bench.prompts.stocking import is_synthetic, stock_up
from ollascope.bench.shapes.rules import check_number
from ollascope.bench.shapes.trace import Trace
from ollascope.bench.shapes.wishes import Wishes, wishes
from ollascope.words.errors import BadUsage
from ollascope.words.prompt import Prompt

MOST_TURNS = 100
MOST_PREFIXES = 1_000
MOST_PREFIX = 1_000_000


def make_material(asked: Asked, trace: Trace | None, count: Count | None, tell: Callable[[str], None]) -> Material:
    """All prompts of a run; lengths are those that the server counts, where `count` asks it."""
    check_wording(asked)
    wished = wishes(trace) if trace is not None else None
    stock = stock_up(asked, wished, count, tell)
    questions = _aligned(stock.questions, wished)
    limits = _limits(asked, wished, len(questions))
    shaping = Shaping(asked, stock.prefixes)
    prompts = tuple(shaping.prompt(one, n, limit) for n, (one, limit) in enumerate(zip(questions, limits, strict=True)))
    return Material(
        prompts=prompts,
        warm_up=_warm_up(stock, shaping, limits) if asked.wording.cache == "friendly" else (),
        turns=tuple(shaping.turns(one, n) for n, one in enumerate(questions)) if asked.wording.turns > 1 else (),
        about=(*stock.about, *_about(asked, wished)),
        calibration=stock.calibration,
        notes=(*stock.notes, *_notes(asked, wished)),
    )


def check_wording(asked: Asked) -> None:
    """Raise BadUsage where what is to be asked contradicts itself."""
    wording, operation = asked.wording, asked.target.operation
    for what, lengths in (("the prompt's length", wording.tokens_in), ("the answer's length", wording.max_tokens)):
        if lengths is not None:
            check_lengths(what, lengths)
    check_number("the number of turns", wording.turns, 1, MOST_TURNS, f"give 1 to {MOST_TURNS} turns")
    check_number("the number of prefixes", wording.prefixes, 1, MOST_PREFIXES, f"give 1 to {MOST_PREFIXES} prefixes")
    hint = f"give 0 to {MOST_PREFIX:,} tokens"
    check_number("the length of the shared beginning", wording.prefix_tokens, 0, MOST_PREFIX, hint)
    if wording.prefixes > 1 and not wording.prefix_tokens:
        raise BadUsage("shared beginnings need a length", hint="add --prefix-tokens, as in --prefix-tokens 200")
    if wording.turns > 1 and operation != "chat":
        raise BadUsage(f"conversations need the chat API, not {operation}", hint="leave out --turns, or ask for chat")
    _check_source(wording)


def _check_source(wording: Wording) -> None:
    if wording.source == "file" and not wording.file:
        raise BadUsage("prompts are to come from a file, and none is named", hint="give it as in --prompts asked.jsonl")
    if wording.source != "file" and wording.file:
        raise BadUsage(
            f"{wording.file} is not read with {wording.source} prompts", hint="give it alone: --prompts FILE"
        )
    if wording.source == "file" and wording.tokens_in is not None:
        raise BadUsage(
            "the prompts of a file have the lengths that they have", hint="leave out --tokens-in, or the file"
        )
    if wording.tokens_in is not None and wording.prefix_tokens >= wording.tokens_in.mean:
        raise BadUsage(
            f"a beginning of {wording.prefix_tokens} tokens does not fit into prompts of {wording.tokens_in.mean:g}",
            hint="--tokens-in counts the shared beginning too: raise it, or lower --prefix-tokens",
        )


def _aligned(questions: list[Question], wished: Wishes | None) -> list[Question]:
    """One question for each wish of the trace, where it has any."""
    if wished is None or not wished.all:
        return questions
    return [questions[number % len(questions)] for number in range(len(wished.all))]


def _limits(asked: Asked, wished: Wishes | None, count: int) -> list[int | None]:
    lengths = asked.wording.max_tokens
    chance = Random(f"{asked.seed}:max-tokens")  # noqa: S311 - no secret is drawn
    drawn: list[int | None] = [None] * count if lengths is None else [*draw_lengths(lengths, count, chance)]
    if wished is None or not wished.all:
        return drawn
    return [wish.tokens_out or limit for wish, limit in zip(wished.all, drawn, strict=True)]


def _warm_up(stock: Stock, shaping: Shaping, limits: list[int | None]) -> tuple[Prompt, ...]:
    return tuple(shaping.prompt(one, n, limits[n % len(limits)]) for n, one in enumerate(stock.warm_up))


def _about(asked: Asked, wished: Wishes | None) -> tuple[tuple[str, str], ...]:
    wording = asked.wording
    found = [("tokens out, at most", _name_limit(wording, wished))]
    if wording.turns > 1:
        found.append(("questions of a conversation", f"{wording.turns}"))
    if wording.prefix_tokens:
        found.append(("shared beginnings", f"{wording.prefixes} of {wording.prefix_tokens} tokens"))
    busts = "each prompt has a beginning of its own, which the cache cannot know"
    found.append(
        ("cache", busts if wording.cache == "bust" else "the same prompts are asked again, the cache may help")
    )
    found.append(("thinking", {None: "as the model does by itself", True: "on", False: "off"}[wording.think]))
    if wording.options:
        found.append(("options", name_options(wording.options)))
    return tuple(found)


def _name_limit(wording: Wording, wished: Wishes | None) -> str:
    if wished is not None and any(wish.tokens_out for wish in wished.all):
        return "as in the trace" + (", in groups of similar length" if wished.grouped else "")
    return "as long as the model likes" if wording.max_tokens is None else name_lengths(wording.max_tokens)


def _notes(asked: Asked, wished: Wishes | None) -> tuple[str, ...]:
    wording = asked.wording
    notes = []
    if wording.source == "built-in" and is_synthetic(wording, wished):
        notes.append("prompts are synthetic, because lengths were asked for that built-in texts do not have")
    if wording.source == "file" and wording.cache == "bust":
        notes.append(
            "each prompt of the file has digits of its own in front; with --cache friendly it is asked as it is"
        )
    if wording.source == "file" and wished is not None and any(wish.tokens_in for wish in wished.all):
        notes.append("the trace's lengths of prompts are not kept: the prompts come from a file")
    if wished is not None and wished.grouped:
        rounded = f"prompts are rounded to {wished.rounded:.0%}, and " if wished.rounded else ""
        notes.append(f"the trace has very many different lengths: {rounded}answers of similar length have their mean")
    return tuple(notes)
