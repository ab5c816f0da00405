"""Which build of llama-cpp-python is here: its version, where it lies, and what instructions it uses."""

import hashlib
import importlib
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from pathlib import Path

from ollascope.engines.llamacpp.asking import ask
from ollascope.engines.llamacpp.recipe import PACKAGE
from ollascope.words.errors import LoadFailed, PackageMissing

MODULE = "llama_cpp"
HINT = "`ollascope engine build` builds and installs it; where Ollama answers it is not needed"
LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A build that Python would import; `mark` changes whenever one of its libraries does."""

    version: str
    folder: str  # of the package llama_cpp
    mark: str


def find_installed(search: list[str] | None = None) -> Installed | None:
    """The build on Python's path, or on that of `search`; nothing of it is imported."""
    importlib.invalidate_caches()  # it may have been installed by this very process
    spec = PathFinder.find_spec(MODULE, search)
    if spec is None or not spec.origin:
        return None
    folder = Path(spec.origin).parent
    places = sys.path if search is None else search
    version = next((each.version for each in distributions(name=PACKAGE, path=places)), "unknown")
    return Installed(version=version, folder=str(folder), mark=_mark(folder, version))


def need_installed() -> Installed:
    """The build that is here, or what to do about its absence."""
    if found := find_installed():
        return found
    raise PackageMissing(f"{PACKAGE} is not installed", hint=HINT)


def read_features(folder: Path, *, limit_s: float = LIMIT_S) -> frozenset[str]:
    """What the library in a package folder says that it uses, as AVX2 or AMX_INT8; it is loaded elsewhere."""
    outcome = ask({"library": str(folder)}, limit_s=limit_s)
    if outcome.ending != "answered":
        raise LoadFailed(
            f"the library of {PACKAGE} in {folder} cannot be loaded: {outcome.said}",
            hint="build it for this machine: `ollascope engine build --fresh`",
        )
    return parse_features(outcome.said)


def parse_features(said: str) -> frozenset[str]:
    """The names that are 1 in a line as `CPU : AVX2 = 1 | AMX_INT8 = 0 | REPACK = 1 |`."""
    pairs = (part.rpartition(":")[2].split("=") for part in said.split("|"))
    return frozenset(pair[0].strip() for pair in pairs if len(pair) == 2 and pair[1].strip() == "1")


def _mark(folder: Path, version: str) -> str:
    found = hashlib.sha256(version.encode())
    for path in sorted((folder / "lib").glob("*")):
        facts = path.stat()
        found.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return found.hexdigest()[:16]
