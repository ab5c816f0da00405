"""The command `logs`: search, follow and add up what Ollascope's processes logged."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.logs.follow import Tail
from ollascope.logs.form import LEVELS, Facts, json_line, pretty_line, printable
from ollascope.logs.search import Search, Wish, by_process, last, moment, parse
from ollascope.logs.setup import Logs, logs_folder
from ollascope.logs.shown.tally import Tally, tally
from ollascope.wire import load_settings
from ollascope.words.errors import BadUsage

PAUSE_S = 0.25
MISSING = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the lines are to be shown."""

    count: int
    follow: bool
    top: bool
    as_json: bool


@click.command()
@click.option("--since", metavar="TIME", help="From then on: 30m, 2h, 7d ago, or a date and time.")
@click.option("--until", metavar="TIME", help="Until then.")
@click.option("--level", type=click.Choice(LEVELS), help="This level and worse ones.")
@click.option("--room", metavar="NAME", help="What this part of Ollascope said, such as gateway.")
@click.option("--text", metavar="TEXT", help="Lines with this text in them, capitals or not.")
@click.option("--request", metavar="ID", help="Lines of this request.")
@click.option("-n", "--count", type=click.IntRange(min=1), default=100, show_default=True, help="The newest so many.")
@click.option("-f", "--follow", is_flag=True, help="Stay, and print what is added.")
@click.option("--top", is_flag=True, help="Add up instead: lines by level, errors by code, the most frequent messages.")
@json_option
@click.pass_obj
def logs(invocation: Invocation, /, **said: object) -> None:
    """Search the logs of all Ollascope's processes, or follow them.

    With --json it prints one line of JSON for each line of the log; with --top one object.
    """
    asked = Asked(count=int(str(said["count"])), follow=bool(said["follow"]), top=bool(said["top"]),
                  as_json=bool(said["as_json"]))  # fmt: skip
    if asked.follow and asked.top:
        raise BadUsage("--follow and --top exclude each other", hint="leave one of them out")
    wish = _wish(said)
    settings = load_settings(invocation)
    folder = logs_folder(settings.of(Logs), settings.data_folder)
    search = Search(folder)
    tails = _tails(folder) if asked.follow else {}  # opened first: nothing falls between search and follow
    if asked.top:
        _show_tally(tally(search.lines(wish)), asked)
    else:
        for facts in last(search.lines(wish), asked.count):
            _show(facts, asked)
    _confess(search, folder, quiet=invocation.quiet)
    if asked.follow:
        for facts in follow(folder, tails, wish, threading.Event()):
            _show(facts, asked)


def follow(folder: Path, tails: dict[Path, Tail], wish: Wish, stop: threading.Event) -> Iterator[Facts]:
    """The wanted lines as they are added, also to files that appear meanwhile."""
    while not stop.is_set():
        for path in _live(folder):
            tails.setdefault(path, Tail(path))
        fresh = [facts for tail in tails.values() for entry in tail.read() if (facts := parse(entry.text)) is not None]
        yield from sorted((facts for facts in fresh if wish.wants(facts)), key=lambda facts: str(facts.get("time")))
        sys.stdout.flush()
        if not fresh:
            stop.wait(PAUSE_S)


def _tails(folder: Path) -> dict[Path, Tail]:
    found = {path: Tail(path, from_end=True) for path in _live(folder)}
    for tail in found.values():
        tail.read()
    return found


def _live(folder: Path) -> list[Path]:
    newest = [files[-1] for files in by_process(folder).values()]
    return [path for path in newest if path.name.count(".") == 1]


def _wish(said: dict[str, object]) -> Wish:
    now = time.time()

    def word(name: str) -> str | None:
        return None if said[name] is None else str(said[name])

    since, until = word("since"), word("until")
    return Wish(
        since=None if since is None else moment(since, now),
        until=None if until is None else moment(until, now),
        level=word("level"),
        room=word("room"),
        text=word("text"),
        request=word("request"),
    )


def _show(facts: Facts, asked: Asked) -> None:
    if asked.as_json:
        say(json_line(facts))
    else:
        safe = {printable(name): printable(value) if isinstance(value, str) and name != "traceback" else value
                for name, value in facts.items()}  # fmt: skip
        say(pretty_line(safe, colours=sys.stdout.isatty()))


def _show_tally(found: Tally, asked: Asked) -> None:
    if asked.as_json:
        print_json(found.to_json())
        return
    say(f"{found.lines} lines: " + (", ".join(f"{count} {level}" for level, count in found.levels.items()) or "none"))
    if found.failures:
        say("")
        rates = [(one.code, str(one.count), _rate(one.per_hour)) for one in found.failures]
        table(("error", "count", "an hour"), [(printable(code), count, rate) for code, count, rate in rates])
    if found.messages:
        say("")
        rows = [(str(one.count), one.level, one.room, printable(one.message)[:100]) for one in found.messages]
        table(("count", "level", "room", "message"), rows)


def _rate(per_hour: float | None) -> str:
    return MISSING if per_hour is None else f"{per_hour:.1f}"


def _confess(search: Search, folder: Path, *, quiet: bool) -> None:
    if search.unreadable_lines:
        note(f"{search.unreadable_lines} lines could not be read and were left out")
    for told in search.unreadable_files:
        note(f"a log file could not be read to its end: {printable(told)}")
    if not quiet and not by_process(folder):
        note(f"there is no log in {folder}: no process has logged yet")
