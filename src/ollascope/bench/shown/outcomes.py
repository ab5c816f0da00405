"""How requests ended, which kept the goals, and what the server's cache held, as parts of a report."""

from ollascope.bench.result import Delivered, Result
from ollascope.bench.shown.told import goal_texts
from ollascope.logs.form import printable
from ollascope.reports.parts import Facts, Table
from ollascope.reports.say import count, digits, interval, maybe, per_second, seconds, share
from ollascope.reports.words import Language, word


def outcome_table(delivered: Delivered, language: Language) -> Table:
    """Each outcome with its share, and what did not count."""
    ordered = sorted(delivered.outcomes.items(), key=lambda pair: (pair[0] != "ok", -pair[1], pair[0]))
    total = sum(number for _, number in ordered)
    rows = [(printable(outcome), count(number), share(number / total)) for outcome, number in ordered if number]
    headers = [word(text, language) for text in ("outcome", "number", "share")]
    return Table(title=word("Outcomes", language), headers=headers, rows=rows, right=(1, 2),
                 note=_beside(delivered, language))  # fmt: skip


def goodput_facts(result: Result, language: Language) -> Facts | None:
    """Requests that kept every goal, where goals were set."""
    good = result.goodput
    if good is None:
        return None
    told = maybe(share, good.ratio, language)
    if good.ci95:
        told += f" ({interval(share, good.ci95)})"
    rows = [
        ("goals", word(", ", language).join(goal_texts(result.asked.goals, language))),
        ("kept all goals", f"{count(good.good)} · {told}"),
        ("missed one", count(good.bad)),
        ("undetermined", count(good.undetermined)),
        ("goodput", maybe(per_second, good.per_s, language)),
    ]
    return Facts(title=word("Goals kept", language), rows=[(word(name, language), text) for name, text in rows])


def cache_facts(result: Result, language: Language) -> Facts:
    """Tokens of prompts, and how many of them the server's cache held."""
    cache = result.cache
    if cache.cached_tokens is None:
        held = word("the server does not say", language)
    else:
        held = count(cache.cached_tokens)
        if cache.prompt_tokens:
            held += f" ({share(cache.cached_tokens / cache.prompt_tokens)})"
    rows = [("tokens of prompts", maybe(count, cache.prompt_tokens, language)), ("from the cache", held)]
    return Facts(title=word("Prompt cache", language), rows=[(word(name, language), text) for name, text in rows])


def _beside(delivered: Delivered, language: Language) -> str:
    """What was sent, but is neither ok nor failed; and how it was sent."""
    numbers = (
        ("{count} in the warm-up", delivered.warm_up),
        ("{count} in the cool-down", delivered.cool_down),
        ("{count} given up at the end", delivered.cancelled),
        ("{count} tried again", delivered.retries),
    )
    told = [word(text, language).format(count=count(number)) for text, number in numbers if number]
    told.append(word("at most {count} in flight", language).format(count=count(delivered.peak_inflight)))
    if delivered.mean_inflight is not None:
        told.append(word("{count} on average", language).format(count=digits(delivered.mean_inflight)))
    if delivered.late_p99_s is not None:
        text = word("sent at most {time} after they were due (p99)", language)
        told.append(text.format(time=seconds(delivered.late_p99_s)))
    return " · ".join(told)
