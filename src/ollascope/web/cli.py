"""The command `dashboard`: the pages for people, and their password."""

import sys

import click

from ollascope.console.invocation import Invocation
from ollascope.console.show import note, say
from ollascope.logs.setup import Logs, start
from ollascope.processes.address import url
from ollascope.settings.addresses import Addresses
from ollascope.settings.data import create
from ollascope.settings.load import Settings
from ollascope.web.dashboard import Made, make_dashboard, make_gate
from ollascope.web.guard.password import keep_password, make_password
from ollascope.web.joint import Desk
from ollascope.web.serving import Stand, serve
from ollascope.web.settings import Dashboard
from ollascope.wire import load_settings, program, sources
from ollascope.words.errors import BadUsage

RUN = "run"


@click.command()
@click.option("--host", metavar="ADDRESS", help="Open it at this address, in place of addresses.host.")
@click.option(
    "--new-password", is_flag=True, help="Make a new password, print it and end; whoever is logged in is not."
)
@click.option("--set-password", is_flag=True, help="Read a new password from standard input, keep it and end.")
@click.pass_obj
def dashboard(invocation: Invocation, *, host: str | None, new_password: bool, set_password: bool) -> None:
    """Serve the pages for people.

    `ollascope up` runs it; alone it stays until Ctrl-C. Beyond this machine it asks for a password.
    """
    settings = load_settings(invocation)
    create(settings.data_folder, in_force=settings.file)
    if new_password and set_password:
        raise BadUsage("--new-password and --set-password exclude each other", hint="leave one of them out")
    if new_password or set_password:
        _renew(settings, said=set_password)
        return
    _serve(invocation, settings, host)


def _serve(invocation: Invocation, settings: Settings, host: str | None) -> None:
    desk = Desk(settings=settings, settings_file=sources(invocation).file, program=program(invocation))
    addresses, section = settings.of(Addresses), settings.of(Dashboard)
    place = host or addresses.host
    make_gate(desk, place)  # here a mistake is one line; in the worker it would be gunicorn's
    stand = Stand(host=place, port=addresses.dashboard, threads=section.threads, run=settings.data_folder / RUN)

    def make() -> Made:
        start(settings.of(Logs), "dashboard", settings.data_folder, (section.password,))
        return make_dashboard(desk, place)

    note(f"the dashboard answers at {url(place, addresses.dashboard)}")
    serve(make, stand)


def _renew(settings: Settings, *, said: bool) -> None:
    password = sys.stdin.readline().rstrip("\r\n") if said else make_password()
    keep_password(settings.data_folder, password)
    if said:
        note("the new password is kept; whoever was logged in has to log in again")
    else:
        say(password)
