"""The Python environment that this program runs in: may the engine be installed into it, and the installing."""

import importlib.metadata
import os
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ollascope.engines.llamacpp.building.command import Done
from ollascope.words.errors import FolderUnusable, PackageMissing

OWN = "install Ollascope into a virtual environment of its own: `python3 -m venv .venv`, then `.venv/bin/pip install …`"
Pip = Callable[[tuple[str, ...]], Done]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where packages go."""

    python: str
    packages: Path
    is_managed: bool  # by the system's package manager
    has_pip: bool

    @classmethod
    def of_process(cls) -> "Environment":
        """The one that this process runs in."""
        virtual = sys.prefix != sys.base_prefix
        mark = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
        return cls(
            python=sys.executable,
            packages=Path(sysconfig.get_path("platlib")),
            is_managed=not virtual and mark.exists(),
            has_pip=next(iter(importlib.metadata.distributions(name="pip")), None) is not None,
        )

    def refuse_unwritable(self) -> None:
        """Say at once, not after minutes of compiling, that nothing can be installed here."""
        if self.is_managed:
            raise FolderUnusable(f"the Python of {self.python} belongs to the system's package manager", hint=OWN)
        if not os.access(self.packages, os.W_OK | os.X_OK):
            raise FolderUnusable(f"{self.packages} may not be written by this user", hint=OWN)
        if not self.has_pip:
            hint = f"`{self.python} -m ensurepip --upgrade` installs it"
            raise PackageMissing(f"the Python of {self.python} has no pip", hint=hint)


def missing(wheel: Path) -> list[str]:
    """What a wheel needs and this environment lacks, as pip takes it."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = message_from_bytes(archive.read(name)).get_all("Requires-Dist") or []
    return [text for text in said if not _is_met(text)]


def install(wheel: Path, pip: Pip) -> Done:
    """Install what the wheel needs, then the wheel; without anything missing no network is used."""
    if needs := missing(wheel):
        done = pip(("install", *needs))
        if done.code:
            return done
    return pip(("install", "--no-deps", "--no-index", "--force-reinstall", os.fspath(wheel)))


def _is_met(text: str) -> bool:
    try:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            return True
        return wanted.specifier.contains(importlib.metadata.version(wanted.name), prereleases=True)
    except (InvalidRequirement, importlib.metadata.PackageNotFoundError):
        return False
