"""An hour of the sums per minute, or a day of the sums per hour, read into pieces."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final, Literal

from ollascope.ledger.rollups import HOUR_S, MINUTE_S, Group
from ollascope.monitor.history.piece import LOAD, SPREADS, Piece

DAY_S: Final = 86_400
LOAD_S: Final = 1.0  # shorter loads are no event

Level = Literal["minutes", "hours"]
SPAN: Final[Mapping[Level, int]] = {"minutes": MINUTE_S, "hours": HOUR_S}
LENGTH: Final[Mapping[Level, int]] = {"minutes": HOUR_S, "hours": DAY_S}  # of a unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the Calls of a piece have in common."""

    source: str
    engine: str | None
    model: str | None
    nested: bool


Pieces = dict[tuple[int, Kind], Piece]  # by when each begins
Load = tuple[int, Kind, float]


def unit_starts(level: Level, since: float, until: float) -> range:
    """The units that a stretch of time needs."""
    length = LENGTH[level]
    return range(int(since // length) * length, int(-(-until // length)) * length, length)


def read_unit(connection: Connection, groups: Mapping[int, Group], level: Level, start: int) -> Pieces:
    """One unit, all of it."""
    names = {
        number: name for number, name in connection.execute("SELECT id, name FROM metrics")
        if name in SPREADS or name == LOAD
    }  # fmt: skip
    kinds = {number: kind_of(group) for number, group in groups.items()}
    found: Pieces = {}
    query = (
        "SELECT at, grp, calls, tokens_in, tokens_out, spreads FROM cells WHERE span = ? AND at >= ? AND at < ?"
    )  # fmt: skip
    rows: Iterable[tuple[int, int, int, int | None, int | None, bytes]] = connection.execute(
        query, (SPAN[level], start, start + LENGTH[level])
    )
    for at, number, calls, tokens_in, tokens_out, blob in rows:
        if number not in kinds:  # a group that came since they were read: the next look has it
            continue
        key = at, kinds[number]
        piece = found.get(key)
        if piece is None:
            piece = found[key] = Piece()
        outcome = groups[number].word("outcome") or ""
        piece.add_cell(outcome, calls, (tokens_in, tokens_out), blob, names)
    for piece in found.values():
        piece.pack()
    return found


def coarser(pieces: Pieces, step: int) -> Pieces:
    """The same in longer pieces: a chart has few hundred, and adding up all minutes each time would take long."""
    found: Pieces = {}
    for (at, kind), piece in pieces.items():
        key = at // step * step, kind
        whole = found.get(key)
        if whole is None:
            whole = found[key] = Piece()
        whole.add(piece)
    for piece in found.values():
        piece.pack()
    return found


def loads_of(pieces: Pieces) -> list[Load]:
    """The loads of models that took long enough to be told."""
    return [(at, kind, piece.load_s) for (at, kind), piece in pieces.items() if piece.load_s >= LOAD_S]


def kind_of(group: Group) -> Kind:
    """The kind of a group."""
    return Kind(source=group.words[0], engine=group.word("engine"), model=group.word("model"), nested=group.nested)
