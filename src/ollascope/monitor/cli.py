"""The commands `summary`, `top` and `monitor`: what was, what is, and the process that watches."""

import asyncio
import signal
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import click

from ollascope.console.invocation import Invocation
from ollascope.console.options import GivenPath
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.engines.asking import place
from ollascope.engines.asking.reaching import reach
from ollascope.engines.engine import Engine
from ollascope.engines.ollama.service import host_url
from ollascope.engines.settings import Engines
from ollascope.engines.table import choose
from ollascope.host.machine import Look, Machine
from ollascope.host.processes import Wanted
from ollascope.host.runner import read_runners
from ollascope.host.thresholds import Host
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import COUNTED, Counted
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.logs.setup import Logs, start
from ollascope.monitor.alerts.commands import (
    FOLDER,
    add_silence,
    end_silence,
    list_alerts,
    list_history,
    list_silences,
    try_channels,
)
from ollascope.monitor.alerts.reading.book import read_book
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.silences import read_match
from ollascope.monitor.alerts.task import alarming, orders_of
from ollascope.monitor.alerts.watch import Orders
from ollascope.monitor.alone import alone
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.loop import Loop
from ollascope.monitor.measures import read_duration
from ollascope.monitor.objectives import Objectives
from ollascope.monitor.past.daily import page_by
from ollascope.monitor.past.recent import Recent
from ollascope.monitor.past.span import choose_span
from ollascope.monitor.probing.settings import Probes
from ollascope.monitor.service import Page, Service, health, readiness
from ollascope.monitor.settings import Monitor
from ollascope.monitor.shown.account import facts, report
from ollascope.monitor.shown.view import view_facts, view_report
from ollascope.monitor.summary import Asked, take_account
from ollascope.monitor.tasks import NEEDED, Tools, metrics_page, tasks_of
from ollascope.monitor.top import PATIENCE_S, WINDOWS_S, Asking, Seen, View, counted_calls, faults_of, windows_of
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
@click.option("--all", "everything", is_flag=True, help="Count tests, probes and the demo model too.")
@click.option("--html", "page", type=GivenPath(), metavar="FILE", help="Write it as a page to this file.")
@language_option
@json_option
@click.pass_obj
def summary(invocation: Invocation, /, **said: object) -> None:
    """Sum up requests: how many, how fast, what failed.

    Also on how busy a machine they ran, which were the slowest, and what changed since the time before. It reads what
    was recorded, whether or not the monitor runs.
    """
    day, last, model = (None if said[name] is None else str(said[name]) for name in ("day", "last", "model"))
    span = choose_span(day, last, time.time())
    asked = Asked(span=span, model=model, counted=WITH_OURS if said["everything"] else COUNTED)
    account = take_account(load_settings(invocation).data_folder / LEDGER, asked)
    language = cast("Language", said["language"])
    if isinstance(page := said["page"], Path):
        save_page(report(account, language), page)
        note(f"the page is {page}")
    if said["as_json"]:
        print_json(facts(account))
    elif page is None:
        for line in lines(report(account, language)):
            say(line)


@click.command()
@click.option("--once", is_flag=True, help="Print one view and end, as happens in a pipe anyway.")
@click.option("--interval", type=click.FloatRange(0.5, 3600), default=2.0, show_default=True, metavar="S",
              help="Seconds between two views.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Count tests, probes and the demo model too.")
@json_option
@click.pass_obj
def top(invocation: Invocation, *, once: bool, interval: float, everything: bool, as_json: bool) -> None:
    """Show what is going on: models, requests, failures, the machine.

    On a terminal it stays until Ctrl-C; in a pipe, with --once or with --json it prints one view. What no engine, Call
    or reading tells is shown as not measured.
    """
    settings = load_settings(invocation)
    looking = Looking(settings, WITH_OURS if everything else COUNTED)
    try:
        if as_json:
            print_json(view_facts(looking.view()))
        elif once or not sys.stdout.isatty():
            for line in lines(view_report(looking.view())):
                say(line)
        else:
            _live(looking, interval)
    finally:
        looking.close()


class Looking:
    """Whatever a view is made of, held open between two of them."""

    def __init__(self, settings: Settings, counted: Counted) -> None:
        self._engines, self._host = settings.of(Engines), settings.of(Host)
        self._counted, self._folder = counted, settings.data_folder
        self._choice = choose(self._engines).name
        self._engine: Engine | None = None
        self._recent = Recent(settings.data_folder / LEDGER, WINDOWS_S[-1])
        self._machine = Machine(Look(folder=settings.data_folder, wanted=Wanted(names=self._host.engine_names)))
        self._machine.search()
        self._machine.read()  # shares of time need two readings
        self._asking = Asking(self._ask)

    def view(self) -> View:
        """What is going on at this moment."""
        seen = self._asking.read()
        time.sleep(FIRST_LOOK_S)
        now = time.time()
        calls, left_out = counted_calls(self._recent.look(), self._counted)
        return View(
            at=now,
            engine=self._engine.name if self._engine else self._choice,
            backend=self._engine.backend if self._engine else "",
            seen=seen,
            windows=windows_of(calls, now),
            faults=faults_of(calls, now),
            left_out=left_out,
            sample=self._machine.read(),
        )

    def close(self) -> None:
        """Give everything back."""
        self._machine.close()
        if self._engine is not None:
            self._engine.close()

    def _ask(self) -> Seen:
        if self._engine is None:
            wait = replace(self._engines.patience, connect_s=PATIENCE_S, answer_s=PATIENCE_S)
            want = place.wanted(replace(self._engines, patience=wait), place.Place())
            self._engine = reach(want, lambda: self._folder, lambda _: None)
        models = self._engine.loaded()
        runners = read_runners(self._machine.engines(), PATIENCE_S / 2) if self._host.runners else ()
        slots = [runner.slots for runner in runners if runner.slots]
        if not slots:
            return Seen(models=models)
        return Seen(models=models, busy=sum(one.busy for one in slots), slots=sum(one.count for one in slots))


def _live(looking: Looking, interval: float) -> None:
    from rich.live import Live  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
    from rich.text import Text  # noqa: PLC0415

    def shown() -> Text:
        return Text("\n".join(lines(view_report(looking.view()))), no_wrap=True, overflow="ellipsis")

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
    orders = _orders(settings)
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
            "/healthz": lambda: health(loop.courses()),
            "/readyz": lambda: readiness(loop.courses(), NEEDED, writer.counts().paused),
            "/metrics": lambda: metrics_page(tools),
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
        closed=not (loopback or section.token or section.beyond_loopback),
    )
    server = Server(service, limits=Limits(connections=64))
    (address, *_) = await server.listen(Place(host=addresses.host, port=addresses.monitor))
    loop.start()
    note(f"the monitor answers at {url(address.host, address.port)}")
    try:
        await ended.wait()
    finally:
        await asyncio.gather(server.close(DRAIN_S), asyncio.to_thread(loop.end, DRAIN_S))


def _orders(settings: Settings) -> Orders:
    origin = next(entry.origin for entry in settings.entries() if entry.key == "objectives.targets")
    where = f"{origin}: objectives.targets"
    return orders_of(settings.data_folder, settings.of(Alerts), settings.of(Objectives), where)


@click.group()
def alerts() -> None:
    """Show alerts, silence them, test how people are told."""


@alerts.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """What fires and what is about to, the loudest first."""
    _show(list_alerts(_alerts_folder(invocation), time.time()), as_json)


@alerts.command()
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@json_option
@click.pass_obj
def history(invocation: Invocation, limit: int, as_json: bool) -> None:
    """What fired and what was resolved, the newest first."""
    _show(list_history(_alerts_folder(invocation), limit), as_json)


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
        said = [[each.channel, each.kind, "delivered" if each.delivered else "failed", f"{each.trouble} {each.hint}"]
                for each in results]  # fmt: skip
        table(["CHANNEL", "KIND", "RESULT", "WHY"], said)
    if failed := [each.channel for each in results if not each.delivered]:
        raise VerdictNo(f"not delivered over {', '.join(failed)}", hint="correct the channel in the rules file")


def _alerts_folder(invocation: Invocation) -> Path:
    return load_settings(invocation).data_folder / FOLDER


def _show(found: list[Alert], as_json: bool) -> None:
    if as_json:
        print_json([asdict(alert) for alert in found])
        return
    rows = [[each.severity, f"{each.standing}, silenced" if each.silenced else each.standing, each.name,
             " ".join(f"{key}={text}" for key, text in sorted(each.labels.items())),
             utc_text(each.resolved_at or each.fired_at or each.since), each.reason] for each in found]  # fmt: skip
    table(["SEVERITY", "STATE", "NAME", "LABELS", "SINCE", "REASON"], rows)
