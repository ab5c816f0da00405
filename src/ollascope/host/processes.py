"""The processes of the model servers on this machine: found by name, by port or as their children; read cheaply."""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ollascope.host.files import names, text, whole
from ollascope.words.sample import Process

LISTENS = "0A"
LOOKS = 2
FORGET_ROUNDS = 100  # a number may come to belong to another process
INTERPRETERS = ("python", "node", "bash", "sh")
VISITORS = frozenset({"run", "pull", "push", "list", "ls", "ps", "show", "create", "cp", "rm", "stop", "launch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which processes are model servers: programs of these names, and whoever listens on these ports."""

    names: tuple[str, ...] = ("ollama", "llama-server", "vllm")
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One process that was found; the start time tells it from a later one of the same number."""

    pid: int
    role: str
    started: int
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """What the kernel counts of one process."""

    name: str
    parent: int
    ticks: int
    threads: int
    started: int
    pages: int


class Search:
    """Finds model servers and their runners; whoever was looked at twice and is none is not looked at again."""

    def __init__(self, root: Path, wanted: Wanted, own: Iterable[int] = ()) -> None:
        self._root = root
        self._wanted = wanted
        self._own = frozenset(own)
        self._found: dict[int, Known] = {}
        self._looks: dict[int, int] = {}  # a process just forked still has the command line of its parent
        self._listeners: dict[str, int | None] = {}
        self._rounds = 0
        self.behind = False  # there are processes that nobody has looked at yet

    def step(self, most: int | None = None) -> tuple[Known, ...]:
        """Look at new processes, at most so many, and tell all that are known."""
        pids = {int(name) for name in names(self._root / "proc") if name.isdecimal()} - self._own
        self._rounds += 1
        if self._rounds % FORGET_ROUNDS == 0:
            self._looks.clear()
        self._found = {pid: known for pid, known in self._found.items() if self._lives(pid, known, pids)}
        self._looks = {pid: count for pid, count in self._looks.items() if pid in pids}
        fresh = sorted(pid for pid in pids if pid not in self._found and self._looks.get(pid, 0) < LOOKS)
        fresh.sort(key=lambda pid: self._looks.get(pid, 0))
        chosen = fresh if most is None else fresh[:most]
        self.behind = any(self._looks.get(pid, 0) == 0 for pid in fresh[len(chosen) :])
        self._look(chosen)
        for pid in self._listening(pids):
            self._add(pid, "server", read_stat(self._root, pid))
        return tuple(self._found[pid] for pid in sorted(self._found))

    def _lives(self, pid: int, known: Known, pids: set[int]) -> bool:
        stat = read_stat(self._root, pid) if pid in pids else None
        return stat is not None and stat.started == known.started

    def _look(self, pids: Iterable[int]) -> None:
        """A model server's children are its runners, whatever they are called, and so are theirs."""
        stats: dict[int, Stat] = {}
        for pid in pids:
            self._looks[pid] = self._looks.get(pid, 0) + 1
            command = _command(self._root, pid)
            role, stat = _role(command, self._wanted.names), read_stat(self._root, pid)
            if role and stat:
                self._found[pid] = Known(pid=pid, role=role, started=stat.started, command=command)
            if stat:
                stats[pid] = stat
        while children := [pid for pid in stats if stats[pid].parent in self._found]:
            for pid in children:
                self._add(pid, "runner", stats.pop(pid))

    def _add(self, pid: int, role: str, stat: Stat | None) -> None:
        if stat is not None:
            command = _command(self._root, pid)
            self._found[pid] = Known(pid=pid, role=role, started=stat.started, command=command)

    def _listening(self, pids: set[int]) -> list[int]:
        """Who holds a listening socket on a wanted port; asked of every process only when there is a new socket."""
        if not self._wanted.ports:
            return []
        inodes = set(_inodes(self._root, frozenset(self._wanted.ports)))
        self._listeners = {inode: pid for inode, pid in self._listeners.items() if inode in inodes}
        for inode in inodes - self._listeners.keys():
            mark = f"socket:[{inode}]"
            self._listeners[inode] = next((pid for pid in sorted(pids) if mark in _open_sockets(self._root, pid)), None)
        return [pid for pid in self._listeners.values() if pid is not None and pid in pids and pid not in self._found]


def read_process(root: Path, known: Known) -> Process | None:
    """One reading, or none if it has ended and its number belongs to another."""
    stat = read_stat(root, known.pid)
    if stat is None or stat.started != known.started:
        return None
    return Process(
        role=known.role,
        pid=known.pid,
        name=stat.name,
        cpu_s=stat.ticks / os.sysconf("SC_CLK_TCK"),
        rss_bytes=stat.pages * os.sysconf("SC_PAGE_SIZE"),
        threads=stat.threads,
    )


def read_stat(root: Path, pid: int) -> Stat | None:
    """The line of /proc/PID/stat; a name may hold blanks and brackets."""
    said = text(root / "proc" / str(pid) / "stat")
    before, _, after = said.rpartition(")")
    words = after.split()
    if len(words) < 22 or "(" not in before:
        return None
    counts = [whole(words[place]) for place in (1, 11, 12, 17, 19, 21)]
    if None in counts:
        return None
    parent, user, system, threads, started, pages = [count or 0 for count in counts]
    name = before.partition("(")[2]
    return Stat(name=name, parent=parent, ticks=user + system, threads=threads, started=started, pages=pages)


def port_of(command: Iterable[str]) -> int | None:
    """The port that a command line names: `--port 33421` or `--port=33421`."""
    words = list(command)
    for word, following in zip(words, [*words[1:], ""], strict=False):
        said = following if word == "--port" else word[7:] if word.startswith("--port=") else ""
        port = whole(said)
        if port is not None and 0 < port < 65536:
            return port
    return None


def _command(root: Path, pid: int) -> tuple[str, ...]:
    return tuple(word for word in text(root / "proc" / str(pid) / "cmdline").split("\0") if word)


def _role(command: tuple[str, ...], servers: tuple[str, ...]) -> str | None:
    """`ollama serve` is a server and `ollama runner` a runner; `ollama run` is somebody who asks."""
    words = [word.rpartition("/")[2] for word in command[:4]]
    if words and words[0].startswith(INTERPRETERS):
        words = [word for word in words[1:] if not word.startswith("-")]
    if not words or words[0].removesuffix(".py").partition(".")[0] not in servers:
        return None
    following = words[1] if len(words) > 1 else ""
    if following in VISITORS:
        return None
    return "runner" if following == "runner" else "server"


def _inodes(root: Path, ports: frozenset[int]) -> Iterable[str]:
    for name in ("tcp", "tcp6"):
        for line in text(root / "proc/net" / name).splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[3] == LISTENS and int(words[1].rpartition(":")[2] or "0", 16) in ports:
                yield words[9]


def _open_sockets(root: Path, pid: int) -> set[str]:
    found: set[str] = set()
    folder = root / "proc" / str(pid) / "fd"
    for name in names(folder):
        with contextlib.suppress(OSError):  # closed meanwhile
            found.add(str((folder / name).readlink()))
    return found
