"""The journal of a service, line by line, through a `journalctl` that is ended with us."""

import json
import os
import selectors
import subprocess
from collections.abc import Sequence

from ollascope.logs.follow import LONGEST_LINE, Entry
from ollascope.words.errors import Unsupported

PATIENCE_S = 2.0
ONE_READ = 1 << 20


class Journal:
    """Reads what a unit writes; a `where` of an earlier entry begins at that entry again."""

    def __init__(self, unit: str, where: str | None = None, program: Sequence[str] = ("journalctl",)) -> None:
        start = [f"--cursor={where}"] if where else ["--lines=0"]
        command = [*program, f"--unit={unit}", "--follow", "--output=json", "--no-pager", "--quiet", *start]
        try:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL)  # fmt: skip
        except OSError as error:
            hint = "name the server's log file instead; this system has no journal"
            raise Unsupported(f"{command[0]} cannot be started: {error.strerror}", hint=hint) from error
        assert self._child.stdout is not None
        self._out = self._child.stdout.fileno()
        os.set_blocking(self._out, False)
        self._chosen = selectors.DefaultSelector()
        self._chosen.register(self._out, selectors.EVENT_READ)
        self._rest = b""
        self._skips = False

    @property
    def ended(self) -> bool:
        """The child is gone, so nothing more will come."""
        return self._child.poll() is not None

    def read(self, timeout_s: float = 0.0) -> list[Entry]:
        """The entries that came, waiting at most so long for the first."""
        if not self._chosen.select(timeout_s):
            return []
        try:
            data = os.read(self._out, ONE_READ)
        except BlockingIOError:
            return []
        if not data:
            return []
        *lines, rest = (self._rest + data).split(b"\n")
        kept = lines[1:] if self._skips and lines else lines
        self._skips = self._skips and not lines
        if len(rest) > 4 * LONGEST_LINE:
            rest, self._skips = b"", True
        self._rest = rest
        found = [parse_entry(line) for line in kept]
        return [entry for entry in found if entry is not None]

    def close(self) -> None:
        """End the child and wait for it."""
        self._chosen.close()
        self._child.terminate()
        try:
            self._child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()


def parse_entry(line: bytes) -> Entry | None:
    """One entry of `journalctl --output=json`; what is not UTF-8 comes as a list of bytes."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    said, cursor, micros = data.get("MESSAGE"), data.get("__CURSOR"), data.get("__REALTIME_TIMESTAMP")
    if isinstance(said, list) and all(isinstance(part, int) and 0 <= part < 256 for part in said):
        said = bytes(said).decode("utf-8", "replace")
    if not isinstance(said, str) or not isinstance(cursor, str):
        return None
    at = int(micros) / 1e6 if isinstance(micros, str) and micros.isdecimal() and len(micros) < 20 else None
    return Entry(text=said, where=cursor, at=at)
