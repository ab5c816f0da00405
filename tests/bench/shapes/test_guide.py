"""The guide to loads shows only what is understood."""

import re
from pathlib import Path

import pytest

from ollascope.bench.prompts import read_lengths
from ollascope.bench.shapes import read_amount, read_levels
from ollascope.bench.shapes.columns import MILLISECONDS, SECONDS, TOKENS_IN, TOKENS_OUT

GUIDE = (Path(__file__).parents[3] / "docs" / "loads.md").read_text(encoding="utf-8")


def shown(flag):
    return sorted(set(re.findall(rf"--{flag} ([^\s`]+)", GUIDE)))


@pytest.mark.parametrize(
    "text", shown("steps") + shown("sweep") + ["4", "10/s", "30/min", "1-50/s", "4:30s", "10/s:200"]
)
def test_levels_of_the_guide_are_read(text):
    assert read_levels(text)


@pytest.mark.parametrize("text", shown("duration") + shown("warm-up") + shown("cool-down") + shown("think-time"))
def test_times_of_the_guide_are_read(text):
    assert read_amount(text)


@pytest.mark.parametrize(
    "text", [*re.findall(r"^\| `([^`]+)` \| (?:always|each length|a normal|many|the same)", GUIDE, re.MULTILINE)]
)
def test_lengths_of_the_guide_are_read(text):
    assert read_lengths(text)


def test_names_of_columns_in_the_guide_are_understood():
    rows = re.findall(r"^\| (?:time|tokens of the (?:prompt|answer)) \|.*$", GUIDE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert len(rows) == 3
    assert len(named) > 15
    assert named <= {*SECONDS, *MILLISECONDS, *TOKENS_IN, *TOKENS_OUT}
