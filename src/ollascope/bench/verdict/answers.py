"""What became of the requests, and were they what was asked for?"""

from collections.abc import Iterator
from typing import Final

from ollascope.bench.asked import Lengths
from ollascope.bench.result import Reason, Weight
from ollascope.bench.verdict.sayings import reason
from ollascope.bench.verdict.signs import Case
from ollascope.engines.flags import CONTEXT_EXHAUSTED, OPTION_IGNORED, PROMPT_TRUNCATED, THINK_IGNORED
from ollascope.reports.say import digits, share
from ollascope.words.errors import Cancelled
from ollascope.words.outcomes import OK

FEW: Final = 0.01
MOST: Final = 0.5
MISSED: Final = 0.1  # of a length
HELPED: Final = 0.1  # of the prompts' tokens; what all prompts share, as the template's beginning, is less
OTHER_MODEL: Final = "other-model"


def failed(case: Case) -> Iterator[Reason]:
    delivered = case.result.delivered
    if not delivered.requests:
        return
    if not delivered.failed:
        if not delivered.ok:
            yield reason("nothing-finished", "invalid")
        return
    which = _which({code: count for code, count in delivered.outcomes.items() if code not in {OK, Cancelled.code}})
    if not delivered.ok:
        yield reason("all-failed", "invalid", failed=delivered.failed, which=which)
        return
    of_all = delivered.failed / (delivered.failed + delivered.ok)
    weight: Weight = "invalid" if of_all >= MOST else "limited" if of_all >= FEW else "note"
    yield reason("errors", weight, failed=delivered.failed, requests=delivered.requests, share=share(of_all),
                 which=which)  # fmt: skip


def given_up(case: Case) -> Iterator[Reason]:
    cancelled, requests = case.result.delivered.cancelled, case.result.delivered.requests
    if cancelled and case.result.delivered.ok:
        matters = cancelled >= FEW * requests and case.result.window.cut_by != "interrupted"  # that is said anyway
        weight: Weight = "limited" if matters else "note"
        yield reason("given-up", weight, cancelled=cancelled, requests=requests)


def retried(case: Case) -> Iterator[Reason]:
    if case.result.delivered.retries:
        yield reason("retried", "note", retries=case.result.delivered.retries)


def tokens_not_told(case: Case) -> Iterator[Reason]:
    if case.result.delivered.ok and not case.signs.tokens_told and case.result.asked.target.operation != "embed":
        yield reason("tokens-not-told", "limited")


def done_in_silence(case: Case) -> Iterator[Reason]:
    for flag, code in ((PROMPT_TRUNCATED, "prompts-truncated"), (CONTEXT_EXHAUSTED, "context-full")):
        if case.signs.flags.get(flag):
            yield reason(code, "limited", count=case.signs.flags[flag])
    ignored = {flag: case.signs.flags[flag] for flag in (OPTION_IGNORED, THINK_IGNORED) if case.signs.flags.get(flag)}
    if ignored:
        yield reason("options-ignored", "limited", count=max(ignored.values()), which=", ".join(ignored))


def lengths_missed(case: Case) -> Iterator[Reason]:
    wording = case.result.asked.wording
    if _misses(wording.tokens_in, case.signs.tokens_in) and wording.turns == 1:
        yield reason("prompt-lengths-missed", "limited", found=_count(case.signs.tokens_in),
                     wanted=_count(wording.tokens_in.mean if wording.tokens_in else None))  # fmt: skip
    limit = wording.max_tokens
    if limit is not None and case.signs.tokens_out is not None and case.signs.tokens_out < (1 - MISSED) * limit.mean:
        yield reason("answers-short", "note", found=_count(case.signs.tokens_out), wanted=_count(limit.mean))


def cache_unlike_asked(case: Case) -> Iterator[Reason]:
    wording, cache = case.result.asked.wording, case.result.cache
    if cache.cached_tokens is None or not cache.prompt_tokens:
        return
    ratio = cache.cached_tokens / cache.prompt_tokens
    if wording.cache == "friendly":
        if not cache.cached_tokens:
            yield reason("cache-idle", "note")
    elif ratio > HELPED and wording.turns == 1 and not wording.prefix_tokens:
        yield reason("cache-helped", "limited", share=share(min(1.0, ratio)))


def other_model(case: Case) -> Iterator[Reason]:
    count = case.signs.flags.get(OTHER_MODEL, 0)
    if count or len(case.signs.models) > 1:
        yield reason("other-model", "invalid", count=count or case.result.delivered.requests,
                     which=", ".join(case.signs.answered_by or case.signs.models))  # fmt: skip


def _which(outcomes: dict[str, int]) -> str:
    """The most frequent first: 12 timeout, 3 connection-cut."""
    ordered = sorted(outcomes.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count} {code}" for code, count in ordered)


def _misses(wanted: Lengths | None, found: float | None) -> bool:
    return wanted is not None and found is not None and abs(found - wanted.mean) > max(2.0, MISSED * wanted.mean)


def _count(value: float | None) -> str:
    return "?" if value is None else digits(value)
