"""What the lists of models show: a row for each model, and for each that is in memory."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.ollama.state import Loaded, instant_of
from ollascope.engines.pages.shelf import Shelf, known_names
from ollascope.engines.pages.speeds import Point
from ollascope.engines.shown.lists import Listed

MOST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model of the list; None is not known."""

    model: Listed
    demo: bool
    in_memory: bool
    speed: Point | None = None  # of the last days

    @property
    def name(self) -> str:
        return self.model.name


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRow:
    """One model in memory."""

    name: str
    demo: bool
    size_bytes: int | None
    gpu_ratio: float | None
    context: int | None
    until: float | None
    stays: bool
    parallel: int | None


def rows_of(
    shelf: Shelf, models: Iterable[Listed], speeds: Mapping[str, Point], is_demo: Callable[[str], bool]
) -> list[Row]:
    """A row for each of these models."""
    chosen = list(models)
    known = known_names(speeds, [one.name for one in chosen])
    held = {bare_name(one.name) for one in shelf.loaded or ()}
    return [
        Row(
            model=one, demo=is_demo(one.name), in_memory=bare_name(one.name) in held,
            speed=speeds[known[one.name]] if one.name in known else None,
        )
        for one in chosen
    ]  # fmt: skip


def memory_row(one: Loaded, is_demo: Callable[[str], bool]) -> MemoryRow:
    """A model in memory: how much of it where, and how long it stays."""
    stays = one.expires_s is not None and math.isinf(one.expires_s)
    return MemoryRow(
        name=one.name, demo=is_demo(one.name), size_bytes=one.size_bytes, gpu_ratio=one.gpu_ratio,
        context=one.context, until=None if stays else instant_of(one.expires_at), stays=stays, parallel=one.parallel,
    )  # fmt: skip
