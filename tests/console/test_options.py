"""A path that a person gives may lead nowhere, but it is never empty."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ollascope.console.options import GivenPath


@click.command()
@click.option("--data", type=GivenPath())
def command(data):
    click.echo(repr(data))


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_empty_path_is_bad_usage_and_not_the_current_folder(text):
    result = CliRunner().invoke(command, ["--data", text])
    assert result.exit_code == 2
    assert "The path is empty" in result.output


@pytest.mark.parametrize("text", [".", "/nowhere/at/all", "/dev/null"])
def test_path_may_lead_anywhere(text):
    assert CliRunner().invoke(command, ["--data", text]).output == f"{Path(text)!r}\n"
