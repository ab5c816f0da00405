"""The command `doctor`: what every check says about this machine."""

from pathlib import Path

import click

from ollascope.checks.finding import Surroundings, render, worst
from ollascope.checks.page import write_page
from ollascope.checks.run import run_checks
from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json
from ollascope.settings.findings import printable
from ollascope.settings.load import examine
from ollascope.wire import SECTIONS, sources
from ollascope.words.clock import Clock


@click.command()
@click.option(
    "--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Write a page to keep or send."
)
@json_option
@click.pass_obj
def doctor(invocation: Invocation, as_json: bool, html_file: Path | None) -> None:
    """Check this machine and say what to do.

    It ends with 1 if there is a problem, else with 0. It changes nothing.
    """
    found = sources(invocation)
    settings, mistakes = examine(SECTIONS, found)  # what is wrong in them must not hide what else is wrong
    findings = run_checks(Surroundings(settings=settings, mistakes=mistakes, settings_file=found.file))
    if as_json:
        print_json({"state": worst(findings), "checks": [finding.to_json() for finding in findings]})
    else:
        render(findings)
    if html_file:
        write_page(findings, html_file, Clock())
        note(f"wrote {printable(str(html_file))}")
    if worst(findings) == "problem":
        click.get_current_context().exit(1)
