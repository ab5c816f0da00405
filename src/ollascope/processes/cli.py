"""The commands `up`, `down` and `status`: everything that runs on this machine for Ollascope."""

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import FrameType

import click

from ollascope.checks.finding import Finding, Surroundings, closing, render, worst
from ollascope.checks.run import run_checks
from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.engines.llamacpp.background import Background
from ollascope.engines.llamacpp.building.build import Wish
from ollascope.engines.llamacpp.building.progress import shown
from ollascope.engines.llamacpp.building.step import Step
from ollascope.engines.llamacpp.installed import find_installed
from ollascope.processes.detach import launch, wait
from ollascope.processes.hold import Holder, hold, look, named
from ollascope.processes.identity import identify, is_alive, send
from ollascope.processes.plan import Child, check
from ollascope.processes.running import Orphans
from ollascope.processes.screen import browse, has_display, link, tunnel
from ollascope.processes.settings import Processes
from ollascope.processes.state import Event, Report, Standing, read_report
from ollascope.processes.supervisor import Place, Supervisor
from ollascope.settings.data import create
from ollascope.settings.findings import printable
from ollascope.settings.load import Settings, cache_folder, screen
from ollascope.web.guard.lan import ensure_password, open_to_others, told
from ollascope.web.settings import Dashboard
from ollascope.wire import children, demo_engine, load_settings, program, sources
from ollascope.words.clock import Clock, utc_text
from ollascope.words.errors import Interrupted, TimedOut, Trouble
from ollascope.words.record import Json

ENGINE_NAME, PAGES = "engine", "dashboard"
BUILDING = "its library is being built"
NOTHING_YET = "Nothing is served yet: this version prepares the data folder and checks the machine, no more."
COLOURS = {"ready": "green", "starting": "cyan", "resting": "yellow", "failed": "bold red", "not running": "bold red"}
LOST = "nothing runs: all children were given up"
DOWNLOAD = "https://ollama.com/download"
LOST_HINT = "above stands what each said at last; `ollascope doctor` checks the machine"
PAUSE_S = 0.02
SPARE_S = 3.0  # beyond the time that children have to end
LOOPBACK = ("127.", "localhost", "::1", "[::1]")


@click.command()
@click.option("--detach", is_flag=True, help="Run in the background; return when all is ready, or say what failed.")
@click.option("--no-browser", is_flag=True, help="Do not open the pages in the browser.")
@click.option("--lan", is_flag=True, help="Let other machines see the pages, behind a password that is made now.")
@click.pass_obj
def up(invocation: Invocation, *, detach: bool, no_browser: bool, lan: bool) -> None:
    """Start everything and say where it is.

    It stays until Ctrl-C or `ollascope down`, and starts again what ends meanwhile. It ends with 1 if nothing can
    run, or with --detach if something does not.
    """
    with _heeding_sigterm():
        settings = load_settings(invocation)
        create(settings.data_folder, in_force=settings.file)
        machine = Surroundings(settings=settings, settings_file=sources(invocation).file)
        table, why = _table(invocation, settings)
        scene = Scene(
            invocation=invocation, settings=settings, table=table, machine=machine, demo=why,
            screen=screen(), browser=settings.of(Processes).browser and not no_browser, lan=lan,
        )  # fmt: skip
        if lan:
            _open_to_others(scene)
        check(scene.table)
        fine = _look_only(scene) if not scene.table else _leave(scene) if detach else _stay(scene)
    if not fine:
        click.get_current_context().exit(1)


@click.command()
@click.pass_obj
def down(invocation: Invocation) -> None:
    """Stop what `up` started, and wait until it has ended."""
    settings = load_settings(invocation)
    data, began = settings.data_folder, time.monotonic()
    holder = look(data)
    if not holder.held:
        say(f"nothing runs: no `ollascope up` holds {printable(str(data))}")
        return
    names = _names_running(data)
    _ask_to_end(data, holder)
    deadline = began + settings.of(Processes).stop_s + SPARE_S
    while look(data).held or (holder.who and is_alive(holder.who)):
        if time.monotonic() > deadline:
            raise TimedOut(
                f"{_who(holder)} has not ended after {time.monotonic() - began:.0f} s",
                hint="try again, or kill it: its children end with it",
            )
        time.sleep(PAUSE_S)
    say(f"stopped {', '.join(names) or 'everything'} in {time.monotonic() - began:.1f} s")


@click.command()
@json_option
@click.pass_obj
def status(invocation: Invocation, *, as_json: bool) -> None:
    """Show what runs: state, address, restarts and last words.

    It ends with 1 if something that should run does not.
    """
    settings = load_settings(invocation)
    data, wanted = settings.data_folder, children(invocation, settings)
    report = read_report(data)
    stands: dict[str, Standing | None] = dict.fromkeys(wanted)
    stands |= report.children if report else {}
    if as_json:
        print_json(_facts(data, report, stands))
    else:
        _show(data, report, stands)
    if any(stand is None or stand.state != "ready" for stand in stands.values()):
        click.get_current_context().exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that one call of `up` knows."""

    invocation: Invocation
    settings: Settings
    table: dict[str, Child]
    machine: Surroundings
    screen: dict[str, str]
    browser: bool
    lan: bool = False  # other machines see the pages
    demo: str = ""  # why the demo engine is among the children; empty if it is not

    @property
    def data(self) -> Path:
        return self.settings.data_folder

    @property
    def limits(self) -> Processes:
        return self.settings.of(Processes)


class Voice:
    """What `up` says while its children come and go."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pages: list[str] = []  # addresses of pages that are ready
        self._browser: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._bar: Callable[[Step], None] | None = None
        self._showing = ExitStack()
        self._said: dict[str, tuple[str, ...]] = {}  # the last words of each child, not to be repeated

    @property
    def browser_session(self) -> int:
        """The session of the browser that was opened, which is not ours to end."""
        return self._browser.pid if self._browser else -1

    def tell(self, event: Event) -> None:
        """Say one event in a line, with the child's own words under it."""
        try:
            self._tell(event)
        except OSError:  # the screen has gone; that is no reason to end the children
            return

    def _tell(self, event: Event) -> None:
        match event.kind:
            case "ready":
                self.ready(event.name, event.text, page=self._scene.table[event.name].page)
            case "settled":
                self.close("Ctrl-C stops everything.")
            case "ended" | "killed" | "stopping" if self._scene.invocation.quiet:
                return
            case _:
                _warn(f"{event.name}: {event.text}" if event.name else event.text)
                _words(() if self._said.get(event.name) == event.words else event.words)
                self._said[event.name] = event.words

    def ready(self, name: str, address: str, *, page: bool) -> None:
        """A child is there."""
        child = self._scene.table.get(name)  # the one in the background may have decided otherwise
        badge = f"  {child.badge}" if child and child.badge else ""
        say(f"{name:<11} {link(address, self._scene.screen, is_terminal=sys.stdout.isatty())}{badge}")
        sys.stdout.flush()
        if page:
            self._pages.append(address)
            if self._scene.browser and self._browser is None and has_display(self._scene.screen, sys.platform):
                self._browser = browse(address, sys.platform)

    def building(self, step: Step) -> None:
        """How far the demo engine's library is: a bar where a person watches, lines elsewhere."""
        if self._scene.invocation.quiet:
            return
        if self._bar is None:
            self._bar = self._showing.enter_context(shown())
            note(f"{ENGINE_NAME}: {BUILDING}; this takes some minutes, and everything else works meanwhile")
        self._bar(step)

    def built(self) -> None:
        """The bar has no more to show."""
        self._bar = None
        self._showing.close()

    def close(self, line: str) -> None:
        """All that will come has come: where to look from elsewhere, and how it ends."""
        if self._closed:
            return
        self._closed = True
        if self._pages and (command := _tunnel(self._pages[0], self._scene.screen)):
            note(f"This machine has no screen. On yours:  {command}")
            note(f"and then open {self._pages[0]} there.")
        note(line)

    def machine(self, findings: Sequence[Finding]) -> None:
        """What the checks found that is not in order."""
        wanted = {"problem"} if self._scene.invocation.quiet else {"warning", "problem"}
        for each in (each for each in findings if each.state in wanted):
            _warn(f"{each.state}: {each.id}: {each.text}" + (f" ({each.hint})" if each.hint else ""))
        note(closing(findings))


def _look_only(scene: Scene) -> bool:
    findings = run_checks(scene.machine)
    render(findings)
    say(NOTHING_YET)
    return worst(findings) != "problem"


def _stay(scene: Scene) -> bool:
    """Be the supervisor until the end."""
    clock, voice = Clock(), Voice(scene)
    me = identify(os.getpid(), clock.wall())
    with hold(scene.data, me) as lock:
        place = Place(data=scene.data, lock=lock, me=me, clock=clock, adopts=Orphans.adopt())
        went_well = asyncio.run(_supervise(scene, place, voice))
        if place.adopts:
            Orphans().end(voice.browser_session)
    if not went_well:
        raise Trouble(LOST, hint=LOST_HINT)
    return True


async def _supervise(scene: Scene, place: Place, voice: Voice) -> bool:
    supervisor = Supervisor(scene.table, place, scene.limits, voice.tell)
    loop = asyncio.get_running_loop()
    if scene.demo:
        note(f"{scene.demo}, so the embedded engine serves the demo model")

    def examine() -> None:
        findings = run_checks(scene.machine)
        try:
            loop.call_soon_threadsafe(voice.machine, findings)
        except RuntimeError:  # the loop has ended meanwhile
            return

    # Beside the children, and a daemon: neither their start nor the end waits for a disk that hangs.
    Thread(target=examine, name="checks", daemon=True).start()
    with _building(scene, supervisor, voice):
        return await supervisor.run()


@contextmanager
def _building(scene: Scene, supervisor: Supervisor, voice: Voice) -> Iterator[None]:
    """While the demo engine's library is built, its child waits and all others run."""
    if not scene.demo or find_installed():
        yield
        return
    loop = asyncio.get_running_loop()
    supervisor.hold(ENGINE_NAME, BUILDING)

    def later(what: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(what)
        except RuntimeError:  # the loop has ended meanwhile
            return

    def report(step: Step) -> None:
        later(lambda: voice.building(step))

    def done(trouble: Trouble | None) -> None:
        if trouble is None:
            later(lambda: supervisor.release(ENGINE_NAME))
        elif not isinstance(trouble, Interrupted):
            why = f"{trouble.message}; {trouble.hint}, or install Ollama: {DOWNLOAD}"
            later(lambda: supervisor.give_up(ENGINE_NAME, why))
        later(voice.built)

    work = Background(Wish(cache=cache_folder(), polite=True), report, done)
    work.start()
    try:
        yield
    finally:
        work.stop(scene.limits.stop_s)
        voice.built()


def _table(invocation: Invocation, settings: Settings) -> tuple[dict[str, Child], str]:
    """The children, the demo engine among them where no other engine is there or wanted; and why it is."""
    table = children(invocation, settings)
    if ENGINE_NAME in table:
        return table, ""
    engine, why = demo_engine(invocation, settings)
    return (table, "") if engine is None else (table | {ENGINE_NAME: engine}, why)


def _open_to_others(scene: Scene) -> None:
    """The pages for other machines too: with a password, and where they are."""
    pages = scene.table.get(PAGES)
    if pages is None:
        return
    scene.table[PAGES] = open_to_others(pages)
    password = ensure_password(scene.data, scene.settings.of(Dashboard).password)
    if scene.invocation.quiet and not password:
        return
    for name, text in told(pages.port or 0, password):
        say(f"{name:<11} {text}")


def _leave(scene: Scene) -> bool:
    """Start the supervisor in the background and tell what became of its children."""
    voice, clock = Voice(scene), Clock()
    command = (*program(scene.invocation), "--quiet", "up", "--no-browser", *(["--lan"] if scene.lan else []))
    process = launch(command, scene.data, identify(os.getpid(), clock.wall()))
    limits = scene.limits
    report = wait(process, scene.data, limits.start_s + limits.stop_s + SPARE_S, voice.tell)
    if not any(child.pid or child.held for child in report.children.values()):
        raise Trouble(LOST, hint=LOST_HINT)
    for name, child in report.children.items():
        if child.state == "ready":
            voice.ready(name, child.address or "runs", page=child.page)
        elif child.held:
            note(f"{name}: {child.held}; it starts when that is done, see `ollascope status`")
        elif child.state == "waiting":
            _warn(f"{name}: {child.reason or 'waits for a child that does not run'}")
    voice.close(f"It runs in the background as process {process.pid}; `ollascope down` stops it.")
    return all(child.state == "ready" or child.held for child in report.children.values())


def _words(lines: Sequence[str]) -> None:
    for line in lines:
        _warn(f"  | {line}")


def _warn(text: str) -> None:
    """One line about what is wrong, which --quiet does not leave out; foreign text in it cannot act on a terminal."""
    click.echo(printable(text), err=True)


def _tunnel(address: str, around: dict[str, str]) -> str:
    """The command for the person's own machine; empty where nobody needs it."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    over_ssh = "SSH_CONNECTION" in around
    if has_display(around, sys.platform) or not host.startswith(LOOPBACK):
        return ""
    if not over_ssh and (os.getpid() == 1 or not sys.stdout.isatty()):  # a container or a service: nobody reads this
        return ""
    return tunnel(around, _user(), socket.gethostname(), [(host.strip("[]"), int(port))])


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container run as a number without a name
        return str(os.geteuid())


def _names_running(data: Path) -> list[str]:
    try:
        report = read_report(data)
    except Trouble:  # it can be stopped without knowing what it runs
        return []
    return [name for name, child in report.children.items() if child.pid] if report else []


def _ask_to_end(data: Path, holder: Holder) -> None:
    if holder.who is None or (holder.who.machine != socket.gethostname()):
        raise Trouble(
            f"{printable(str(data))} is held by {_who(holder)}, which cannot be stopped from here",
            hint="stop it where it runs; in a container that is `docker stop` or the like",
        )
    if is_alive(holder.who):
        send(holder.who, signal.SIGTERM)


def _who(holder: Holder) -> str:
    return printable(named(holder.who)) if holder.who else "a process that has not said who it is"


def _facts(data: Path, report: Report | None, stands: dict[str, Standing | None]) -> dict[str, Json]:
    who = report.supervisor if report else None
    return {
        "data": str(data),
        "supervisor": {"pid": who.pid, "since": utc_text(who.since)} if who else None,
        "children": [_child_facts(name, stand) for name, stand in stands.items()],
    }


def _child_facts(name: str, stand: Standing | None) -> dict[str, Json]:
    return {
        "name": name,
        "state": stand.state if stand else "not running",
        "pid": stand.pid if stand else None,
        "since": utc_text(stand.since) if stand else None,
        "restarts": stand.restarts if stand else 0,
        "address": stand.address if stand else None,
        "reason": (stand.held or stand.reason) if stand else None,
        "words": list(stand.words) if stand else [],
    }


def _show(data: Path, report: Report | None, stands: dict[str, Standing | None]) -> None:
    if stands:
        rows = [_row(name, stand) for name, stand in stands.items()]
        table(("child", "state", "pid", "since", "restarts", "address", "last words"), rows, COLOURS)
    if report:
        note(f"{named(report.supervisor)} holds {printable(str(data))}")
    elif (holder := look(data)).held:
        gone = holder.who is not None and holder.who.machine == socket.gethostname() and not is_alive(holder.who)
        what = "was killed; its children are being ended" if gone else "has not said yet how its children stand"
        note(f"{_who(holder)} holds {printable(str(data))} and {what}")
    else:
        say(f"nothing runs in {printable(str(data))}; `ollascope up` starts it")


def _row(name: str, stand: Standing | None) -> tuple[str, ...]:
    if stand is None:
        return name, "not running", "-", "-", "-", "-", ""
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stand.since))
    last = stand.held or (stand.words[-1] if stand.words else stand.reason or "")
    return name, stand.state, str(stand.pid or "-"), since, str(stand.restarts), stand.address or "-", printable(last)


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """End on SIGTERM from the start on, which process 1 of a container does only where it is told how."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted("ended by SIGTERM", hint="the same command starts again")

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
