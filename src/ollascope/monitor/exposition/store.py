"""The file of totals: numbers and how far each segment has been read, always written in one transaction."""

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ollascope.ledger.segment import told
from ollascope.monitor.exposition.families import FAMILIES
from ollascope.words.errors import DiskFull, StorageTrouble

log = logging.getLogger(__name__)

SCHEMA = 1
PATIENCE_S = 10.0

Key = tuple[str, tuple[str, ...]]  # the name of a family and the values of its labels
Place = tuple[int, bool]  # how far a segment has been read, and whether nothing can follow

_TABLES = f"""
CREATE TABLE IF NOT EXISTS totals (
    family TEXT NOT NULL, labels TEXT NOT NULL, numbers TEXT NOT NULL, PRIMARY KEY (family, labels)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
    segment TEXT PRIMARY KEY, offset INTEGER NOT NULL, over INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (id INTEGER PRIMARY KEY CHECK (id = 1), turn INTEGER NOT NULL);
INSERT OR IGNORE INTO turns VALUES (1, 0);
PRAGMA user_version = {SCHEMA};
"""  # noqa: S608 - a number of ours


@dataclass(slots=True, kw_only=True)
class State:
    """All that the file holds; `turn` counts its changes, so that two who write notice each other."""

    totals: dict[Key, list[float]] = field(default_factory=dict)
    cursors: dict[str, Place] = field(default_factory=dict)
    turn: int = 0


class Store:
    """One file of SQLite; a damaged one is set aside, for the ledger holds what was counted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> State:
        """What has been counted so far."""
        try:
            return self._read()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # it is in use, or its disk is full
                raise self._told(error) from error
            log.warning("%s cannot be read (%s); totals are counted anew from the ledger", self._path, error)
            self._set_aside()
        try:
            return self._read()
        except sqlite3.Error as error:
            raise self._told(error) from error

    def save(self, state: State, totals: Mapping[Key, list[float]], cursors: Mapping[str, Place]) -> bool:
        """Write what has changed, whole or not at all; false if another process has written meanwhile."""
        rows = [(name, _text(labels), _text(numbers)) for (name, labels), numbers in totals.items()]
        try:
            with self._open() as connection:
                connection.execute("BEGIN IMMEDIATE")
                (turn,) = connection.execute("SELECT turn FROM turns").fetchone()
                if turn != state.turn:
                    connection.execute("ROLLBACK")
                    return False
                connection.executemany("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", rows)
                connection.executemany(
                    "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)",
                    [(segment, offset, over) for segment, (offset, over) in cursors.items()],
                )
                connection.execute("UPDATE turns SET turn = turn + 1")
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._told(error) from error
        state.turn += 1
        return True

    def _read(self) -> State:
        state, places = State(), {family.name: (len(family.labels), family.places) for family in FAMILIES}
        with self._open() as connection:
            connection.execute("BEGIN")
            (state.turn,) = connection.execute("SELECT turn FROM turns").fetchone()
            for segment, offset, over in connection.execute("SELECT segment, offset, over FROM cursors"):
                state.cursors[segment] = (offset, bool(over))
            for name, labels, numbers in connection.execute("SELECT family, labels, numbers FROM totals"):
                words, row = tuple(orjson.loads(labels)), orjson.loads(numbers)
                if places.get(name) == (len(words), len(row)):  # else of a version with other labels or buckets
                    state.totals[name, words] = row
        return state

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise told(self._path, error) from error
        with closing(sqlite3.connect(self._path, timeout=PATIENCE_S, isolation_level=None)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in {0, SCHEMA}:
                raise sqlite3.DatabaseError(f"schema {version}, here {SCHEMA}")
            if version == 0:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_TABLES)
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection

    def _set_aside(self) -> None:
        try:
            self._path.replace(self._path.with_name(self._path.name + ".damaged"))
            for end in ("-wal", "-shm"):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        except OSError as error:
            raise told(self._path, error) from error

    def _told(self, error: sqlite3.Error) -> StorageTrouble:
        code = (error.sqlite_errorcode if hasattr(error, "sqlite_errorcode") else 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return DiskFull(f"no room left for {self._path}", hint="free space; counting goes on by itself")
        return StorageTrouble(f"{self._path} cannot be used ({error})", hint="look after the rights to its folder")


def _text(value: object) -> str:
    return orjson.dumps(value).decode()
