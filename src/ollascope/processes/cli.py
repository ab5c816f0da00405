"""The command `up`: everything that this machine needs to run Ollascope."""

import click

from ollascope.checks.finding import Surroundings, render, worst
from ollascope.checks.run import run_checks
from ollascope.console.invocation import Invocation
from ollascope.console.show import say
from ollascope.settings.data import create
from ollascope.wire import load_settings, sources

NOTHING_YET = "Nothing is served yet: this version prepares the data folder and checks the machine, no more."


@click.command()
@click.pass_obj
def up(invocation: Invocation) -> None:
    """Start everything and say where it is.

    It makes the data folder and checks the machine; it ends with 1 if there is a problem, else with 0.
    """
    settings = load_settings(invocation)
    create(settings.data_folder)
    findings = run_checks(Surroundings(settings=settings, settings_file=sources(invocation).file))
    render(findings)
    say(NOTHING_YET)
    if worst(findings) == "problem":
        click.get_current_context().exit(1)
