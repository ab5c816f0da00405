"""One map of a rules file, read key by key; what is wrong is told with its line and the default taken."""

import re
from dataclasses import dataclass
from pathlib import Path

from ollascope.monitor.measures import read_duration
from ollascope.settings.document import Branch, Leaf, Node, Row
from ollascope.settings.findings import Mistakes, Origin, nearest, shown
from ollascope.words.errors import BadSettings

NAME = re.compile(r"[A-Za-z][\w.-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The file that is read, and the mistakes found in it."""

    name: str
    base: Path
    mistakes: Mistakes

    def add(self, line: int, what: str, hint: str) -> None:
        """Note a mistake on that line."""
        self.mistakes.add(Origin(layer="file", name=self.name, line=line), what, hint)


class Reader:
    """A map under the name of what it describes."""

    def __init__(self, branch: Branch, what: str, place: Place) -> None:
        self.branch = branch
        self.what = what
        self.place = place
        self._pairs = {pair.key: pair for pair in branch.pairs}

    def know(self, *keys: str) -> None:
        """Tell every key that is none of these."""
        for pair in self.branch.pairs:
            if pair.key not in keys:
                self.place.add(pair.line, f"unknown key {shown(pair.key)}", nearest(pair.key, keys))

    def has(self, key: str) -> bool:
        """Whether the key stands there with something under it."""
        node = self._node(key)
        return node is not None and not (isinstance(node, Leaf) and node.empty)

    def line(self, key: str = "") -> int:
        """The line of a key, or of the map."""
        pair = self._pairs.get(key)
        return pair.line if pair else self.branch.line

    def text(self, key: str, usual: str = "") -> str:
        """A text."""
        node = self._node(key)
        if node is None or (isinstance(node, Leaf) and node.broken):
            return usual
        if not isinstance(node, Leaf):
            self.wrong(key, "is a list or map", f"write one text after `{key}:`")
            return usual
        return usual if node.empty else node.text.strip()

    def name(self) -> str:
        """The name that everything here has."""
        found = self.text("name")
        if not NAME.fullmatch(found):
            self.wrong("name", f"{self.what} has no usable name: {shown(found)}" if found else "has no name",
                       "name it with letters, digits, - and _")  # fmt: skip
        return found

    def choice(self, key: str, choices: tuple[str, ...], usual: str) -> str:
        """One of some words."""
        found = self.text(key, usual)
        if found in choices or found == usual:
            return found
        self.wrong(key, f"{shown(found)} is not one of {', '.join(choices)}", nearest(found, choices))
        return usual

    def duration(self, key: str, usual: float) -> float:
        """A length of time in seconds."""
        if not self.has(key):
            return usual
        try:
            return read_duration(self.text(key))
        except BadSettings as error:
            self.wrong(key, error.message, error.hint)
            return usual

    def whole(self, key: str, usual: int, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number."""
        found = self.text(key, str(usual))
        if re.fullmatch(r"\d{1,9}", found) and least <= int(found) <= most:
            return int(found)
        self.wrong(key, f"{shown(found)} is no whole number from {least} to {most}", f"write `{key}: {usual}`")
        return usual

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        node = self._node(key)
        if isinstance(node, Row):
            if any(not isinstance(item, Leaf) for item in node.items):
                self.wrong(key, "is a list of something else than texts", "write texts")
            return tuple(item.text for item in node.items if isinstance(item, Leaf))
        return (self.text(key),) if self.has(key) else ()

    def words(self, key: str) -> dict[str, str]:
        """A map of texts."""
        branch = self.branch_under(key)
        if branch is None:
            return {}
        inner = Reader(branch, key, self.place)
        return {pair.key: inner.text(pair.key) for pair in branch.pairs}

    def path(self, key: str) -> Path | None:
        """A path; a relative one starts at the folder of the rules file."""
        found = self.text(key)
        return (self.place.base / Path(found).expanduser()).absolute() if found else None

    def branch_under(self, key: str) -> Branch | None:
        """The map under a key, with a mistake told where it is none."""
        node = self._node(key)
        if node is None or isinstance(node, Branch):
            return node
        if not (isinstance(node, Leaf) and (node.empty or node.broken)):
            self.wrong(key, "is no map", f"write `key: value` lines under `{key}:`")
        return None

    def branches(self, key: str) -> list[Branch]:
        """The maps of a list."""
        node = self._node(key)
        if node is None or (isinstance(node, Leaf) and (node.empty or node.broken)):
            return []
        if not isinstance(node, Row):
            self.wrong(key, "is no list", "begin each entry with `- name:`")
            return []
        for item in node.items:
            if not isinstance(item, Branch):
                self.place.add(item.line, f"an entry of {key} is no map", "begin it with `- name:`")
        return [item for item in node.items if isinstance(item, Branch)]

    def wrong(self, key: str, what: str, hint: str) -> None:
        """Note a mistake about the value of a key."""
        self.place.add(self.line(key), f"{key}: {what}" if key else what, hint)

    def _node(self, key: str) -> Node | None:
        pair = self._pairs.get(key)
        return pair.node if pair else None
