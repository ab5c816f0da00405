"""Flags made of what was asked are read back as the same."""

from dataclasses import replace

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.asked import Asked, Ends, Goals, Lengths, Level, Load, Target, Wording
from ollascope.bench.given import Said, asked_of, load_options, prompt_options, run_options, target_options
from ollascope.bench.pages.flags import flags_of
from ollascope.bench.pages.form import PRESETS, read_form
from ollascope.engines.settings import Waiting

TARGET = Target(url="", model="qwen3:0.6b", engine="ollama")


def read_back(flags, target):
    """What `bench run` makes of these flags."""
    found = {}

    @click.command()
    @target_options
    @load_options
    @prompt_options
    @run_options
    def run(**values):
        found.update(values)

    result = CliRunner().invoke(run, flags, standalone_mode=False)
    assert result.exception is None, (flags, result.exception)
    return asked_of(Said(found), target, Waiting()), found


def asked(**parts):
    return Asked(**{"target": TARGET, "load": Load(levels=(Level(users=1),)), **parts})


EVERY = [
    asked(),
    asked(load=Load(levels=(Level(rate=0.016666666667, until_rate=3.5),), arrival="constant", most_at_once=4)),
    asked(load=Load(levels=(Level(rate=2.0),), arrival="gamma", burstiness=4.0)),
    asked(load=Load(levels=(Level(users=3),), think_s=1.5)),
    asked(load=Load(levels=(Level(users=1, seconds=14.0),))),
    asked(load=Load(levels=(Level(users=2, requests=5), Level(users=4)), apart=True)),
    asked(load=Load(levels=(Level(rate=1.0, seconds=20), Level(rate=1.0, until_rate=9.0, seconds=2.5)),
                    arrival="poisson")),
    asked(load=Load(levels=(), arrival="trace", trace="/a b/day.jsonl")),
    asked(wording=Wording(source="file", file="/a b/c.jsonl", turns=3, think=False, cache="friendly")),
    asked(wording=Wording(options={"temperature": 0, "stop": ["a", "b"], "name": "--url=x"}, max_tokens=Lengths(
        mean=160.0, spread=96.0, shape="uniform", least=64, most=256))),
    asked(wording=Wording(source="synthetic", tongue="mixed", prefix_tokens=5, prefixes=2, tokens_in=Lengths(
        mean=128.0, spread=32.0, shape="lognormal", least=16, most=512))),
    asked(ends=Ends(seconds=60.0, requests=10, errors=5, tokens=1000, warm_up_s=5.0, cool_down_s=2.0, first_s=60.0,
                    idle_s=9.5, whole_s=99.0, grace_s=0.0, connect_s=1.0)),
    asked(ends=Ends(warm_up_requests=20)),
    asked(goals=Goals(ttft_s=0.5, total_s=30.0, tpot_s=0.05, gap_s=0.2), seed=7, workers=2, name="-x --url=http://y"),
]  # fmt: skip


@pytest.mark.parametrize("whole", EVERY)
def test_flags_are_read_back_as_what_was_asked(whole):
    found, values = read_back(flags_of(whole), whole.target)
    assert found == whole
    assert values["url"] is None


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_survives_the_command_line(preset):
    whole = replace(read_form({"preset": preset}), target=TARGET)
    assert read_back(flags_of(whole), TARGET)[0] == whole


@given(st.text(min_size=1, max_size=40).filter(str.isprintable))
def test_no_value_is_read_as_a_flag(text):
    whole = asked(name=text, target=replace(TARGET, model=text))
    found, values = read_back(flags_of(whole), whole.target)
    assert (found.name, values["model"], values["url"]) == (text, text, None)
