"""The commands `settings show | check | init`, `paths` and `purge`."""

import shlex
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from ollascope.console.invocation import Invocation
from ollascope.console.options import GivenPath
from ollascope.console.show import json_option, note, print_json, say, size_text, table
from ollascope.processes import hold
from ollascope.processes.address import try_port
from ollascope.settings.data import Spot, create, keep_from_purge, measure, remove, spots, user_home
from ollascope.settings.files import is_absent, is_empty, write
from ollascope.settings.findings import Finding, Origin, printable
from ollascope.settings.load import Entry, Settings, Sources, examine, load
from ollascope.settings.machine import look
from ollascope.settings.scalars import path_of
from ollascope.settings.sense import warnings
from ollascope.settings.template import render
from ollascope.wire import SECTIONS, sources
from ollascope.words.errors import BadSettings, BadUsage, FolderUnusable
from ollascope.words.record import Json

FILE = GivenPath()
NO_HOME = "name a FILE, or set OLLASCOPE_DATA to a folder"


@click.group()
def settings() -> None:
    """Show, check and write settings."""


@settings.command()
@json_option
@click.option("--watch", is_flag=True, help="Stay, and print each change while the file is edited.")
@click.pass_obj
def show(invocation: Invocation, *, as_json: bool, watch: bool) -> None:
    """Print every setting in force: value, meaning and where it came from."""
    if watch and as_json:
        raise BadUsage("--watch and --json exclude each other", hint="leave one of them out")
    found = sources(invocation)
    current = load(SECTIONS, found)
    if as_json:
        print_json([_entry_facts(entry) for entry in current.entries()])
        return
    rows = [(entry.key, entry.value, entry.rule.meaning, str(entry.origin)) for entry in current.entries()]
    table(("key", "value", "meaning", "from"), rows)
    if not invocation.quiet:
        note(_file_line(found))
    if watch:
        follow(found, current, threading.Event())


@settings.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=FILE)
@json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Say what is wrong in settings files, and what makes no sense on this machine.

    Without FILE it checks the settings in force. It ends with 2 if there is a mistake, with 0 if there are warnings
    only.
    """
    asked = [Sources(file=file) for file in files] or [sources(ctx.find_object(Invocation) or Invocation())]
    reports = [examined(entry) for entry in asked]
    if as_json:
        print_json([report.to_json() for report in reports])
    else:
        for line in (line for report in reports for line in report.lines()):
            say(line)
    if any(report.mistakes for report in reports):
        ctx.exit(BadSettings.exit_code)


@settings.command()
@click.argument("file", metavar="[FILE]", required=False, type=FILE)
@click.option("--server", is_flag=True, help="Write the values for a server, with the reason of each.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@click.pass_obj
def init(invocation: Invocation, file: Path | None, *, server: bool, force: bool) -> None:
    """Write a settings file with every key, its meaning and its default.

    Without FILE it is the one that is read when no other is named.
    """
    found = sources(invocation)
    target = file or found.file
    if target is None:
        raise BadSettings("there is no home folder to write the settings file to", hint=NO_HOME)
    if file is None and not found.required:
        create(target.parent, in_force=target)
    write(target, render(SECTIONS, "server" if server else "local"), overwrite=force)
    say(f"wrote {printable(str(target))}")
    if not invocation.quiet:
        name = _quoted(target)
        note(f"next: edit it, then `ollascope settings check {name}`")
        if target != found.file:
            note(f"it is read when it is named: `ollascope --settings {name} …` or OLLASCOPE_SETTINGS={name}")


@click.command()
@json_option
@click.pass_obj
def paths(invocation: Invocation, *, as_json: bool) -> None:
    """Show what lies where, and how big it is."""
    found = sources(invocation)
    there = spots(load(SECTIONS, found).data_folder, found.file)
    if as_json:
        print_json([_spot_facts(spot) for spot in there])
    else:
        table(("what", "path", "files", "size", "meaning"), [_spot_row(spot) for spot in there])


@click.command()
@click.option("--yes", is_flag=True, help="Remove without a question.")
@click.pass_obj
def purge(invocation: Invocation, *, yes: bool) -> None:
    """Remove the data folder and everything in it, after a question."""
    found = sources(invocation)
    # A folder named here is meant even where the settings cannot be read.
    named = invocation.data_folder
    folder = path_of(str(named)) if named else load(SECTIONS, found).data_folder
    name = printable(str(folder))
    if is_absent(folder):
        say(f"nothing to remove: {name} is not there")
        return
    homes = frozenset({user_home(), found.environ.get("HOME", "")})
    seen = keep_from_purge(folder, homes)
    _refuse_while_held(folder)
    size = measure(folder)
    amount = f"{size.files:,} {'file' if size.files == 1 else 'files'}, {size_text(size.bytes)}"
    if not yes and not sys.stdin.isatty():
        raise BadUsage(f"this would remove {name} ({amount}), and nobody is here to ask", hint="say it with --yes")
    if not yes and not click.confirm(f"Remove {name} with everything in it ({amount})? It cannot be brought back."):
        say("nothing was removed")
        return
    _refuse_while_held(folder)
    keep_from_purge(folder, homes)  # again: it may have changed while the person thought about it
    gone = remove(folder, seen)
    say(f"removed {name} ({amount})" if gone else f"emptied {name} ({amount}); the folder itself stays")


def _refuse_while_held(folder: Path) -> None:
    holder = hold.look(folder)
    if holder.held:
        who = hold.named(holder.who) if holder.who else "a running Ollascope"
        raise FolderUnusable(f"{printable(str(folder))} is in use by {who}", hint="stop it first: `ollascope down`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was found in one settings file."""

    name: str
    mistakes: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    fine: str = "fine"

    def lines(self) -> list[str]:
        """One line for each mistake and warning, or the one that says that there is none."""
        lines = [str(finding) for finding in self.mistakes]
        lines += [f"{found.origin}: warning: {found.what} — {found.hint}" for found in self.warnings]
        return lines or [f"{self.name}: {self.fine}"]

    def to_json(self) -> dict[str, Json]:
        return {
            "file": self.name,
            "fine": not self.mistakes,
            "mistakes": [_finding_facts(finding) for finding in self.mistakes],
            "warnings": [_finding_facts(finding) for finding in self.warnings],
        }


def examined(found: Sources) -> Report:
    """Hold one set of sources against the sections and this machine; a file with nothing in it is a mistake here."""
    current, mistakes = examine(SECTIONS, found)
    if found.file is None or (not found.required and is_absent(found.file)):
        fine = "there is no settings file: the defaults hold"
        return Report(name="settings", mistakes=mistakes, warnings=_warnings(current), fine=fine)
    name, extra = str(found.file), tuple[Finding, ...]()
    at_start = Origin(layer="file", name=name, line=1)
    if not mistakes and is_empty(found.file):
        named = f" {_quoted(found.file)}" if found.required else ""
        hint = f"`ollascope settings init{named} --force` writes one with every key, or remove it"
        mistakes = (Finding(origin=at_start, what="is empty: the defaults hold", hint=hint),)
    elif not mistakes and not any(entry.origin.layer == "file" for entry in current.entries()):
        hint = "write a value under a section, or remove the file"
        extra = (Finding(origin=at_start, what="sets nothing: the defaults hold", hint=hint),)
    if not mistakes:
        mistakes = _of_alerts(current)
    # What makes sense is asked only once everything can be read.
    sense = () if mistakes else extra + _warnings(current)
    return Report(name=printable(name), mistakes=mistakes, warnings=sense)


def follow(found: Sources, current: Settings, stop: threading.Event) -> None:
    """Print each change that comes into force, and why one did not, until `stop` or Ctrl-C."""
    from ollascope.settings.watch import Watch, changes  # noqa: PLC0415 - watchfiles takes its time to load

    def tell(lines: Iterable[str]) -> None:
        try:
            for line in lines:
                say(f"{time.strftime('%H:%M:%S')}  {line}")
        except BrokenPipeError:  # whoever read along has left
            stop.set()

    watch = Watch(SECTIONS, found, current, notice=lambda line: tell([line]))
    watch.listen(lambda old, new: lambda: tell(_change_line(*pair) for pair in changes(old, new)))
    with watch:
        stop.wait()


def _of_alerts(current: Settings) -> tuple[Finding, ...]:
    """What is wrong in objectives and rules, which the monitor would refuse."""
    from ollascope.monitor.alerts.task import TARGETS, orders_in  # noqa: PLC0415 - only a check that found nothing else

    try:
        orders_in(current, TARGETS)
    except BadSettings as error:
        key = TARGETS if error.message.startswith(TARGETS) else "alerts.file"
        origin = next(entry.origin for entry in current.entries() if entry.key == key)
        return (Finding(origin=origin, what=error.message, hint=error.hint),)
    return ()


def _warnings(current: Settings) -> tuple[Finding, ...]:
    return warnings(current, look(current, try_port))


def _quoted(file: Path) -> str:
    """A file as it can be pasted into a shell, from whatever folder."""
    return printable(shlex.quote(str(file.absolute())))


def _file_line(found: Sources) -> str:
    if found.file is None:
        return "there is no settings file"
    there = "not there: `ollascope settings init` writes it" if is_absent(found.file) else "in force"
    return f"settings file: {printable(str(found.file))} ({there})"


def _change_line(old: Entry | None, new: Entry | None) -> str:
    if new is None:
        return f"{old.key if old else ''}  removed"
    return f"{new.key}  {old.value if old else 'not there'} → {new.value}  ({new.origin})"


def _entry_facts(entry: Entry) -> dict[str, Json]:
    origin = entry.origin
    return {
        "key": entry.key,
        "value": entry.plain,
        "default": entry.default_plain,
        "meaning": entry.meaning,
        "layer": origin.layer,
        "origin": str(origin),
    }


def _finding_facts(finding: Finding) -> dict[str, Json]:
    return {
        "line": finding.origin.line,
        "origin": str(finding.origin),
        "key": finding.key or None,
        "what": finding.what,
        "hint": finding.hint,
    }


def _spot_row(spot: Spot) -> tuple[str, ...]:
    size = None if is_absent(spot.path) else measure(spot.path)
    told = ("-", "not there") if size is None else (f"{size.files:,}", size_text(size.bytes))
    return spot.place.name, printable(str(spot.path)), *told, spot.place.meaning


def _spot_facts(spot: Spot) -> dict[str, Json]:
    size = measure(spot.path)
    return {
        "name": spot.place.name,
        "path": str(spot.path),
        "exists": not is_absent(spot.path),
        "files": size.files,
        "bytes": size.bytes,
        "meaning": spot.place.meaning,
    }
