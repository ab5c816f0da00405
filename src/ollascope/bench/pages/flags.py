"""What was asked of a run as flags of `bench run`, so that a page starts the same command that a person types."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ollascope.bench.asked import Asked, Ends, Goals, Lengths, Level, Load, Wording

DIGITS: Final = 12  # after the point: what a list of levels takes


def flags_of(asked: Asked) -> list[str]:
    """Every flag in the form --name=value, so that no value is ever read as a flag; the address is left out."""
    return [
        *_target(asked), *_load(asked.load), *_wording(asked.wording), *_ends(asked.ends), *_goals(asked.goals),
        f"--seed={asked.seed}", *_given({"workers": asked.workers, "name": asked.name}),
    ]  # fmt: skip


def _target(asked: Asked) -> Iterator[str]:
    target = asked.target
    if target.api == "inside":
        yield "--api=inside"
    yield from _given({"engine": target.engine, "model": target.model or None})
    yield f"--operation={target.operation}"


def _load(load: Load) -> Iterator[str]:
    if load.arrival == "trace":
        yield f"--trace={load.trace}"
    elif load.apart or len(load.levels) != 1 or _has_length(load.levels[0]):
        yield f"--{'sweep' if load.apart else 'steps'}={_levels(load.levels)}"
    else:
        level = load.levels[0]
        yield from _given({"concurrency": level.users, "rate": level.rate, "ramp-to": level.until_rate})
    if load.arrival in {"poisson", "constant", "gamma"}:
        yield f"--arrival={load.arrival}"
    if load.arrival == "gamma":
        yield f"--burstiness={_number(load.burstiness)}"
    if load.think_s:
        yield f"--think-time={_seconds(load.think_s)}"
    yield from _given({"most-at-once": load.most_at_once})


def _wording(wording: Wording) -> Iterator[str]:
    if wording.source == "file":
        yield f"--prompts={wording.file}"
    if wording.tokens_in is not None:
        yield f"--tokens-in={_lengths(wording.tokens_in)}"
    if wording.max_tokens is not None:
        yield f"--max-tokens={_lengths(wording.max_tokens)}"
    yield f"--language={wording.tongue}"
    yield f"--cache={wording.cache}"
    yield f"--prefix-tokens={wording.prefix_tokens}"
    yield f"--prefixes={wording.prefixes}"
    yield f"--turns={wording.turns}"
    if wording.think is not None:
        yield "--think" if wording.think else "--no-think"
    for name, value in wording.options.items():
        yield f"--option={name}={json.dumps(value, ensure_ascii=False)}"


def _ends(ends: Ends) -> Iterator[str]:
    times = {
        "duration": ends.seconds, "cool-down": ends.cool_down_s or None, "connect-timeout": ends.connect_s,
        "first-timeout": ends.first_s, "idle-timeout": ends.idle_s, "timeout": ends.whole_s, "grace": ends.grace_s,
    }  # fmt: skip
    yield from _given({name: None if value is None else _seconds(value) for name, value in times.items()})
    yield from _given({"requests": ends.requests, "max-errors": ends.errors, "token-limit": ends.tokens})
    if ends.warm_up_s:
        yield f"--warm-up={_seconds(ends.warm_up_s)}"
    elif ends.warm_up_requests:
        yield f"--warm-up={ends.warm_up_requests}"


def _goals(goals: Goals) -> Iterator[str]:
    named = {"ttft": goals.ttft_s, "total": goals.total_s, "tpot": goals.tpot_s, "gap": goals.gap_s}
    yield from (f"--goal={name}={_seconds(limit)}" for name, limit in named.items() if limit is not None)


def _levels(levels: Sequence[Level]) -> str:
    return ",".join(_level(level) for level in levels)


def _level(level: Level) -> str:
    if level.rate is None:
        text = str(level.users)
    elif level.until_rate is None:
        text = f"{_number(level.rate)}/s"
    else:
        text = f"{_number(level.rate)}-{_number(level.until_rate)}/s"
    if level.seconds is not None:
        return f"{text}:{_seconds(level.seconds)}"
    return text if level.requests is None else f"{text}:{level.requests}"


def _has_length(level: Level) -> bool:
    return level.seconds is not None or level.requests is not None


def _lengths(lengths: Lengths) -> str:
    if lengths.shape == "fixed" or not lengths.spread:
        return _number(lengths.mean)
    if lengths.shape == "uniform":
        return f"{_number(lengths.mean - lengths.spread)}-{_number(lengths.mean + lengths.spread)}"
    return f"{lengths.shape}:{_number(lengths.mean)},{_number(lengths.spread)},{lengths.least},{lengths.most}"


def _seconds(value: float) -> str:
    return f"{_number(value)}s"


def _number(value: float) -> str:
    """Without an exponent, which the little languages of loads do not know."""
    text = f"{value:.{DIGITS}f}"
    return text.rstrip("0").rstrip(".")


def _given(values: Mapping[str, str | float | None]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None:
            yield f"--{name}={_number(value) if isinstance(value, float) else value}"
