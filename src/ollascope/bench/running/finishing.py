"""The end of a run: its files are put together, reckoned and reported; a full disk loses the files, not the result."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ollascope.bench import folder as names
from ollascope.bench.about import About
from ollascope.bench.measuring import gather, reckon
from ollascope.bench.recording import record
from ollascope.bench.result import Result
from ollascope.bench.running.merging import merge
from ollascope.bench.running.place import save, save_bytes
from ollascope.bench.running.preparing import run_of
from ollascope.bench.running.stand import Stand
from ollascope.bench.shown import report_of
from ollascope.bench.shown.document import json_of
from ollascope.reports.page import save_page
from ollascope.words.errors import StorageTrouble
from ollascope.words.run import Run


def finish(folder: Path, about: About, stand: Stand) -> Result:
    """The Result, kept in the folder as far as there is room."""
    troubles: list[StorageTrouble] = []

    def keep(write: Callable[[], None]) -> None:
        try:
            write()
        except StorageTrouble as found:
            troubles.append(found)

    keep(lambda: save(folder / names.ABOUT, about))
    keep(lambda: merge(folder))
    result = reckon(replace(gather(folder), about=about))
    keep(lambda: save_bytes(folder / names.RESULT, json_of(result).encode()))
    keep(lambda: save(folder / names.RUN, _ended(result)))
    keep(lambda: save_page(report_of([result], stand.language), folder / names.REPORT))
    keep(lambda: record(folder, stand.data, stand.ledger))
    (folder / names.LIVE).unlink(missing_ok=True)
    if troubles:
        stand.listener.failed(troubles[0])
    return result


def _ended(result: Result) -> Run:
    return replace(
        run_of(result.asked, result.run, result.started_at),
        ended_at=result.ended_at,
        verdict=result.verdict,
        reasons=tuple(reason.code for reason in result.reasons),
        versions=result.versions,
        machine=result.machine,
    )
