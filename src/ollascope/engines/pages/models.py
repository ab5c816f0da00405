"""The models of the server in force as all pages show them, each thing asked once; and orders about them."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from ollascope.apis.models import Card
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.pages.files import About, Files, GgufFile
from ollascope.engines.pages.fitting import Fitted, Reckon, Room, fit, read_room
from ollascope.engines.pages.known import Keep, Known
from ollascope.engines.pages.making import Stock, Wish, check_name, order_of_pull, order_of_wish
from ollascope.engines.pages.reached import Doorway, Reached
from ollascope.engines.pages.rows import MOST_ROWS, MemoryRow, Row, memory_row, rows_of
from ollascope.engines.pages.shelf import Shelf, Shelves, matching
from ollascope.engines.pages.speeds import Point, Span, Speeds
from ollascope.engines.pages.works import Work, Works, load, unload
from ollascope.engines.shown.lists import Listed
from ollascope.words.errors import BadUsage, Trouble

FOLDER: Final = "models"  # of GGUF files, in the data folder
ROOT: Final = Path("/")
SHELF_S, SPEEDS_S, ROOM_S, FILES_S = 2.0, 120.0, 5.0, 10.0
MOST_HISTORIES: Final = 32
FIRST_WAIT_S: Final = 0.15  # that a page waits for what is not known yet
WAIT_S: Final = 1.0  # the same where a page is of no use without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is handed in from elsewhere."""

    keep: Keep
    about: Callable[[Path], About]  # what a GGUF file says of itself
    reckon: Reckon  # the memory that a model needs
    is_demo: Callable[[str, str], bool]  # a model of an engine
    lately: Callable[[bool], Mapping[str, Point]]  # the speed of each, with ours and demos or without
    history: Callable[[str, Span, bool], Speeds]  # the same of one model over time


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What changes while a page is looked at."""

    works: tuple[Work, ...]
    shelf: Shelf | None = None
    rows: tuple[Row, ...] = ()
    count: int = 0
    memory: tuple[MemoryRow, ...] = ()


class Models:
    """What all pages about models know, and the orders that they give."""

    def __init__(self, doorway: Doorway, data: Path, given: Given) -> None:
        keep = given.keep
        self.looking = Reached(doorway.open_quick, doorway.leave)
        self.works = Works(doorway.open, doorway.leave)
        self.shelf: Known[Shelf] = keep("models", self._look, SHELF_S)
        self.files: Known[tuple[GgufFile, ...]] = keep(
            "files", Files(folder=data / FOLDER, read=given.about).list, FILES_S
        )
        self._given = given
        self._shelves = Shelves()
        self._seen_ended = 0
        self._room: Known[Room] = keep("room", partial(read_room, ROOT), ROOM_S)
        self._speeds = {
            everything: keep(f"speeds-{everything}", partial(given.lately, everything), SPEEDS_S)
            for everything in (False, True)
        }
        self._lock = threading.Lock()
        self._histories: dict[tuple[str, Span, bool], Known[Speeds]] = {}

    def start(self) -> None:
        """Begin to look, before the first viewer comes."""
        self.shelf.read()
        self._room.read()

    def close(self) -> None:
        """End what is on its way, and give everything back."""
        self.works.close()
        self.looking.close()

    def scene(self, everything: bool) -> Scene:
        """What is on the way, and what the server has and holds in memory."""
        if self.works.ended != self._seen_ended:
            self._seen_ended = self.works.ended
            self.shelf.forget()
        shelf = self.shelf.read(FIRST_WAIT_S)
        if shelf is None:
            return Scene(works=self.works.list())
        models = shelf.models or ()
        return Scene(
            shelf=shelf, works=self.works.list(), count=len(models),
            rows=self._rows(shelf, models[:MOST_ROWS], everything),
            memory=tuple(memory_row(one, partial(self.is_demo, shelf)) for one in shelf.loaded or ()),
        )  # fmt: skip

    def find(self, text: str, everything: bool) -> tuple[int, tuple[Row, ...]]:
        """How many models a search finds, and the first of them."""
        shelf = self.shelf.read(FIRST_WAIT_S)
        if shelf is None:
            return 0, ()
        found = matching(shelf.models or (), text)
        return len(found), self._rows(shelf, found[:MOST_ROWS], everything)

    def is_demo(self, shelf: Shelf | None, name: str) -> bool:
        """Whether figures of this model are a demo's."""
        return self._given.is_demo(name, shelf.engine if shelf else "")

    def card(self, name: str) -> Card:
        """All that the server tells of one model."""
        check_name(name)
        with self.looking.use() as engine:
            return engine.show(name)

    def fit(self, shelf: Shelf | None, name: str, card: Card) -> Fitted:
        """The need of a model at each context; the machine is known only where the server runs on it."""
        room = self._room.read(WAIT_S) if shelf and shelf.here else None
        found, held = (shelf.find(name), shelf.find_loaded(name)) if shelf else (None, None)
        if room is not None and held is not None:  # what it takes itself is free for it
            room = room.without(held.size_bytes or 0, held.gpu_ratio or 0.0)
        return fit(card, found.size_bytes if found else None, room, self._given.reckon)

    def history(self, name: str, span: Span, everything: bool, wait_s: float) -> Speeds | None:
        """How fast a model was; None while many records are still being summed."""
        key, histories = (bare_name(name), span, everything), self._histories
        with self._lock:
            kept = histories.pop(key, None) or self._given.keep("history", partial(self._given.history, *key), SPEEDS_S)
            histories[key] = kept
            for old in list(histories)[:-MOST_HISTORIES]:
                del histories[old]
        return kept.read(wait_s)

    def pull(self, name: str) -> str:
        """Get a model from its registry; the number of the order."""
        order = order_of_pull(name.strip())
        return self.works.begin("pull", order.model, lambda engine: engine.pull(order))

    def load(self, name: str, context: int | None) -> str:
        """Have a model in memory; the number of the order."""
        check_name(name)
        return self.works.begin("load", name, lambda engine: load(engine, name, context))

    def unload(self, name: str) -> str:
        """Have it leave memory; the number of the order."""
        check_name(name)
        return self.works.begin("unload", name, lambda engine: unload(engine, name))

    def create(self, wish: Wish) -> str:
        """Make a model; the number of the order."""
        order = order_of_wish(wish, self._stock())
        return self.works.begin("create", order.model, lambda engine: engine.create(order))

    def copy(self, source: str, name: str) -> None:
        """Give a model one more name."""
        check_name(name)
        with self.looking.use() as engine:
            engine.copy(source, name)
        self.shelf.forget()

    def delete(self, name: str, typed: str) -> None:
        """Remove a model whose name was typed."""
        if typed != name:
            raise BadUsage("the name that was typed is another", hint=f"type {name} to remove it")
        with self.looking.use() as engine:
            engine.delete(name)
        self.shelf.forget()

    def _rows(self, shelf: Shelf, models: Iterable[Listed], everything: bool) -> tuple[Row, ...]:
        speeds = self._speeds[everything].read() or {}
        return tuple(rows_of(shelf, models, speeds, partial(self.is_demo, shelf)))

    def _stock(self) -> Stock:
        with self.looking.use() as engine:
            names = [model.name for model in engine.models()]
        return Stock(models=names, files={file.name: file.path for file in self.files.read(WAIT_S) or ()})

    def _look(self) -> Shelf:
        try:
            with self.looking.use() as engine:
                return self._shelves.look(engine)
        except Trouble as trouble:
            return Shelf(trouble=trouble.message, hint=trouble.hint)
