"""The metadata of one GGUF file by key, each value checked when it is asked for."""

import re
from collections.abc import Mapping

from ollascope.registry.gguf.cursor import Cursor
from ollascope.registry.gguf.directory import Directory
from ollascope.settings.findings import shown
from ollascope.words.errors import LoadFailed

LARGEST = 2**31 - 1
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Facts:
    """What a file says of itself; ARCH in a key stands for its architecture."""

    def __init__(self, cursor: Cursor, found: Directory) -> None:
        self.cursor = cursor
        self.found = found
        self.architecture = self._architecture()

    def text(self, key: str) -> str | None:
        """A text, if there is one."""
        if key in self.found.lengths:
            raise self.cursor.broken(f"{key} is too long or no text")
        value = self.found.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self._odd(key, "a text")
        return value

    def count(self, key: str, *, least: int = 0, most: int = LARGEST) -> int | None:
        """A whole number within bounds, if there is one."""
        full = self._full(key)
        if full not in self.found.values and full not in self.found.lengths:
            return None
        return self._checked(full, self.found.values.get(full), least, most)

    def counts(self, key: str, layers: int | None) -> tuple[int, ...]:
        """A number for every layer, whether the file has one for all or a list; empty if it has none."""
        full = self._full(key)
        if full not in self.found.values and full not in self.found.lengths:
            return ()
        value = self.found.values.get(full)
        items = value if isinstance(value, tuple) else (value,) * (layers or 1)
        if layers is not None and len(items) != layers:
            raise self._odd(full, f"one number for each of {layers} layers")
        return tuple(self._checked(full, item, 0, LARGEST) for item in items)

    def need(self, values: Mapping[str, int | None]) -> None:
        """Refuse a file that does not say one of these."""
        for key, value in values.items():
            if value is None:
                raise self.cursor.broken(f"the file does not say {self._full(key)}")

    def _architecture(self) -> str:
        named = self.found.values.get("general.architecture")
        if named is None:
            raise self.cursor.broken("the file does not name its architecture")
        if not isinstance(named, str) or not _ARCHITECTURE.fullmatch(named):
            raise self.cursor.broken(f"{shown(str(named))} is no name of an architecture")
        return named

    def _full(self, key: str) -> str:
        return key.replace("ARCH", self.architecture)

    def _checked(self, key: str, value: object, least: int, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._odd(key, f"a whole number from {least:,} to {most:,}")
        return value

    def _odd(self, key: str, wanted: str) -> LoadFailed:
        return self.cursor.broken(f"{key} is not {wanted}")
