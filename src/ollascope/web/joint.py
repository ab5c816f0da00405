"""What a room's web.py gets and gives: the Desk it works with, and its Pages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from flask import Blueprint

from ollascope.settings.load import Settings
from ollascope.web.api.endpoint import Endpoint
from ollascope.web.live.topic import Topic
from ollascope.words.clock import Clock

Entry = Literal["now", "history", "test", "models", "system"]
ENTRIES: dict[Entry, str] = {
    "now": "Now", "history": "History", "test": "Test", "models": "Models", "system": "System",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What pages are made from: the settings in force, and how this program is started."""

    settings: Settings
    settings_file: Path | None = None  # the one that is looked for; it may be absent
    program: tuple[str, ...] = ()  # the command line of this program, for work that is a process of its own
    clock: Clock = field(default_factory=Clock)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One page that the navigation names, under one of the five entries; the first of an entry is where it leads."""

    entry: Entry
    label: str  # in English, with a line in the catalogue
    endpoint: str  # as Flask names it: blueprint.function
    order: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """All that a room adds to the dashboard."""

    blueprint: Blueprint
    tabs: tuple[Tab, ...] = ()
    topics: tuple[Topic, ...] = ()
    api: tuple[Endpoint, ...] = ()
    start: Callable[[], None] | None = None  # called in the process that serves, before the first request
    close: Callable[[], None] | None = None  # called when that process ends


Join = Callable[[Desk], Pages]
