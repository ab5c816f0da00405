"""Why a build failed, from the last lines of pip, CMake and the compiler: a named error with a hint."""

import re
from pathlib import Path

from ollascope.words.errors import ConnectFailed, DiskFull, OutOfMemory, PackageMissing, Trouble

COMPILER_HINT = (
    "install one (Debian and Ubuntu: apt install g++; Fedora: dnf install gcc-c++; Alpine: apk add build-base), then "
    "`ollascope engine build`; where Ollama answers the embedded engine is not needed"
)
SPACE_HINT = "about 700 MB are needed in {folder} while it is built; make room, or set XDG_CACHE_HOME to another disk"
NETWORK_HINT = "check the network, or name a mirror near you in PIP_INDEX_URL; what was fetched is kept"

_FULL = re.compile(r"No space left on device|Disk quota exceeded|Errno 28\b|Errno 122\b")
_NETWORK = re.compile(
    r"NewConnectionError|Failed to establish|Name or service|Temporary failure in name|[Tt]imed out|ConnectTimeout"
    r"|No matching distribution|Connection refused|Connection reset|SSLError|ProxyError|getaddrinfo|IncompleteRead"
)
_NO_COMPILER = re.compile(r"No CMAKE_C(?:XX)?_COMPILER|CMAKE_C(?:XX)?_COMPILER not set|is not able to compile a simple")
_NO_MEMORY = re.compile(
    r"Killed signal terminated program|fatal error: Killed|[Cc]annot allocate memory|virtual memory exhausted"
)
_ERROR = re.compile(r"\berror\b|\bERROR\b|CMake Error")


def no_compiler() -> PackageMissing:
    """There is nothing to compile C++ with."""
    return PackageMissing("no C++ compiler was found; the embedded engine is compiled here", hint=COMPILER_HINT)


def no_room(folder: Path) -> DiskFull:
    """The disk that the build works on is full."""
    return DiskFull("no room on the disk to build the embedded engine", hint=SPACE_HINT.format(folder=folder))


def explain(doing: str, said: str, log: Path, folder: Path) -> Trouble:
    """The error that the last lines of a failed program mean; `doing` is what failed, as `the source cannot be had`."""
    if _FULL.search(said):
        return no_room(folder)
    if _NO_COMPILER.search(said):
        return no_compiler()
    if _NO_MEMORY.search(said):
        return OutOfMemory("the compiler ran out of memory", hint="close other programs, or add swap, and try again")
    if _NETWORK.search(said):
        return ConnectFailed(f"{doing}: the package index cannot be reached", hint=NETWORK_HINT)
    return Trouble(f"{doing}: {_worst_line(said)}", hint=f"all that was printed is in {log}")


def _worst_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if _ERROR.search(line)), lines[-1] if lines else "nothing was printed")[:200]
