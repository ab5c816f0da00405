"""Where questions come from: the program's own texts, made texts, or a file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

from ollascope.bench.asked import Asked, Lengths, Wording
from ollascope.bench.prompts.asking import Count, measure
from ollascope.bench.prompts.files import read_questions
from ollascope.bench.prompts.lengths import draw_lengths, name_lengths
from ollascope.bench.prompts.question import Question
from ollascope.bench.prompts.ruler import Ruler
from ollascope.bench.prompts.stock import Stock
from ollascope.bench.prompts.synthetic import Writing, how_many, take_pen
from ollascope.bench.prompts.written import questions_of, warm_up_of
from ollascope.bench.shapes.wishes import Wishes

USUAL = Lengths(mean=256)  # tokens of a synthetic prompt for which nobody gave a length
TONGUES = {"en": "English", "zh": "Chinese", "mixed": "English and Chinese"}
WARM = 16  # synthetic prompts for the warm-up


def is_synthetic(wording: Wording, wished: Wishes | None) -> bool:
    """Whether texts are made: they were asked for, or lengths that no ready text has."""
    lengths = wording.tokens_in is not None or any(wish.tokens_in for wish in (wished.all[:1] if wished else ()))
    return wording.source == "synthetic" or (wording.source == "built-in" and lengths)


def stock_up(asked: Asked, wished: Wishes | None, count: Count | None, tell: Callable[[str], None]) -> Stock:
    """The questions of a run."""
    if is_synthetic(asked.wording, wished):
        return _synthetic(asked, wished, count, tell)
    stock = _from_file(asked.wording) if asked.wording.source == "file" else _built_in(asked.wording)
    return _with_prefixes(stock, asked, count, tell) if asked.wording.prefix_tokens else stock


def _built_in(wording: Wording) -> Stock:
    questions = questions_of(wording.tongue, wording.turns)
    about = (("prompts", f"{len(questions)} built-in texts"), ("language", TONGUES[wording.tongue]))
    return Stock(questions=questions, warm_up=warm_up_of(wording.tongue), about=about)


def _from_file(wording: Wording) -> Stock:
    path = Path(wording.file or "")
    questions, notes = read_questions(path)
    if wording.turns > 1 and max(len(question.turns) for question in questions) == 1:
        notes = (*notes, f"{path.name} holds no conversations: each prompt is one question")
    about = (("prompts", f"{len(questions)} from {path.name}"),)
    return Stock(questions=questions, warm_up=warm_up_of(wording.tongue), about=about, notes=notes)


def _with_prefixes(stock: Stock, asked: Asked, count: Count | None, tell: Callable[[str], None]) -> Stock:
    pen, wording = take_pen(asked, 0), asked.wording
    ruler = measure(count, pen.probe, [wording.prefix_tokens], tell)
    return replace(
        stock,
        prefixes=pen.prefixes(ruler.recipe(wording.prefix_tokens), wording.prefixes),
        notes=(*stock.notes, *ruler.notes),
        calibration=ruler.calibration,
    )


def _synthetic(asked: Asked, wished: Wishes | None, count: Count | None, tell: Callable[[str], None]) -> Stock:
    wording = asked.wording
    lengths = _wanted(asked, wished)
    pen = take_pen(asked, min(lengths))
    ruler = measure(count, pen.probe, lengths, tell)
    shared = ruler.recipe(wording.prefix_tokens)
    writing = Writing(pen=pen, ruler=ruler, prefix=shared, turns=wording.turns)
    prefixes = pen.prefixes(shared, wording.prefixes) if wording.prefix_tokens else ()
    questions = [writing.question(tokens) for tokens in lengths]
    warm_up = [Question(turns=writing.question(tokens).turns[:1]) for tokens in lengths[:WARM]]
    about = (
        ("prompts", f"{len(questions)} synthetic texts"),
        ("language", TONGUES[wording.tongue]),
        ("tokens in, wanted", _name_wanted(wording, wished)),
        ("tokens in, made", _name_found(writing.found[: len(lengths)], ruler)),
    )
    return Stock(
        questions=questions, warm_up=warm_up, prefixes=prefixes, about=about,
        notes=(*ruler.notes, *_too_short(writing)), calibration=ruler.calibration,
    )  # fmt: skip


def _wanted(asked: Asked, wished: Wishes | None) -> list[int]:
    wording = asked.wording
    usual = wording.tokens_in or USUAL
    if wished is not None and wished.all:
        return [wish.tokens_in or round(usual.mean) for wish in wished.all]
    number = max(how_many(usual.mean, wording.turns), min(wording.prefixes, 1_000))
    return draw_lengths(usual, number, Random(f"{asked.seed}:tokens-in"))  # noqa: S311 - no secret is drawn


def _name_wanted(wording: Wording, wished: Wishes | None) -> str:
    if wished is not None and wished.all and any(wish.tokens_in for wish in wished.all):
        return "as in the trace" + (f", rounded to {wished.rounded:.0%}" if wished.rounded else "")
    return name_lengths(wording.tokens_in or USUAL)


def _name_found(found: list[float], ruler: Ruler) -> str:
    mean, least, most = sum(found) / len(found), min(found), max(found)
    text = f"{mean:.0f}" if least == most else f"{mean:.0f} on average, {least:.0f} to {most:.0f}"
    calibration = ruler.calibration
    if calibration is None:
        return f"about {text}, an estimate"
    worst = "" if calibration.worst is None else f"; off by at most {calibration.worst:.1%} where it was looked at"
    return f"{text}, by the server's own count{worst}"


def _too_short(writing: Writing) -> tuple[str, ...]:
    if writing.short is None:
        return ()
    parts = ["the server's template", *(["a fresh beginning"] if writing.pen.busts else [])]
    parts += ["the shared beginning"] if writing.prefix.tokens else []
    return (f"no prompt is shorter than {writing.least:.0f} tokens here, which is what comes of {' and '.join(parts)}",)
