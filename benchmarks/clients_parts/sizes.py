"""How much each client needs on disk: all packages beside the interpreter."""

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement


def folder_bytes(packages: Path) -> int:
    return sum(path.stat().st_size for path in packages.rglob("*") if path.is_file() and not path.is_symlink())


def install_bytes(name: str = "ollascope") -> int:
    """A base install of ours: its packages and all they need, without extras; what lies here was installed by pip."""
    total, wanted, seen = 0, [name], set[str]()
    while wanted:
        one = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if one in seen:
            continue
        seen.add(one)
        found = metadata.distribution(one)
        total += sum(_size(found, file) for file in found.files or ())
        needs = [Requirement(text) for text in found.requires or ()]
        wanted += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return total + _own_source()


def _size(found: metadata.Distribution, file: metadata.PackagePath) -> int:
    path = Path(str(found.locate_file(file)))
    return path.stat().st_size if path.is_file() else 0


def _own_source() -> int:
    """Where the package is installed for development, its files lie in the source tree."""
    package = Path(str(sys.modules["ollascope"].__file__)).parent if "ollascope" in sys.modules else None
    if package is None or "site-packages" in package.parts:
        return 0
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
