"""The table of children: what each is, and who may start or stop next; decisions only, no effects."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ollascope.processes.restart import Life
from ollascope.words.errors import BadUsage

TABLE_HINT = "mend the table CHILDREN"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process that `up` keeps running.

    A first word `ollascope` of the command means this program with the options that `up` was given; `{host}` and
    `{port}` in any word stand for the address. A child is ready when its address answers: a GET of `ready` with any
    status below 500, or, with an empty `ready`, a connection. One without an address is ready when it has stayed up
    for half a second.
    """

    command: tuple[str, ...]
    needs: tuple[str, ...] = ()  # the children that must be ready before it starts
    key: str = ""  # the setting that holds its port, as addresses.gateway
    host: str = "127.0.0.1"
    port: int | None = None  # none: it opens no port; 0: a free one is chosen
    ready: str = "/"
    page: bool = False  # its address is for people
    badge: str = ""  # what is said beside its address


Table = Mapping[str, Child]
Lives = Mapping[str, Life]


def check(table: Table) -> None:
    """Refuse a table that nobody could start: unknown or circular needs, two children on one port, odd names."""
    for name, child in table.items():
        if not _NAME.fullmatch(name):
            raise BadUsage(f"{name[:60]!r} is no name of a child", hint="small letters, digits and dashes, at most 31")
        if not child.command:
            raise BadUsage(f"the child {name} has no command line", hint=TABLE_HINT)
        if unknown := [need for need in child.needs if need not in table]:
            known = ", ".join(table)
            raise BadUsage(f"the child {name} needs {unknown[0]!r}, which is no child", hint=f"there is {known}")
    _check_order(table)
    _check_ports(table)


def startable(table: Table, lives: Lives) -> list[str]:
    """Whose turn it is: those that wait and whose needs are all ready."""
    return [
        name
        for name, child in table.items()
        if lives[name].state == "waiting" and all(lives[need].state == "ready" for need in child.needs)
    ]


def stoppable(table: Table, lives: Lives) -> list[str]:
    """Who may be told to end now: those that run and that nobody who runs still needs."""
    running = [name for name in table if lives[name].runs]
    needed = {need for name in running for need in table[name].needs}
    return [name for name in running if name not in needed and not lives[name].final]


def blocked(table: Table, lives: Lives) -> dict[str, str]:
    """Those that wait for a child which was given up, or which itself waits for one: who waits, and for whom."""
    found: dict[str, str] = {}
    for name in TopologicalSorter({name: child.needs for name, child in table.items()}).static_order():
        if lives[name].state == "waiting":
            lost = [need for need in table[name].needs if lives[need].state == "failed" or need in found]
            found.update({name: lost[0]} if lost else {})
    return found


def settled(table: Table, lives: Lives, held: Collection[str] = ()) -> bool:
    """Whether nothing more will come of itself: each child is ready, given up, waits for one given up, or is held."""
    stuck = {*blocked(table, lives), *held}
    for name in TopologicalSorter({name: child.needs for name, child in table.items()}).static_order():
        if lives[name].state == "waiting" and stuck.intersection(table[name].needs):
            stuck.add(name)
    return all(lives[name].state in {"ready", "failed", "stopped"} or name in stuck for name in table)


def hopeless(table: Table, lives: Lives) -> bool:
    """Whether nothing runs and nothing will."""
    return settled(table, lives) and not any(life.runs for life in lives.values())


def _check_order(table: Table) -> None:
    try:
        TopologicalSorter({name: child.needs for name, child in table.items()}).prepare()
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise BadUsage(f"no child of this circle can be the first: {circle}", hint=TABLE_HINT) from error


def _check_ports(table: Table) -> None:
    owners: dict[int, str] = {}
    for name, child in table.items():
        if child.port and owners.setdefault(child.port, name) != name:
            other = owners[child.port]
            hint = f"give one of them another port: `--set {child.key or 'KEY'}=PORT`"
            raise BadUsage(f"{other} and {name} would both open port {child.port}", hint=hint)
