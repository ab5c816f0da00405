"""Results into the files that flags name, each in its form; `-` is standard output."""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ollascope.bench.folder import CALLS
from ollascope.bench.given.said import Said
from ollascope.bench.result import Result
from ollascope.bench.shown import csv_of, json_of, junit_of, prometheus_of, report_of
from ollascope.console.show import say
from ollascope.processes.files import trouble
from ollascope.reports.page import page
from ollascope.reports.words import Language
from ollascope.settings.files import write
from ollascope.words.errors import BadUsage

STDOUT: Final = Path("-")
FLAGS: Final = ("json", "html", "csv", "junit", "prometheus", "jsonl")


def check_outputs(said: Said) -> None:
    """What cannot be written is told before anything is measured."""
    files = [(name, path) for name in FLAGS if (path := said.path(f"{name}_file")) is not None]
    if sum(path == STDOUT for _, path in files) > 1:
        raise BadUsage("only one output can go to standard output", hint="name a file for the others")
    for name, path in files:
        if path != STDOUT and not path.absolute().parent.is_dir():
            raise BadUsage(f"--{name}: the folder of {path} is not there", hint="make it, or name another file")
        if path.is_dir():
            raise BadUsage(f"--{name}: {path} is a folder", hint="name a file")


def goes_to_stdout(said: Said) -> bool:
    """Whether standard output belongs to a program."""
    return any(said.path(f"{name}_file") == STDOUT for name in FLAGS)


def write_outputs(said: Said, results: Sequence[Result], folders: Sequence[Path], language: Language) -> list[Path]:
    """Write what was asked for; which files were written."""
    texts: dict[str, Callable[[], str]] = {
        "json": lambda: json_of(results[0]) if len(results) == 1 else _list_of(results),
        "html": lambda: page(report_of(results, language)),
        "csv": lambda: csv_of(results),
        "junit": lambda: junit_of(results),
        "prometheus": lambda: prometheus_of(results),
    }
    written = []
    for name, text in texts.items():
        path = said.path(f"{name}_file")
        if path is not None:
            _put(path, text())
            written.append(path)
    if (path := said.path("jsonl_file")) is not None:
        _put_calls(path, folders)
        written.append(path)
    return [path for path in written if path != STDOUT]


def _list_of(results: Sequence[Result]) -> str:
    return "[" + ",".join(json_of(result).rstrip() for result in results) + "]\n"


def _put(path: Path, text: str) -> None:
    if path == STDOUT:
        say(text.rstrip("\n"))
    elif _is_odd(path):  # a device or a pipe is written to, never replaced
        try:
            with path.open("w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise trouble(path, error) from error
    else:
        write(path, text, overwrite=True)


def _put_calls(path: Path, folders: Sequence[Path]) -> None:
    """Every Call of the runs, one behind the other."""
    sources = [folder / CALLS for folder in folders if (folder / CALLS).is_file()]
    if len(sources) < len(folders) or not folders:
        hint = "name runs, not files of results; a run whose disk was full has only calls-*.jsonl in its folder"
        raise BadUsage("there are no requests one by one to write", hint=hint)
    try:
        target = os.dup(1) if path == STDOUT else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(target, "wb") as out:  # noqa: PTH123 - a descriptor has no path
            for source in sources:
                with source.open("rb") as lines:
                    shutil.copyfileobj(lines, out, 1 << 20)
    except OSError as error:
        raise trouble(path, error) from error


def _is_odd(path: Path) -> bool:
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        return not stat.S_ISREG(mode)
    return False
