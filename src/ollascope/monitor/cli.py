"""The commands `summary`, `top` and `monitor`: what was, what is, and the process that watches."""

import asyncio
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import click

from ollascope.console.invocation import Invocation
from ollascope.console.options import GivenPath
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.engines.ollama.service import host_url
from ollascope.engines.settings import Engines
from ollascope.host.thresholds import Host
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import COUNTED, Counted
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.logs.setup import Logs, start
from ollascope.monitor.alerts.commands import (
    FOLDER,
    add_silence,
    alerts_between,
    end_silence,
    list_alerts,
    list_history,
    list_silences,
    told_when,
    try_channels,
)
from ollascope.monitor.alerts.reading.book import read_book
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.silences import read_match
from ollascope.monitor.alerts.task import alarming, orders_in
from ollascope.monitor.alone import alone
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.loop import Loop
from ollascope.monitor.measures import read_duration
from ollascope.monitor.objectives import Objectives
from ollascope.monitor.past.daily import page_by
from ollascope.monitor.past.span import choose_span
from ollascope.monitor.probing.settings import Probes
from ollascope.monitor.service import Page, Service, health, readiness
from ollascope.monitor.settings import Monitor
from ollascope.monitor.shown.account import facts, report
from ollascope.monitor.shown.narrow import narrowed
from ollascope.monitor.shown.view import view_facts, view_report
from ollascope.monitor.sight import Sight
from ollascope.monitor.summary import Asked, take_account
from ollascope.monitor.tasks import NEEDED, Tools, metrics_page, tasks_of
from ollascope.monitor.top import (
    Asking,
    View,
)
from ollascope.pipe import Limits, Place, Server, run
from ollascope.processes.address import url
from ollascope.reports.page import save_page
from ollascope.reports.terminal import lines
from ollascope.reports.words import Language
from ollascope.serve.origins import is_loopback, judge
from ollascope.settings.addresses import Addresses
from ollascope.settings.data import create
from ollascope.settings.load import Settings
from ollascope.wire import load_settings, program
from ollascope.words.alerts import Alert
from ollascope.words.clock import utc_text
from ollascope.words.errors import BadUsage, VerdictNo

LEDGER, RUN = "ledger", "run"
DRAIN_S = 0.3  # for answers and tasks that run when it is told to end
FIRST_LOOK_S = 0.2
WITH_OURS = Counted(own=True, demo=True)

language_option = click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the words.",
)


@click.command()
@click.option("--day", metavar="DAY", help="A day of UTC: 2026-11-21, today or yesterday.")
@click.option("--last", metavar="TIME", help="The time up to now: 90s, 15m, 2h, 3d, 1w.  [default: 24h]")
@click.option("--model", metavar="NAME", help="Only requests to this model.")
@click.option("--all", "everything", is_flag=True, help="Count tests, probes, the demo model and the fake server too.")
@click.option("--html", "page", type=GivenPath(), metavar="FILE", help="Write it as a page to this file.")
@language_option
@json_option
@click.pass_obj
def summary(invocation: Invocation, /, **said: object) -> None:
    """Sum up requests: how many, how fast, what failed.

    Also on how busy a machine they ran, which were the slowest, which alerts fired, and what changed since the time
    before. It reads what was recorded, whether or not the monitor runs.
    """
    day, last, model = (None if said[name] is None else str(said[name]) for name in ("day", "last", "model"))
    now = time.time()
    span = choose_span(day, last, now)
    asked = Asked(span=span, model=model, counted=WITH_OURS if said["everything"] else COUNTED)
    data = load_settings(invocation).data_folder
    found = alerts_between(data / FOLDER, span.since, span.until, now)
    alarms = [alert for alert in found if model is None or alert.labels.get("model", model) == model]
    account = replace(take_account(data / LEDGER, asked), alerts=alarms)
    language = cast("Language", said["language"])
    if isinstance(page := said["page"], Path):
        save_page(report(account, language), page)
        note(f"the page is {page}")
    if said["as_json"]:
        print_json(facts(account))
    elif page is None:
        for line in lines(narrowed(report(account, language), screen_width())):
            say(line)


@click.command()
@click.option("--once", is_flag=True, help="Print one view and end, as happens in a pipe anyway.")
@click.option("--interval", type=click.FloatRange(0.5, 3600), default=2.0, show_default=True, metavar="S",
              help="Seconds between two views.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Count tests, probes, the demo model and the fake server too.")
@json_option
@click.pass_obj
def top(invocation: Invocation, *, once: bool, interval: float, everything: bool, as_json: bool) -> None:
    """Show what is going on: models, requests, failures, the machine.

    On a terminal it stays until Ctrl-C; in a pipe, with --once or with --json it prints one view. What no engine, Call
    or reading tells is shown as not measured.
    """
    settings = load_settings(invocation)
    sight = Sight(settings)
    asking, counted = Asking(sight.ask), WITH_OURS if everything else COUNTED

    def view() -> View:
        seen = asking.read()
        time.sleep(FIRST_LOOK_S)
        return sight.view(seen, counted)

    try:
        if as_json:
            print_json(view_facts(view()))
        elif once or not sys.stdout.isatty():
            for line in lines(narrowed(view_report(view()), screen_width())):
                say(line)
        else:
            _live(view, interval)
    finally:
        sight.close()


def screen_width() -> int | None:
    """How wide the terminal is; nothing in a pipe, where tables stay as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _live(view: Callable[[], View], interval: float) -> None:
    from rich.live import Live  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
    from rich.text import Text  # noqa: PLC0415

    def shown() -> Text:
        told = lines(narrowed(view_report(view()), screen_width()))
        return Text("\n".join(told), no_wrap=True, overflow="ellipsis")

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # the screen is given back then too
    live = Live(screen=True, auto_refresh=False)
    try:
        live.start()
        while True:
            live.update(shown(), refresh=True)
            time.sleep(interval)
    except KeyboardInterrupt:
        return
    finally:
        live.stop()
        signal.signal(signal.SIGTERM, before)


@click.command()
@click.pass_obj
def monitor(invocation: Invocation) -> None:
    """Watch the machine, look after the ledger, answer Prometheus.

    `ollascope up` runs it; alone it stays until Ctrl-C. It writes a page about each day when it is over.
    """
    settings = load_settings(invocation)
    create(settings.data_folder, in_force=settings.file)
    keeping, stop = settings.of(Ledger), threading.Event()
    orders = orders_in(settings)
    with (
        alone(settings.data_folder / RUN),
        start(settings.of(Logs), "monitor", settings.data_folder, (settings.of(Monitor).token,)),
        Writer(settings.data_folder / LEDGER, keeping, Origin.here("monitor")) as writer,
    ):
        tools = Tools(
            data=settings.data_folder,
            monitor=settings.of(Monitor),
            host=settings.of(Host),
            keeping=keeping,
            ollama=settings.of(Logs).ollama,
            backend=host_url(said) if (said := settings.of(Engines).ollama.url) else None,
            engines=settings.of(Engines),
            probes=settings.of(Probes),
            writer=writer,
            exposition=Exposition(settings.data_folder / LEDGER),
            make_page=page_by(program(invocation), settings.of(Monitor).language, stop),
        )
        loop = Loop([*tasks_of(tools), alarming(orders, tools.board, days=settings.of(Objectives).days)], stop)
        pages: dict[str, Page] = {
            "/healthz": lambda whole: health(loop.courses(), whole=whole),
            "/readyz": lambda whole: readiness(loop.courses(), NEEDED, paused=writer.counts().paused, whole=whole),
            "/metrics": lambda _: metrics_page(tools),
        }
        run(_watch(loop, pages, settings))


async def _watch(loop: Loop, pages: dict[str, Page], settings: Settings) -> None:
    """Serve and watch until SIGTERM or Ctrl-C."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    addresses, section = settings.of(Addresses), settings.of(Monitor)
    loopback = is_loopback(addresses.host)
    service = Service(
        pages,
        lambda request: not judge(request, loopback=loopback).forbidden,
        section.token,
        door="own" if loopback else "private" if section.beyond_loopback else "closed",
    )
    server = Server(service, limits=Limits(connections=64))
    (address, *_) = await server.listen(Place(host=addresses.host, port=addresses.monitor))
    loop.start()
    note(f"the monitor answers at {url(address.host, address.port)}")
    try:
        await ended.wait()
    finally:
        await asyncio.gather(server.close(DRAIN_S), asyncio.to_thread(loop.end, DRAIN_S))


@click.group()
def alerts() -> None:
    """Show alerts, silence them, test how people are told."""


@alerts.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """What fires and what is about to, the loudest first.

    It also says whether anybody judges, and what in the objectives and rules keeps the monitor from it.
    """
    settings, now = load_settings(invocation), time.time()
    found = list_alerts(settings.data_folder / FOLDER, now)
    _show(found, as_json, "no alert stands")
    note(told_when(settings.data_folder / FOLDER, now))
    orders_in(settings)  # whoever looks here must learn why the monitor refuses to start


@alerts.command()
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@json_option
@click.pass_obj
def history(invocation: Invocation, limit: int, as_json: bool) -> None:
    """What fired and what was resolved, the newest first."""
    _show(list_history(_alerts_folder(invocation), limit), as_json, "nothing has fired yet")


@alerts.command()
@click.argument("match", nargs=-1, metavar="[LABEL=TEXT]...")
@click.option("--for", "length", default="1h", show_default=True, metavar="TIME", help="How long: 30m, 2h, 3d.")
@click.option("--why", default="", metavar="TEXT", help="Why, for whoever wonders.")
@click.option("--end", metavar="ID", help="End this silence instead.")
@json_option
@click.pass_obj
def silence(
    invocation: Invocation, match: tuple[str, ...], length: str, why: str, end: str | None, as_json: bool
) -> None:
    """Tell nobody of the alerts with these labels for a while; without labels, show the silences that hold.

    name=slow* model=qwen3:8b means both; a word without = is a name.
    """
    folder, now = _alerts_folder(invocation), time.time()
    if end is not None:
        end_silence(folder, end, now)
    elif match:
        made = add_silence(folder, read_match(match), read_duration(length), why, now)
        note(f"silence {made.id} holds until {utc_text(made.until)}")
    found = list_silences(folder, now)
    if as_json:
        print_json([{"id": each.id, "until": each.until, "match": dict(each.match), "why": each.why}
                    for each in found])  # fmt: skip
        return
    if not found:
        note("no silence holds")
        return
    rows = [[each.id, utc_text(each.until), " ".join(f"{key}={text}" for key, text in each.match.items()), each.why]
            for each in found]  # fmt: skip
    table(["ID", "UNTIL", "ALERTS", "WHY"], rows)


@alerts.command("test")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@json_option
@click.pass_obj
def test_(invocation: Invocation, channels: tuple[str, ...], as_json: bool) -> None:
    """Send a test notice over every channel, or those that are named, and say what comes of it."""
    file = load_settings(invocation).of(Alerts).file
    if file is None:
        raise BadUsage("there is no file with channels", hint="name one with alerts.file in the settings")
    results = try_channels(read_book(file), time.time(), channels)
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        said = [[each.channel, each.kind, "delivered" if each.delivered else "failed", each.trouble, each.hint]
                for each in results]  # fmt: skip
        table(["CHANNEL", "KIND", "RESULT", "WHY", "WHAT TO DO"], said)
    if failed := [each.channel for each in results if not each.delivered]:
        raise VerdictNo(f"not delivered over {', '.join(failed)}", hint="correct the channel in the rules file")


def _alerts_folder(invocation: Invocation) -> Path:
    return load_settings(invocation).data_folder / FOLDER


def _show(found: list[Alert], as_json: bool, none: str) -> None:
    if as_json:
        print_json([asdict(alert) for alert in found])
        return
    if not found:
        note(none)
        return
    rows = [[each.severity, f"{each.standing}, silenced" if each.silenced else each.standing, each.name,
             " ".join(f"{key}={text}" for key, text in sorted(each.labels.items())),
             utc_text(each.resolved_at or each.fired_at or each.since), each.reason] for each in found]  # fmt: skip
    table(["SEVERITY", "STATE", "NAME", "LABELS", "SINCE", "REASON"], rows)
