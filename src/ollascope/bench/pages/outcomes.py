"""What came of a test: the Result of a run, several side by side, and the answer of a quick look."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson

from ollascope.bench import folder as names
from ollascope.bench.asked import Asked
from ollascope.bench.measuring import gather, reckon
from ollascope.bench.quick import answer
from ollascope.bench.result import Result, Tail
from ollascope.bench.running.place import ALLOWED, held
from ollascope.bench.running.resuming import read_asked
from ollascope.bench.shown import report_of, result_at
from ollascope.bench.shown.report import NO_PROOF
from ollascope.reports.parts import Part, Report, Text
from ollascope.reports.words import Language, word
from ollascope.words.errors import BadUsage, RecordInvalid, Trouble

MOST_SIDE_BY_SIDE: Final = 6
LARGEST: Final = 4 << 20  # bytes of Calls from which a page reckons what a killed run left


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """What a quick look left: its runs, and what its warm-up told."""

    results: tuple[Result, ...]
    warm: Result


def folder_of(data: Path, run: str) -> Path | None:
    """The folder of a run; nothing else in the data folder is reached by any name."""
    folder = names.results(data) / run
    if not ALLOWED.fullmatch(run) or folder.is_symlink() or not folder.is_dir():
        return None
    return folder


def result_in(folder: Path) -> Result | None:
    """The Result of a run, or of what a killed one left if that is soon reckoned; none where there is nothing."""
    if (folder / names.RESULT).exists():
        return result_at(folder)
    size = sum(path.stat().st_size for path in folder.glob(names.CALLS.replace(".", "*.")))
    if not 0 < size <= LARGEST:
        return None
    return reckon(gather(folder))


def asked_in(folder: Path) -> Asked | None:
    """What was asked of a run, where that can be read."""
    try:
        return read_asked(folder)
    except Trouble:
        return None


def side_by_side(data: Path, runs: Sequence[str], language: Language) -> tuple[Report, str]:
    """The report of several runs without its warning, and the warning."""
    wanted = list(dict.fromkeys(run for run in runs if run))
    if not 2 <= len(wanted) <= MOST_SIDE_BY_SIDE:
        raise BadUsage(
            f"{len(wanted)} runs cannot stand side by side", hint=f"choose 2 to {MOST_SIDE_BY_SIDE} of the list"
        )
    report = report_of([_result(data, run) for run in wanted], language)
    warning = word(NO_PROOF, language)
    return replace(report, parts=[part for part in report.parts if not _is(part, warning)]), warning


def quick_of(data: Path, said: bytes) -> Quick | None:
    """The answer of a quick look from what it printed and the runs that it left; none where they are gone."""
    try:
        told = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    runs = told.get("runs") if isinstance(told, Mapping) else None
    if not isinstance(runs, list):
        return None
    folders = [folder_of(data, str(one.get("run"))) for one in runs if isinstance(one, Mapping)]
    try:
        results = tuple(result_at(folder) for folder in folders if folder is not None)
    except RecordInvalid:
        return None
    if not results:
        return None
    warmed = told.get("warm_up_s")
    metrics = {"total_s": Tail(n=1, max=float(warmed))} if isinstance(warmed, int | float) else {}
    return Quick(results=results, warm=replace(results[0], metrics=metrics, demo=bool(told.get("demo"))))


def model_of(said: bytes) -> str:
    """Whom a quick look asked, by what it printed; empty where that cannot be told."""
    try:
        told = orjson.loads(said)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("model") or "") if isinstance(told, Mapping) else ""


def quick_report(quick: Quick, language: Language) -> Report:
    """What it says, as `ollascope quick` says it."""
    return answer(quick.results, quick.warm, language)


def delete(folder: Path) -> None:
    """Remove a run that nobody carries out."""
    with held(folder):
        shutil.rmtree(folder)


def _result(data: Path, run: str) -> Result:
    folder = folder_of(data, run)
    found = result_in(folder) if folder is not None else None
    if found is None:
        raise BadUsage(f"there is no result of a run {run[:100]!r}", hint="choose runs of the list that have ended")
    return found


def _is(part: Part, line: str) -> bool:
    return isinstance(part, Text) and list(part.lines) == [line]
