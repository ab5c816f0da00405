"""The GGUF files in the folder of models: plain files only, each read once as long as it stays the same."""

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ollascope.words.errors import Trouble

ENDING: Final = ".gguf"
MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a file says of itself."""

    architecture: str = ""
    quantisation: str = ""
    parameters: int | None = None
    context: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """One file."""

    name: str
    path: Path
    size_bytes: int
    about: About


@dataclass(slots=True)
class Files:
    """Lists a folder again and again."""

    folder: Path
    read: Callable[[Path], About]
    known: dict[tuple[str, int, int], About] = field(default_factory=dict)

    def list(self) -> tuple[GgufFile, ...]:
        """The files by name; a folder that is not there has none."""
        try:
            names = sorted(path.name for path in self.folder.iterdir() if path.name.lower().endswith(ENDING))[:MOST]
        except OSError:
            return ()
        return tuple(found for name in names if (found := self._file(name)) is not None)

    def _file(self, name: str) -> GgufFile | None:
        path = self.folder / name
        try:
            facts = path.lstat()  # a link might lead out of the folder
        except OSError:
            return None
        if not stat.S_ISREG(facts.st_mode) or not name.isprintable():
            return None
        key = (name, facts.st_mtime_ns, facts.st_size)
        if key not in self.known:
            self.known = {old: about for old, about in self.known.items() if old[0] != name}
            self.known[key] = self._about(path)
        return GgufFile(name=name, path=path, size_bytes=facts.st_size, about=self.known[key])

    def _about(self, path: Path) -> About:
        try:
            return self.read(path)
        except Trouble as trouble:
            return About(trouble=trouble.message.removeprefix(f"{path}: ").replace(str(path), path.name))
