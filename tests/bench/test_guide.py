"""The guide docs/bench.md: every flag stands in it with an example, and its program prints what it says."""

import contextlib
import io
import re
from pathlib import Path

import click
import pytest

from ollascope.bench.cli import bench
from ollascope.cli import COMMANDS

GUIDE = (Path(__file__).parents[2] / "docs/bench.md").read_text(encoding="utf-8")
FLAGS = [flag for option in bench.commands["run"].params for flag in (*option.opts, *option.secondary_opts)]


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_is_told(flag):
    assert f"`{flag}`" in GUIDE


def test_every_flag_that_is_told_is_there():
    told = {word for block in re.findall(r"`([^`\n]+)`", GUIDE) for word in block.split() if word.startswith("--")}
    known = {flag for name in ("run", "report", "list", "resume") for option in bench.commands[name].params
             for flag in (*option.opts, *option.secondary_opts)}  # fmt: skip
    assert told - known - {"--port"} == set()


def test_commands_that_are_told_exist():
    named = set(re.findall(r"ollascope bench ([a-z]+)", GUIDE))
    assert named == set(bench.commands)
    assert {"quick", "bench"} <= COMMANDS.keys()
    assert isinstance(bench, click.Group)


def test_program_prints_what_the_guide_says():
    code, printed = re.search(r"```python\n(.*?)```\n\nIt prints\n\n```text\n(.*?)```", GUIDE, re.DOTALL).groups()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "docs/bench.md", "exec"), {})
    assert out.getvalue() == printed
