"""What was asked of a run, in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from ollascope.bench.asked import Asked, Ends, Goals, Lengths, Level, Load, Wording
from ollascope.bench.result import Result
from ollascope.logs.form import printable
from ollascope.reports.say import count, digits, seconds
from ollascope.reports.words import Language, word

MOST_LEVELS: Final = 6
Rows = list[tuple[str, str]]

_ARRIVALS: Final = {
    "constant": "at even distances", "poisson": "at random (Poisson)",
    "gamma": "at random (gamma, burstiness {number})",
}  # fmt: skip
_GOALS: Final = {
    "ttft_s": "first token within {time}", "total_s": "whole answer within {time}",
    "tpot_s": "at most {time} a token", "gap_s": "no pause above {time}",
}  # fmt: skip


def asked_rows(asked: Asked, language: Language = "en") -> Rows:
    """What was asked, as names and texts."""
    target = asked.target
    by = word("{operation} by the {api} API", language).format(operation=target.operation, api=target.api)
    rows = [
        ("server", f"{printable(target.url)} · {by}"),
        ("model", printable(target.model)),
        ("load", load_text(asked, language)),
        ("prompts", _prompts(asked.wording, language)),
        ("answers", _answers(asked.wording, language)),
        ("it ends after", _joined(_ends(asked.ends, language), language)),
        ("does not count", _joined(_uncounted(asked.ends, language), language)),
        ("goals", _joined(goal_texts(asked.goals, language), language)),
        ("seed", str(asked.seed)),
    ]
    return [(word(name, language), text) for name, text in rows if text]


def all_asked(result: Result, language: Language = "en") -> Rows:
    """The same, with what was made of it; in Chinese without what is only told in English."""
    made = [
        (word(name, language), word(text, language)) for name, text in result.prompts
        if language == "en" or not text.isascii() or not any(map(str.isalpha, text)) or word(text, language) != text
    ]  # fmt: skip
    rows = asked_rows(result.asked, language)
    known = {name for name, _ in made}
    return [*(row for row in rows if row[0] not in known), *((printable(name), printable(text)) for name, text in made)]


def load_text(asked: Asked, language: Language = "en") -> str:
    """The load in one line: 8 users at once for 30 s."""
    load = asked.load
    if load.arrival == "trace":
        return word("as in the trace {file}", language).format(file=printable(load.trace or ""))
    return " · ".join([_levels(load.levels, language), *_manner(load, asked.wording, language)])


def level_text(level: Level, language: Language = "en") -> str:
    """One level in words: 20 requests/s for 30 s."""
    if level.rate is None:
        users = level.users or 1
        text = word("{users} users at once" if users != 1 else "one user", language).format(users=count(users))
    elif level.until_rate is None:
        text = word("{rate} requests/s", language).format(rate=digits(level.rate))
    else:
        text = word("from {rate} to {until} requests/s", language).format(
            rate=digits(level.rate), until=digits(level.until_rate)
        )
    return _bounds(text, level, ("{what} for {time}", "{what}, {count} requests"), language)


def _bounds(text: str, level: Level, templates: tuple[str, str], language: Language) -> str:
    """How long a level lasts, behind what it is."""
    if level.seconds is not None:
        text = word(templates[0], language).format(what=text, time=seconds(level.seconds))
    if level.requests == 1:
        return word("{what}, one request", language).format(what=text)
    if level.requests is not None:
        text = word(templates[1], language).format(what=text, count=count(level.requests))
    return text


def _levels(levels: Sequence[Level], language: Language) -> str:
    """Levels that differ only in how many users or how many requests are told in one."""
    alike = {(level.seconds, level.requests, level.until_rate) for level in levels}
    if len(levels) > 2 and len(alike) == 1 and levels[0].until_rate is None:
        users = [digits(number) for level in levels if (number := level.users) is not None]
        rates = [digits(rate) for level in levels if (rate := level.rate) is not None]
        for numbers, text in ((users, "{list} users at once"), (rates, "{list} requests/s")):
            if len(numbers) == len(levels):
                told = word(text, language).format(list=word(", ", language).join(_short(numbers)))
                return _bounds(told, levels[0], ("{what}, each for {time}", "{what}, each {count} requests"), language)
    return word(", then ", language).join(_short([level_text(level, language) for level in levels]))


def _short(texts: list[str]) -> list[str]:
    return texts if len(texts) <= MOST_LEVELS else [*texts[: MOST_LEVELS - 2], "…", texts[-1]]


def goal_texts(goals: Goals, language: Language = "en") -> list[str]:
    """Each goal that was set."""
    set_ = {"ttft_s": goals.ttft_s, "total_s": goals.total_s, "tpot_s": goals.tpot_s, "gap_s": goals.gap_s}
    return [goal_text(name, limit, language) for name, limit in set_.items() if limit is not None]


def goal_text(name: str, limit: float, language: Language = "en") -> str:
    """One goal: first token within 500 ms."""
    return word(_GOALS[name], language).format(time=seconds(limit))


def _manner(load: Load, wording: Wording, language: Language) -> Iterator[str]:
    """What is said of the load beside its levels."""
    if load.arrival in _ARRIVALS:
        yield word(_ARRIVALS[load.arrival], language).format(number=digits(load.burstiness))
    if load.think_s:
        yield word("each waits {time} between answer and question", language).format(time=seconds(load.think_s))
    if wording.turns > 1:
        yield word("conversations of {count} questions", language).format(count=count(wording.turns))
    if load.apart and len(load.levels) > 1:
        yield word("each begins when the one before has ended", language)
    if wording.think is not None:
        yield word("thinking on" if wording.think else "thinking off", language)
    if load.most_at_once is not None:
        yield word("at most {count} at once", language).format(count=count(load.most_at_once))


def _prompts(wording: Wording, language: Language) -> str:
    """Where the texts come from, how long they are, and whether a cache may know them."""
    if wording.source == "file":
        texts = word("from {file}", language).format(file=printable(wording.file or ""))
    else:
        tongue = {"en": "English", "zh": "Chinese", "mixed": "English and Chinese"}[wording.tongue]
        source = "built-in texts" if wording.source == "built-in" else "made texts"
        texts = f"{word(source, language)}: {word(tongue, language)}"
    parts = [texts]
    if wording.tokens_in:
        parts.append(_lengths(wording.tokens_in, language))
    if wording.prefix_tokens:
        shared = word("{count} shared beginnings of {tokens} tokens", language)
        parts.append(shared.format(count=count(wording.prefixes), tokens=count(wording.prefix_tokens)))
    helps = "each is new to the server's cache" if wording.cache == "bust" else "the server's cache may help"
    return " · ".join([*parts, word(helps, language)])


def _answers(wording: Wording, language: Language) -> str:
    parts = []
    if wording.max_tokens:
        most = word("at most {lengths}", language)
        parts.append(most.format(lengths=_lengths(wording.max_tokens, language)))
    if wording.think is not None:
        parts.append(word("thinking on" if wording.think else "thinking off", language))
    parts += [f"{printable(name)} {printable(str(value))}" for name, value in wording.options.items()]
    return " · ".join(parts)


def _lengths(lengths: Lengths, language: Language) -> str:
    mean = word("{count} tokens", language).format(count=count(lengths.mean))
    if lengths.shape == "fixed" or not lengths.spread:
        return mean
    return f"{mean} ± {count(lengths.spread)} ({word(lengths.shape, language)})"


def _ends(ends: Ends, language: Language) -> Iterator[str]:
    if ends.seconds is not None:
        yield seconds(ends.seconds)
    for number, text in ((ends.requests, "{count} requests"), (ends.errors, "{count} errors"),
                         (ends.tokens, "{count} tokens")):  # fmt: skip
        if number is not None:
            yield word(text, language).format(count=count(number))


def _uncounted(ends: Ends, language: Language) -> Iterator[str]:
    if ends.warm_up_s:
        yield word("the first {time}", language).format(time=seconds(ends.warm_up_s))
    if ends.warm_up_requests:
        yield word("the first {count} requests", language).format(count=count(ends.warm_up_requests))
    if ends.cool_down_s:
        yield word("the last {time}", language).format(time=seconds(ends.cool_down_s))


def _joined(texts: Iterator[str] | list[str], language: Language) -> str:
    return word(", ", language).join(texts)
