"""From what was asked to the schedule of a run; the same seed gives the same bytes."""

from array import array
from dataclasses import replace
from random import Random

from ollascope.bench.asked import Asked
from ollascope.bench.schedule import Schedule
from ollascope.bench.shapes.rates import lay_rates
from ollascope.bench.shapes.replay import lay_trace
from ollascope.bench.shapes.rules import check_load
from ollascope.bench.shapes.spans import measure_spans
from ollascope.bench.shapes.users import lay_users
from ollascope.words.errors import BadUsage

CHOICES = 65_536  # prompts chosen one by one; a longer run goes through them again


def make_schedule(asked: Asked, prompts: int) -> Schedule:
    """Every shot's due time and prompt, reckoned once; arrivals and prompts have streams of chance of their own."""
    check_load(asked)
    if prompts < 1:
        raise BadUsage("there is no prompt to ask", hint="give a file with prompts, or leave out --prompts")
    schedule = _lay(asked, prompts)
    chance = Random(f"{asked.seed}:prompts")  # noqa: S311 - no secret is drawn
    load = asked.load
    return replace(
        schedule,
        prompts=schedule.prompts or choose_prompts(prompts, chance),
        think_s=load.think_s,
        apart=load.apart,
        most_at_once=load.most_at_once,
    )


def choose_prompts(prompts: int, chance: Random) -> "array[int]":
    """Prompts in shuffled rounds: each is asked equally often, and no order repeats itself soon."""
    chosen = array("L")
    numbers = list(range(prompts))
    while len(chosen) < CHOICES:
        chance.shuffle(numbers)
        chosen.extend(numbers)
    return chosen


def _lay(asked: Asked, prompts: int) -> Schedule:
    if asked.load.arrival == "trace":
        return lay_trace(asked, prompts)
    spans = measure_spans(asked)
    if asked.load.arrival == "closed":
        return Schedule(stages=lay_users(asked, spans), open=False)
    return lay_rates(asked, spans, Random(f"{asked.seed}:arrivals"))  # noqa: S311 - no secret is drawn
