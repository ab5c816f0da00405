"""What can be asked of a load, and what contradicts itself: said before anything starts."""

import math

from ollascope.bench.asked import Asked, Ends, Level, Load
from ollascope.words.errors import BadUsage

MOST_SHOTS = 5_000_000  # due times in memory: 8 bytes each, in every worker
MOST_REQUESTS = 100_000_000  # of a closed loop, which keeps none
MOST_USERS = 50_000
MOST_RATE = 1_000_000.0
LEAST_SECONDS = 0.001
MOST_SECONDS = 31 * 86_400.0
MOST_LEVELS = 1_000
BURSTS = (0.001, 1_000.0)


def check_load(asked: Asked) -> None:
    """Raise BadUsage where the load or its ends make no sense."""
    load, ends = asked.load, asked.ends
    _check_levels(load)
    _check_arrival(load)
    _check_ends(ends)
    if asked.wording.turns > 1 and load.arrival != "closed":
        raise BadUsage(
            "conversations go with users, who wait for an answer before they ask on, not with a rate",
            hint="leave out --turns, or give --concurrency instead of --rate",
        )


def check_number(name: str, value: float, least: float, most: float, hint: str) -> None:
    """Raise BadUsage where a figure is not a number from `least` to `most`."""
    if not math.isfinite(value):
        raise BadUsage(f"{name} is {value}, which is no number to work with", hint=hint)
    if not least <= value <= most:
        side = f"less than {least:g}" if value < least else f"more than {most:g}"
        raise BadUsage(f"{name} is {value:g}, {side}", hint=hint)


def _check_levels(load: Load) -> None:
    if load.arrival == "trace":
        if not load.trace:
            raise BadUsage("a load by a trace needs its file", hint="give it as in --trace times.jsonl")
        if load.levels:
            raise BadUsage("a trace says itself when requests start", hint="leave out users, rates and steps")
        return
    if load.trace:
        raise BadUsage(f"a trace is replayed as it is, not as {load.arrival}", hint="leave out --arrival")
    if not load.levels:
        raise BadUsage("no load was asked for", hint="give users as in --concurrency 8, or a rate as in --rate 2")
    if len(load.levels) > MOST_LEVELS:
        raise BadUsage(f"{len(load.levels)} levels are too many", hint=f"give at most {MOST_LEVELS}")
    for level in load.levels:
        _check_level(level, closed=load.arrival == "closed")


def _check_level(level: Level, *, closed: bool) -> None:
    if (level.users is None) == (level.rate is None):
        raise BadUsage("a level has either users or a rate", hint="give --concurrency or --rate, not both")
    if closed and level.users is None:
        raise BadUsage(
            "a rate was asked for, and users who wait for their answers",
            hint="choose --arrival constant, poisson or gamma for a rate; closed goes with --concurrency",
        )
    if not closed and level.rate is None:
        raise BadUsage(
            "users who wait for their answers cannot keep arrival times",
            hint="give --rate with this arrival, or leave out --arrival",
        )
    if level.users is not None:
        hint = f"give 1 to {MOST_USERS} users"
        check_number("the number of users", level.users, 1, MOST_USERS, hint)
        if level.until_rate is not None:
            raise BadUsage("users do not ramp", hint="give their steps, as in --steps 1:10s,2:10s,4:10s")
    for rate in (level.rate, level.until_rate):
        if rate is not None:
            _check_rate(rate)
    _check_length("a level", level.seconds, level.requests)


def _check_rate(rate: float) -> None:
    if rate <= 0:
        raise BadUsage(f"a rate of {rate:g} requests a second never asks anything", hint="give more than 0, as in 0.1")
    check_number("the rate", rate, 1e-6, MOST_RATE, f"give requests a second, at most {MOST_RATE:g}")


def _check_arrival(load: Load) -> None:
    if load.arrival == "gamma":
        hint = "1 is as random as Poisson, 4 comes in bursts, 0.1 is nearly regular"
        check_number("the burstiness", load.burstiness, *BURSTS, hint)
    elif load.burstiness != 1:
        raise BadUsage(f"burstiness does not go with the arrival {load.arrival}", hint="add --arrival gamma")
    check_number("the time between answer and question", load.think_s, 0, MOST_SECONDS, "give seconds, from 0 on")
    if load.think_s and load.arrival != "closed":
        raise BadUsage("only users think between answer and question", hint="leave out --think-time, or --rate")
    if load.most_at_once is not None:
        if load.arrival == "closed":
            raise BadUsage("users are themselves how many ask at once", hint="leave out the bound on requests at once")
        check_number("requests at once", load.most_at_once, 1, MOST_USERS, "give a number from 1 on")


def _check_ends(ends: Ends) -> None:
    _check_length("the run", ends.seconds, ends.requests)
    hint = "give seconds as in 10s, or a number of requests as in 20"
    check_number("the warm-up", ends.warm_up_s, 0, MOST_SECONDS, hint)
    check_number("the warm-up", ends.warm_up_requests, 0, MOST_SHOTS, hint)
    check_number("the cool-down", ends.cool_down_s, 0, MOST_SECONDS, "give seconds as in 5s")
    for what, seconds in (("warm-up", ends.warm_up_s), ("cool-down", ends.cool_down_s)):
        if 0 < seconds < LEAST_SECONDS:
            raise BadUsage(f"a {what} of {seconds:g} s holds no request", hint="leave it out, or give a time as in 5s")
    if ends.warm_up_s and ends.warm_up_requests:
        raise BadUsage("the warm-up is given twice, in seconds and in requests", hint="give one of the two")


def _check_length(what: str, seconds: float | None, requests: int | None) -> None:
    if seconds is not None:
        if seconds == 0:
            raise BadUsage(f"{what} of 0 s measures nothing", hint="give a time as in 30s")
        check_number(f"the time of {what}", seconds, LEAST_SECONDS, MOST_SECONDS, "give seconds from 0.001 to 31 days")
    if requests is not None:
        hint = f"give from 1 to {MOST_REQUESTS:,} requests"
        check_number(f"the number of requests of {what}", requests, 1, MOST_REQUESTS, hint)
