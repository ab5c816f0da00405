"""Sums per minute and hour in SQLite: counts, sums and sketches that merge, so percentiles are never averaged."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from urllib.parse import quote

from ollascope.ledger.segment import told
from ollascope.ledger.select import DIMENSIONS, Counted
from ollascope.stats.packed import merged
from ollascope.words.errors import DiskFull, FolderUnusable, RecordInvalid, StorageTrouble

FILE = "rollups.sqlite3"
SCHEMA = 1
MINUTE_S, HOUR_S = 60, 3600
PATIENCE_S = 30.0  # for another process that writes

_TABLES = """
CREATE TABLE IF NOT EXISTS metrics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS groups (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL, engine TEXT NOT NULL, backend TEXT NOT NULL, model TEXT NOT NULL, outcome TEXT NOT NULL,
    arm TEXT NOT NULL, key_id TEXT NOT NULL, nested INTEGER NOT NULL,
    UNIQUE (source, engine, backend, model, outcome, arm, key_id, nested)
);
CREATE TABLE IF NOT EXISTS cells (
    span INTEGER, at INTEGER, grp INTEGER,
    calls INTEGER NOT NULL, tokens_in INTEGER, tokens_cached INTEGER, tokens_out INTEGER, spreads BLOB NOT NULL,
    PRIMARY KEY (span, at, grp)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
    segment TEXT PRIMARY KEY, day TEXT NOT NULL, offset INTEGER NOT NULL, over INTEGER NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What Calls are summed by; an empty word means that the Call has none."""

    words: tuple[str, ...]
    nested: bool

    def word(self, dimension: str) -> str | None:
        return self.words[DIMENSIONS.index(dimension)] or None

    def is_meant(self, wanted: Mapping[str, str], counted: Counted) -> bool:
        """Whether it has the wanted words and counts."""
        if any(self.word(name) != word for name, word in wanted.items()):
            return False
        return counted.holds(self.words[0], self.word("model"), self.nested, self.word("engine"))


@contextmanager
def open_rollups(ledger: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """The file of sums; for reading it need not be writable, for writing it is made where it is not there."""
    path = ledger / FILE
    try:
        connection = _writable(path) if write else _readable(path)
    except sqlite3.Error as error:
        raise _told(path, error) from error
    except OSError as error:
        raise told(path, error) from error
    try:
        yield connection
    except sqlite3.Error as error:
        raise _told(path, error) from error
    finally:
        connection.close()


def has_rollups(ledger: Path) -> bool:
    """Whether anything has been summed yet."""
    return (ledger / FILE).exists()


def discard(ledger: Path) -> None:
    """Remove the sums altogether, as where the file is damaged."""
    for end in ("", "-wal", "-shm"):
        (ledger / (FILE + end)).unlink(missing_ok=True)


def every_group(connection: sqlite3.Connection) -> dict[int, Group]:
    """Every group by its number."""
    rows = connection.execute(
        "SELECT id, nested, source, engine, backend, model, outcome, arm, key_id FROM groups"
    )  # fmt: skip
    return {number: Group(words=tuple(words), nested=bool(nested)) for number, nested, *words in rows}


def _writable(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _begin(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.create_function("merged", 2, merged, deterministic=True)
        _refuse_other_schema(connection, path)
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
    except (sqlite3.Error, RecordInvalid):
        connection.close()
        raise
    return connection


def _begin(path: Path) -> None:
    """Put the file there with its tables in it: who reads meanwhile finds no file or a whole one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}")
    try:
        os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(beside, isolation_level=None)) as connection:
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        with suppress(OSError):  # another was faster, or the disk knows no links: then it grows in its place
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _readable(path: Path) -> sqlite3.Connection:
    """For reading; a folder that is read-only has no place for SQLite's own files, so the file is taken as it is."""
    try:
        return _reading(path, "mode=ro")
    except sqlite3.OperationalError:
        if os.access(path.parent, os.W_OK) or not path.exists():
            raise
        return _reading(path, "mode=ro&immutable=1")


def _reading(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, timeout=PATIENCE_S, isolation_level=None
    )  # fmt: skip
    try:
        _refuse_other_schema(connection, path)
        connection.execute("SELECT 1 FROM groups LIMIT 1")
    except (sqlite3.Error, RecordInvalid):
        connection.close()
        raise
    return connection


def _refuse_other_schema(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in {0, SCHEMA}:
        raise RecordInvalid(
            f"{path} was written by another version of Ollascope (schema {version}, here {SCHEMA})",
            hint="`ollascope ledger rebuild` makes it anew from the Calls",
        )


def _told(path: Path, error: sqlite3.Error) -> StorageTrouble:
    code = (error.sqlite_errorcode if hasattr(error, "sqlite_errorcode") else 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"no room left for {path}", hint="free space, or let `ollascope ledger compact` make some")
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return FolderUnusable(f"{path} cannot be opened ({error})", hint="look after the rights to the folder")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return RecordInvalid(
            f"{path} is damaged ({error})", hint="`ollascope ledger rebuild` makes it anew from the Calls"
        )
    return StorageTrouble(f"{path} cannot be used ({error})", hint="`ollascope ledger rebuild` makes it anew")
