"""Flags as the Asked of a run: contradictions first, then every group of flags."""

from pathlib import Path

import pytest

from ollascope.bench.asked import Ends, Goals, Lengths, Level, Target
from ollascope.bench.given.reading import asked_of, goals_of, options_of
from ollascope.bench.given.said import Said, seconds
from ollascope.bench.shapes import make_schedule
from ollascope.engines.settings import Waiting
from ollascope.words.errors import BadUsage

TARGET = Target(url="http://127.0.0.1:1", model="m")


def asked(**values):
    return asked_of(Said(values), TARGET, Waiting())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rate": 5.0, "concurrency": 4}, "--concurrency and --rate exclude each other"),
        ({"steps": "1,2", "sweep": "1,2"}, "--steps and --sweep exclude each other"),
        ({"concurrency": 4, "arrival": "poisson"}, "--arrival goes with a rate"),
        ({"concurrency": 4, "ramp_to": 9.0}, "--ramp-to goes with --rate"),
        ({"steps": "4:10s,4/s:10s"}, "do not mix"),
        ({"tokens_in": "128", "prompts": Path("x")}, "--tokens-in and --prompts"),
        ({"timeout": "0"}, "--timeout of 0"),
        ({"duration": "soon"}, "--duration: 'soon' is no time"),
        ({"goals": ("speed=2s",)}, "is no goal"),
        ({"goals": ("ttft=0",)}, "can never be kept"),
        ({"goals": ("ttft",)}, "is no goal"),
        ({"options": ("temperature",)}, "has no value"),
    ],
)
def test_contradiction_is_told_with_its_flags_and_a_hint(values, words):
    with pytest.raises(BadUsage) as caught:
        asked(**values)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 5.0, "think_time": "2s"},
        {"rate": 5.0, "turns": 3},
        {"rate": 5.0, "burstiness": 2.0, "arrival": "poisson"},
        {"concurrency": 4, "most_at_once": 3},
        {"rate": 5.0, "duration": "0"},
    ],
)
def test_contradiction_of_a_load_is_found_before_anything_is_sent(values):
    with pytest.raises(BadUsage):
        make_schedule(asked(**values), 1)


def test_nothing_said_is_one_user():
    found = asked()
    assert found.load.levels == (Level(users=1),)
    assert (found.load.arrival, found.load.apart, found.wording.source) == ("closed", False, "built-in")
    assert found.ends == Ends()


def test_rate_is_poisson_unless_said_otherwise():
    assert asked(rate=2.0).load.arrival == "poisson"
    assert asked(rate=2.0, arrival="constant").load.arrival == "constant"
    assert asked(rate=2.0, burstiness=4.0).load.arrival == "gamma"
    assert asked(rate=2.0, ramp_to=9.0, duration="10").load.levels == (Level(rate=2.0, until_rate=9.0),)


def test_sweep_stands_apart_and_steps_do_not():
    sweep, steps = asked(sweep="1,2,4"), asked(steps="1:5s,2:5s")
    assert [level.users for level in sweep.load.levels] == [1, 2, 4]
    assert sweep.load.apart
    assert not steps.load.apart
    assert asked(sweep="1/s,2/s").load.arrival == "poisson"


def test_bare_number_of_a_time_counts_seconds():
    found = asked(duration="10", warm_up="5", cool_down="500ms", grace="0", timeout="1m30s")
    assert (found.ends.seconds, found.ends.cool_down_s, found.ends.grace_s) == (10.0, 0.5, 0.0)
    assert (found.ends.warm_up_s, found.ends.warm_up_requests) == (0.0, 5)  # a warm-up may also be so many requests
    assert found.ends.whole_s == 90.0


def test_patience_is_that_of_the_settings_where_no_flag_says_otherwise():
    found = asked_of(Said({"idle_timeout": "3s"}), TARGET, Waiting(connect_s=1.5, first_s=7.0))
    assert (found.ends.connect_s, found.ends.first_s, found.ends.idle_s) == (1.5, 7.0, 3.0)


def test_goals_and_options_are_read_by_name():
    assert goals_of(("ttft=2s", "tpot=50ms")) == Goals(ttft_s=2.0, tpot_s=0.05)
    assert options_of(("temperature=0", "stop=[1, 2]", "mirostat=true", "name=a=b")) == {
        "temperature": 0, "stop": [1, 2], "mirostat": True, "name": "a=b",
    }  # fmt: skip


def test_lengths_make_prompts_synthetic():
    found = asked(tokens_in="100-200", max_tokens="32", cache="friendly", language="zh", think=False)
    assert found.wording.source == "synthetic"
    assert found.wording.max_tokens == Lengths(mean=32, least=32, most=32)
    assert (found.wording.cache, found.wording.tongue, found.wording.think) == ("friendly", "zh", False)


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30.0), ("0.5", 0.5), ("30s", 30.0), ("250ms", 0.25), ("1h", 3600.0)]
)
def test_time_has_a_unit_or_counts_seconds(text, value):
    assert seconds(text, "--duration") == value


@pytest.mark.parametrize("text", ["", "x", "-5", "5 apples", "1e400", "nan", "inf", ".", "5s5"])
def test_no_time_is_bad_usage(text):
    with pytest.raises(BadUsage):
        seconds(text, "--duration")
