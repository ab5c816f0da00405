"""Section `logs`, and the one call with which a process starts logging."""

import io
import logging
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from ollascope.logs.drain import Drain
from ollascope.logs.form import Facts, Level, json_line, pretty_line
from ollascope.logs.reading import OllamaSource
from ollascope.logs.redact import redactor
from ollascope.logs.rotate import Keeping, LogFile
from ollascope.words.clock import Clock
from ollascope.words.setting import Secret, setting, subsection

FOLDER = "logs"
OURS = "ollascope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What is logged, where, and how long it is kept."""

    level: Level = setting("info", "the least level of our own lines; other libraries' are kept from warning on")
    console: Literal["auto", "pretty", "json", "off"] = setting(
        "auto", "lines on standard error: for people, as JSON, or none; auto is pretty on a screen and JSON elsewhere"
    )
    files: bool = setting(True, "keep log files")
    folder: Path | None = setting(None, "folder of the log files; null is logs in the data folder", kind="folder")
    rotate_mib: float = setting(10.0, "begin a new file when one has so many MiB", minimum=0.01, maximum=10_000)
    rotate_hours: float = setting(24.0, "begin a new file when one is so old", minimum=0.01)
    keep_files: int = setting(30, "keep so many ended files of each process", minimum=0)
    keep_days: float = setting(30.0, "keep ended files so many days", minimum=0)
    compress: bool = setting(True, "compress ended files with gzip")
    archive: Path | None = setting(None, "move what is no longer kept into this folder; null removes it", kind="folder")
    queue_lines: int = setting(10_000, "lines that may wait to be written; further ones are dropped and counted",
                               minimum=100, maximum=10_000_000)  # fmt: skip
    ollama: OllamaSource = subsection(OllamaSource, "the log of an Ollama, to see requests that do not come through us")


class Logging:
    """Logging that is switched on; a context manager, or `stop` at the end."""

    def __init__(self, drain: Drain, file: LogFile | None, before: tuple[int, int]) -> None:
        self._drain = drain
        self._file = file
        self._before = before

    @property
    def dropped(self) -> int:
        """Lines that did not fit the queue."""
        return self._drain.dropped

    @property
    def lost(self) -> int:
        """Lines that could not be written to the file."""
        return self._file.lost if self._file else 0

    @property
    def path(self) -> Path | None:
        """The file that is written."""
        return self._file.path if self._file else None

    def stop(self) -> None:
        """Write what is waiting and give everything back."""
        root = logging.getLogger()
        root.removeHandler(self._drain)
        self._drain.stop()
        root.setLevel(self._before[0])
        logging.getLogger(OURS).setLevel(self._before[1])
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> "Logging":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    section: Logs, name: str, data_folder: Path, secrets: Iterable[Secret] = (), stream: IO[str] | None = None,
    clock: Clock | None = None,
) -> Logging:  # fmt: skip
    """Begin to log in this process; `name` is the process's own (gateway, monitor …) and names its file.

    Call it once, after a fork and not before one: the thread that writes does not survive it.
    """
    out = stream or sys.stderr or io.StringIO()  # a service may have none
    redact = redactor(secrets)

    def complain(text: str) -> None:
        out.write(f"ollascope: {redact(text)}\n")

    file = _file(section, name, data_folder, clock or Clock()) if section.files else None
    if file is not None:
        file.complain = complain
        file.open()
    drain = Drain(_Put(file, _console(section, out), out), redact, section.queue_lines)
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    before = (root.level, ours.level)
    root.setLevel(logging.WARNING)
    ours.setLevel(section.level.upper())
    root.addHandler(drain)
    return Logging(drain, file, before)


def logs_folder(section: Logs, data_folder: Path) -> Path:
    """Where the log files lie."""
    return section.folder or data_folder / FOLDER


@dataclass(frozen=True, slots=True)
class _Put:
    """Writes facts to the file and the console; a console that has gone is no reason to stop."""

    file: LogFile | None
    console: Literal["pretty", "json", "off"]
    out: IO[str]

    def __call__(self, facts: Sequence[Facts]) -> None:
        lines = [json_line(one) for one in facts]
        if self.file is not None:
            self.file.write([line.encode("utf-8", "replace") + b"\n" for line in lines])
        if self.console == "pretty":
            lines = [pretty_line(one, colours=_is_screen(self.out)) for one in facts]
        if self.console != "off":
            try:
                self.out.write("\n".join(lines) + "\n")
                self.out.flush()
            except (OSError, ValueError):
                return


def _console(section: Logs, out: IO[str]) -> Literal["pretty", "json", "off"]:
    if section.console == "auto":
        return "pretty" if _is_screen(out) else "json"
    return section.console


def _is_screen(out: IO[str]) -> bool:
    try:
        return out.isatty()
    except ValueError:  # closed
        return False


def _file(section: Logs, name: str, data_folder: Path, clock: Clock) -> LogFile:
    keeping = Keeping(
        bytes=int(section.rotate_mib * 2**20),
        seconds=section.rotate_hours * 3600,
        files=section.keep_files,
        days=section.keep_days,
        compress=section.compress,
        archive=section.archive,
    )
    return LogFile(logs_folder(section, data_folder), name, keeping, clock)
