"""Peers measured in turns, and which of the runs may be compared."""

from collections.abc import Callable
from typing import Any

from pipe_parts.settings import Settings

Run = dict[str, Any]
Runs = dict[str, list[Run]]
FAIR = 0.97  # reads a piece: where a starved process finds several pieces in one read, each of them is too cheap


def take_turns(settings: Settings, drives: dict[str, Callable[[], Run]]) -> Runs:
    """Every peer once a round, to and fro; up to twice the rounds where others took the machine away."""
    runs: Runs = {name: [] for name in drives}
    turn = 0
    while turn < settings.rounds or (turn < 2 * settings.rounds and not _is_enough(runs)):
        for name in list(drives) if turn % 2 else list(reversed(drives)):
            runs[name].append(drives[name]())
        turn += 1
    return runs


def best(runs: list[Run], figure: Callable[[Run], float]) -> float:
    """The best of several: a shared machine can only make a fair run dearer, never cheaper."""
    return min(figure(run) for run in fair(runs) or [max(runs, key=_reads)])


def fair(runs: list[Run]) -> list[Run]:
    """The runs in which pieces arrived one by one."""
    return [run for run in runs if _reads(run) >= FAIR]


def judge(most: float, *peers: list[Run]) -> float | None:
    """The promise, if every peer had a fair run."""
    return most if all(fair(runs) for runs in peers) else None


def describe(runs: list[Run]) -> str:
    """What a reader of a figure should know of the runs behind it."""
    kept = fair(runs) or [max(runs, key=_reads)]
    kernel = min(run["kernel_cpu_s"] / run["pieces"] for run in kept)
    failed = sum(run["failed"] for run in runs)
    words = [f"{1e6 * kernel:.1f} µs of it the kernel's", f"{_reads(kept[0]):.2f} reads a piece"]
    words += [f"{len(fair(runs))} of {len(runs)} runs fair"] + ([f"{failed} FAILED"] if failed else [])
    return ", ".join(words if fair(runs) else [*words, "machine too busy to judge"])


def _reads(run: Run) -> float:
    return float(run.get("reads", 1)) / float(run.get("pieces", 1))


def _is_enough(runs: Runs) -> bool:
    return all(len(fair(taken)) >= min(2, len(taken)) for taken in runs.values())
