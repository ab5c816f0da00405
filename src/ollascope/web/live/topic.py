"""A topic: figures that change, looked at by one thread for everybody who watches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """What a viewer wants counted; whoever wants the same gets the same look."""

    everything: bool = False  # Calls of tests, probes and demos too


Values = Mapping[str, object]
Look = Callable[[Viewing], Values]
Show = Callable[[Values], Values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Figures that change.

    With a template, its blocks are the parts of the page that change: each is rendered, once a language, with what
    `show` makes of what `look` returned, and sent when its HTML is another. Words belong into `show`, since a look
    serves all languages. Without a template, `look` returns JSON, and each of its keys is a part.
    """

    name: str
    look: Look
    template: str = ""
    show: Show | None = None
    every_s: float = 1.0  # while somebody watches; longer where a look takes long
