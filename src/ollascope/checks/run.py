"""Runs the checks beside each other, each bounded in time and none able to hide the others."""

import traceback
from collections import deque
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import cast

from ollascope.checks.finding import Finding, State, Surroundings
from ollascope.checks.limits import Checks
from ollascope.checks.table import CHECKS
from ollascope.words.errors import PackageMissing, Trouble, Unsupported

Check = Callable[[Surroundings], Finding]
Results = SimpleQueue[tuple[str, Finding]]


def run_checks(around: Surroundings, table: Mapping[str, str] = CHECKS) -> list[Finding]:
    """What every check of the table says, in the table's order; it ends even where a check does not."""
    limits = around.settings.of(Checks)
    waiting, results = deque(table), Results()
    deadlines: dict[str, float] = {}  # of the checks that run
    findings: dict[str, Finding] = {}
    while waiting or deadlines:
        while waiting and len(deadlines) < limits.workers:
            name = waiting.popleft()
            deadlines[name] = monotonic() + limits.timeout_s
            _start(name, table[name], around, results)
        for name, finding in _collect(results, deadlines, limits.timeout_s):
            deadlines.pop(name, None)
            findings.setdefault(name, finding)  # what comes after its time has its finding already
    return [findings[name] for name in table]


def run_check(name: str, path: str, around: Surroundings) -> Finding:
    """What one check says, whatever happens in it."""
    try:
        module, function = path.split(":")
        return cast("Check", vars(import_module(module))[function])(around)
    except Trouble as error:
        state: State = "unknown" if isinstance(error, Unsupported | PackageMissing) else "problem"
        return Finding(id=name, state=state, text=error.message, hint=error.hint)
    except ModuleNotFoundError as error:
        return _without_package(name, error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a bug in one check must not hide what the others say
        return _bug(name, error)


def _start(name: str, path: str, around: Surroundings, results: Results) -> None:
    work = (name, path, around, results)
    try:
        # A daemon, because the end of the program must not wait for a check that hangs.
        Thread(target=_work, args=work, name=f"check-{name}", daemon=True).start()
    except RuntimeError:  # no thread is to be had here: better without a time limit than not at all
        _work(*work)


def _work(name: str, path: str, around: Surroundings, results: Results) -> None:
    results.put((name, run_check(name, path, around)))


def _collect(results: Results, deadlines: Mapping[str, float], timeout_s: float) -> list[tuple[str, Finding]]:
    try:
        return [results.get(timeout=max(0.0, min(deadlines.values()) - monotonic()))]
    except Empty:
        return [(name, _too_slow(name, timeout_s)) for name, deadline in deadlines.items() if deadline <= monotonic()]


def _too_slow(name: str, timeout_s: float) -> Finding:
    return Finding(
        id=name,
        state="unknown",
        text=f"took longer than {timeout_s:g} s",
        hint="a disk or a network may hang; to wait longer, set checks.timeout_s",
    )


def _without_package(name: str, error: ModuleNotFoundError) -> Finding:
    package = (error.name or "").split(".")[0]
    if package in {"", "ollascope"}:
        return _bug(name, error)
    return Finding(
        id=name,
        state="problem",
        text=f"needs the Python package {package}, which is not installed",
        hint="install Ollascope again: python -m pip install --force-reinstall ollascope",
    )


def _bug(name: str, error: Exception | SystemExit) -> Finding:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Finding(
        id=name,
        state="unknown",
        text=f"this is a bug in Ollascope: {type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})",
        hint="please report this line; the other checks are not affected",
    )
