"""Flags as the Asked of a run; what contradicts itself is said with the flags' own names."""

import json
from typing import cast

from ollascope.bench.asked import Arrival, Asked, Caching, Ends, Goals, Level, Load, Target, Tongue, Wording
from ollascope.bench.given.said import Said, seconds
from ollascope.bench.prompts import read_lengths
from ollascope.bench.shapes import read_levels
from ollascope.engines.settings import Waiting
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

GOALS = ("ttft", "total", "tpot", "gap")
GOAL_HINT = "write it as in --goal ttft=2s; there are ttft, total, tpot and gap"
SHAPES = ("concurrency", "rate", "steps", "sweep", "trace")


def asked_of(said: Said, target: Target, patience: Waiting) -> Asked:
    """What is asked of the run; BadUsage where flags exclude each other."""
    return Asked(
        target=target,
        load=load_of(said),
        wording=wording_of(said),
        ends=ends_of(said, patience),
        goals=goals_of(said.texts("goals")),
        seed=said.whole("seed") or 0,
        workers=said.whole("workers"),
        name=said.text("name"),
    )


def load_of(said: Said) -> Load:
    """One shape of the load, with what belongs to it."""
    chosen = [name for name in SHAPES if said.has(name)]
    if len(chosen) > 1:
        hint = "they are two shapes of the load; choose one"
        raise BadUsage(f"--{chosen[0]} and --{chosen[1]} exclude each other", hint=hint)
    levels = _levels(said)
    burstiness = said.number("burstiness")
    trace = said.path("trace")
    return Load(
        levels=levels,
        arrival=_arrival(said, levels),
        burstiness=1.0 if burstiness is None else burstiness,
        think_s=said.seconds("think_time") or 0.0,
        apart=said.has("sweep"),
        most_at_once=said.whole("most_at_once"),
        trace=str(trace.absolute()) if trace else None,
    )


def wording_of(said: Said) -> Wording:
    """What is asked, and how long answers may be."""
    tokens_in, file = said.text("tokens_in"), said.path("prompts")
    if tokens_in is not None and file is not None:
        raise BadUsage("--tokens-in and --prompts exclude each other", hint="prompts of a file have their own lengths")
    max_tokens = said.text("max_tokens")
    return Wording(
        source="file" if file else "synthetic" if tokens_in is not None else "built-in",
        tongue=cast("Tongue", said.text("language") or "en"),
        file=str(file.absolute()) if file else None,
        tokens_in=None if tokens_in is None else read_lengths(tokens_in),
        max_tokens=None if max_tokens is None else read_lengths(max_tokens),
        cache=cast("Caching", said.text("cache") or "bust"),
        prefix_tokens=said.whole("prefix_tokens") or 0,
        prefixes=said.whole("prefixes") or 1,
        turns=said.whole("turns") or 1,
        think=said.flag("think"),
        options=options_of(said.texts("options")),
    )


def ends_of(said: Said, patience: Waiting) -> Ends:
    """When it is enough, and how long a request may take: as the settings say where no flag does."""
    usual, warm = Ends(), said.amount("warm_up")
    return Ends(
        seconds=said.seconds("duration"),
        requests=said.whole("requests"),
        errors=said.whole("max_errors"),
        tokens=said.whole("token_limit"),
        warm_up_s=warm.seconds or 0.0,
        warm_up_requests=warm.requests or 0,
        cool_down_s=said.seconds("cool_down") or 0.0,
        connect_s=_limit(said, "connect_timeout", patience.connect_s),
        first_s=_limit(said, "first_timeout", patience.first_s),
        idle_s=_limit(said, "idle_timeout", patience.idle_s),
        whole_s=_limit(said, "timeout", usual.whole_s),
        grace_s=usual.grace_s if not said.has("grace") else said.seconds("grace") or 0.0,
    )


def goals_of(texts: tuple[str, ...]) -> Goals:
    """What a user would call good."""
    found: dict[str, float] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or name.strip() not in GOALS:
            raise BadUsage(f"--goal: {text[:60]!r} is no goal", hint=GOAL_HINT)
        limit = seconds(value, "--goal")
        if limit <= 0:
            raise BadUsage(f"--goal: {text[:60]!r} can never be kept", hint="give a time above 0")
        found[name.strip()] = limit
    return Goals(ttft_s=found.get("ttft"), total_s=found.get("total"), tpot_s=found.get("tpot"), gap_s=found.get("gap"))


def options_of(texts: tuple[str, ...]) -> dict[str, Json]:
    """Options as the API has them: numbers, true and false as such, everything else as text."""
    found: dict[str, Json] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            raise BadUsage(f"--option: {text[:60]!r} has no value", hint="write it as in --option temperature=0")
        try:
            found[name.strip()] = json.loads(value, parse_constant=str)
        except (ValueError, RecursionError):
            found[name.strip()] = value
    return found


def _levels(said: Said) -> tuple[Level, ...]:
    listed = said.text("steps") or said.text("sweep")
    ramp = said.number("ramp_to")
    if ramp is not None and not said.has("rate"):
        hint = "add --rate, where it begins; users do not ramp, but go in --steps 1:10s,2:10s,4:10s"
        raise BadUsage("--ramp-to goes with --rate", hint=hint)
    if listed is not None:
        return read_levels(listed)
    if said.has("trace"):
        return ()
    rate = said.number("rate")
    return (Level(users=said.whole("concurrency") or 1) if rate is None else Level(rate=rate, until_rate=ramp),)


def _arrival(said: Said, levels: tuple[Level, ...]) -> Arrival:
    arrival = said.text("arrival")
    if said.has("trace"):
        if arrival is not None:
            raise BadUsage("--trace and --arrival exclude each other", hint="a trace is replayed as it is")
        return "trace"
    rates = [level.rate is not None for level in levels]
    if any(rates) and not all(rates):
        raise BadUsage(
            "users and rates do not mix in one load", hint="write all levels as in 4:30s, or all as in 4/s:30s"
        )
    if not any(rates):
        if arrival is not None:
            hint = "give --rate instead of --concurrency, or leave --arrival out: users ask when their answer is in"
            raise BadUsage("--arrival goes with a rate", hint=hint)
        return "closed"
    return cast("Arrival", arrival or ("gamma" if said.has("burstiness") else "poisson"))


def _limit(said: Said, name: str, usual: float) -> float:
    value = said.seconds(name)
    if value is not None and value <= 0:
        raise BadUsage(f"--{name.replace('_', '-')} of 0 lets nothing happen", hint="give a time above 0, as in 10s")
    return usual if value is None else value
