"""An Ollama of this machine as its service manager, its unit files and its process tell of it."""

import contextlib
import shlex
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from ollascope.host.files import names, text
from ollascope.host.processes import Known, Search, Wanted

UNIT: Final = "ollama.service"
PORT: Final = 11434
PATIENCE_S: Final = 1.0
OURS: Final = "OLLAMA_"  # of a foreign environment nothing else is looked at: it may hold secrets
LISTENS: Final = "0A"
FOLDERS: Final = ("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system",
                  "lib/systemd/system")  # fmt: skip
PROGRAMS: Final = ("usr/local/bin/ollama", "usr/bin/ollama", "opt/homebrew/bin/ollama", "snap/bin/ollama",
                   "Applications/Ollama.app")  # fmt: skip
Run = Callable[[Sequence[str]], str]  # a program's output; empty where it is not there, fails or takes too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The unit of Ollama, where there is one; `active` is None where nobody says."""

    active: bool | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def host_url(said: str) -> str:
    """The address that OLLAMA_HOST names, as Ollama reads it, and as a client on the same machine reaches it."""
    scheme, mark, rest = said.strip().partition("://")
    if not mark:
        scheme, rest = ("https", "ollama.com:443") if scheme == "ollama.com" else ("http", scheme)
    usual = {"http": 80, "https": 443}.get(scheme, PORT) if mark else PORT
    place, _, path = rest.partition("/")
    host, port = _split(place)
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65_536 else usual
    host = _reachable(host or "127.0.0.1")
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{number}" + (f"/{path}" if path else "")


def run(command: Sequence[str]) -> str:
    """What a program prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def read_service(root: Path, ask: Run = run) -> Service | None:
    """The unit as systemd knows it, or as its files say; none where there is no such unit."""
    wanted = "--property=LoadState,ActiveState,Environment"
    if root == Path("/") and (said := ask(["systemctl", "show", UNIT, wanted, "--no-pager"])):
        return parse_service(said)
    return parse_files(_unit_files(root))


def parse_service(said: str) -> Service | None:
    """The answer of `systemctl show`."""
    values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if values.get("LoadState") != "loaded":
        return None
    return Service(active=values.get("ActiveState") == "active", environment=_environment([values.get("Environment")]))


def parse_files(files: Iterable[str]) -> Service | None:
    """The unit file and what overrides it, in this order; later words win, an empty one forgets the earlier."""
    said: list[str | None] = []
    seen = False
    for content in files:
        seen = True
        for line in content.replace("\\\n", " ").splitlines():
            key, mark, value = line.strip().partition("=")
            if mark and key.strip() == "Environment":
                said = [*said, value] if value.strip() else []
    return Service(environment=_environment(said)) if seen else None


def find_processes(root: Path) -> tuple[Known, ...]:
    """The processes of Ollama and its runners on this machine."""
    return Search(root, Wanted(names=("ollama",))).step()


def read_environment(root: Path, process: Known) -> Mapping[str, str] | None:
    """What Ollama was started with; none where it is another user's, whose environment is closed."""
    said = text(root / "proc" / str(process.pid) / "environ")
    return dict(_pairs(said.split("\0"))) if said else None


def listening_urls(root: Path, process: Known) -> tuple[str, ...]:
    """Where a process listens, if its sockets may be looked at."""
    own = set(_sockets(root / "proc" / str(process.pid) / "fd"))
    found = (url for inode, url in _listeners(root) if own and inode in own)
    return tuple(dict.fromkeys(found))


def is_installed(root: Path) -> bool:
    """The program lies where its installers put it."""
    return any((root / place).exists() for place in PROGRAMS)


def _split(place: str) -> tuple[str, str]:
    """Host and port; a bare IPv6 address has colons and no port."""
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        return host, rest.removeprefix(":")
    host, mark, port = place.rpartition(":")
    return (host, port) if mark and ":" not in host else (place, "")


def _reachable(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _environment(said: Iterable[str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in said:
        try:
            words = shlex.split(line or "")
        except ValueError:  # a quotation mark that nothing closes
            continue
        found.update(_pairs(words))
    return found


def _pairs(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, mark, value = word.partition("=")
        if mark and name.startswith(OURS):
            yield name, value


def _unit_files(root: Path) -> Iterator[str]:
    unit = next((said for folder in FOLDERS if (said := text(root / folder / UNIT))), "")
    if unit:
        yield unit
    for folder in reversed(FOLDERS):
        for name in names(root / folder / f"{UNIT}.d"):
            if name.endswith(".conf"):
                yield text(root / folder / f"{UNIT}.d" / name)


def _sockets(folder: Path) -> Iterator[str]:
    for name in names(folder):
        with contextlib.suppress(OSError):  # closed meanwhile, or another user's
            target = str((folder / name).readlink())
            if target.startswith("socket:["):
                yield target[8:-1]


def _listeners(root: Path) -> Iterator[tuple[str, str]]:
    for name in ("tcp", "tcp6"):
        for line in text(root / "proc/net" / name).splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[3] == LISTENS:
                port = int(words[1].rpartition(":")[2] or "0", 16)
                host = "127.0.0.1" if name == "tcp" or words[1].startswith("0" * 32) else "[::1]"
                yield words[9], f"http://{host}:{port}"
