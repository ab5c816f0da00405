"""A folder of GGUF files as models, or one file: their names, what `models.yaml` says of them, what the files say."""

import difflib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollascope.apis.errors import missing
from ollascope.registry.gguf.read import Header, read_header
from ollascope.serve.llamacpp.house.listing import EMPTY, NAME, Listed, Listing, full_name, read_listing
from ollascope.words.errors import FolderUnusable, LoadFailed, Trouble

ENDING = ".gguf"
BEGINNING = 1 << 20  # bytes of a file that its digest is made of, beside its size
LONGEST_NAME = 500
LONGEST_STEM = 80

_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")

Mark = tuple[int, int]  # a file's size and time: another one is another model


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model: its full name, its file, and what is said about it."""

    name: str
    path: Path
    listed: Listed = field(default_factory=Listed)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it answers to, in full."""
        return (self.name, *map(full_name, self.listed.aliases))


class Folder:
    """The models of one folder or file; looks again when something in it has changed."""

    def __init__(self, place: Path, listing: Path | None = None, aliases: tuple[str, ...] = ()) -> None:
        self.place = place
        self._named = listing
        self._aliases = aliases  # of a single file
        self._mark: tuple[int, ...] = ()
        self._entries: dict[str, Entry] = {}
        self._headers: dict[Path, tuple[Mark, Header]] = {}
        self._digests: dict[Path, tuple[Mark, str]] = {}

    def entries(self) -> list[Entry]:
        """Every model there is, by name; a file that is none is left out, whatever its name says."""
        self._look()
        return [entry for entry in self._entries.values() if self._is_model(entry)]

    def find(self, name: str) -> Entry:
        """The model of that name or alias; the error names those that look like it."""
        self._look()
        full = full_name(name)
        for entry in self._entries.values():
            if full in entry.names:
                return entry
        raise missing(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…", self._near(name))

    def header(self, entry: Entry) -> Header:
        """What the file says of itself, read once; raises what is wrong with it."""
        mark = mark_of(entry.path)
        known = self._headers.get(entry.path)
        if known is None or known[0] != mark:
            known = self._headers[entry.path] = (mark, read_header(entry.path))
        return known[1]

    def digest(self, entry: Entry) -> str:
        """What tells files apart: made of the size and the beginning, since reading all of a file takes minutes."""
        mark = mark_of(entry.path)
        known = self._digests.get(entry.path)
        if known is None or known[0] != mark:
            with entry.path.open("rb") as file:
                made = hashlib.sha256(b"%d\n" % mark[0] + file.read(BEGINNING)).hexdigest()
            known = self._digests[entry.path] = (mark, made)
        return known[1]

    def check(self) -> None:
        """Refuse a place without a model: one file's own fault is told, a folder's is told with what it holds."""
        if not self.place.exists():
            raise FolderUnusable(f"there is no {self.place}", hint="check the path")
        if self.place.is_file():
            read_header(self.place)
            return
        if self.entries():
            return
        troubles = [why for entry in self._entries.values() if (why := self._trouble(entry))]
        if troubles:
            raise troubles[0]
        raise FolderUnusable(
            f"there is no model in {self.place}: no file in it ends in {ENDING}",
            hint="name a folder of GGUF files, or one such file",
        )

    def _look(self) -> None:
        mark = tuple(_touched(path) for path in (self.place, self._listing_path()) if path is not None)
        if mark != self._mark:
            self._entries = {entry.name: entry for entry in self._found()}
            self._mark = mark

    def _found(self) -> list[Entry]:
        found = list(_found(self.place, self._listing()))
        if self._aliases and len(found) == 1:
            listed = replace(found[0].listed, aliases=(*self._aliases, *found[0].listed.aliases))
            found = [replace(found[0], listed=listed)]
        return found

    def _listing_path(self) -> Path | None:
        return self._named or (self.place / NAME if self.place.is_dir() else None)

    def _listing(self) -> Listing:
        path = self._listing_path()
        if path is None or (self._named is None and not path.exists()):
            return EMPTY
        return read_listing(path)

    def _is_model(self, entry: Entry) -> bool:
        return self._trouble(entry) is None and self.header(entry).kind == "model"

    def _trouble(self, entry: Entry) -> Trouble | None:
        try:
            self.header(entry)
        except Trouble as trouble:
            return trouble
        return None

    def _near(self, name: str) -> list[str]:
        if len(name) > LONGEST_NAME:
            return []
        plain = {full.removesuffix(":latest"): full for entry in self._entries.values() for full in entry.names}
        near = difflib.get_close_matches(name.removesuffix(":latest"), plain, n=3, cutoff=0.75)
        return [plain[each] for each in near]


def mark_of(path: Path) -> Mark:
    """The size and time of a file."""
    try:
        facts = path.stat()
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise LoadFailed(f"{path}: {why}", hint="check the path; the list of models is read again") from error
    return facts.st_size, facts.st_mtime_ns


def name_of(path: Path) -> str | None:
    """The full name of a file's model; none for the second and later parts of one that is split."""
    stem = path.name[: -len(ENDING)] if path.name.lower().endswith(ENDING) else path.name
    if part := _PART.search(stem):
        if int(part[1]) != 1:
            return None
        stem = stem[: part.start()]
    clean = _ODD.sub("-", stem).lstrip(".-")[:LONGEST_STEM]
    return f"{clean or 'model'}:latest"


def _found(place: Path, listing: Listing) -> Iterator[Entry]:
    """The models that the listing names, in its order, then the files that it does not name."""
    home = place if place.is_dir() else place.parent
    named: set[Path] = set()
    for model, listed in listing.models.items():
        path = listed.file or home / f"{model.replace(':', '-').replace('/', '-')}{ENDING}"
        if "llamacpp" in listed.backends and (place.is_dir() or path == place.absolute()):
            named.add(path.resolve())
            yield Entry(name=full_name(model), path=path, listed=listed)
    taken = {full_name(name) for model, listed in listing.models.items() for name in (model, *listed.aliases)}
    files = sorted(_files(place)) if place.is_dir() else [place]
    for path in files:
        name = name_of(path)
        if name and name not in taken and path.resolve() not in named:
            taken.add(name)
            yield Entry(name=name, path=path)


def _files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as found:
            for item in found:
                if item.name.lower().endswith(ENDING) and not item.name.startswith(".") and item.is_file():
                    yield folder / item.name
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be read: {error.strerror}", hint="check who may read it") from error


def _touched(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
