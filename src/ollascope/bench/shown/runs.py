"""The runs that lie in the data folder: listed, whatever state they are in, and found by what a person types."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import orjson

from ollascope.bench import folder as names
from ollascope.bench.asked import Asked
from ollascope.bench.result import Judgement, Result
from ollascope.bench.shown.document import result_of
from ollascope.bench.shown.told import load_text
from ollascope.settings.files import read
from ollascope.settings.findings import printable
from ollascope.words.errors import BadSettings, BadUsage, RecordInvalid, Trouble
from ollascope.words.record import Json, from_json

State = Literal["ended", "partial", "running", "stopped", "broken"]

LARGEST: Final = 256 * 2**20  # bytes of a result
LARGEST_NOTE: Final = 16 * 2**20  # of any other file of a run
LAST: Final = "last"
HEAVY: Final = frozenset({"slices", "readings", "cdf", "parts", "machine"})  # what a list does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of `bench list`; a run without a Result has no figures."""

    id: str
    folder: Path
    state: State  # stopped: it ended without a Result, `bench resume` takes it up; broken: `text` says what is wrong
    started_at: float | None = None
    name: str | None = None
    url: str | None = None
    model: str | None = None
    load: str = ""
    verdict: Judgement | None = None
    ttft_p50_s: float | None = None
    ttft_p95_s: float | None = None
    requests_per_s: float | None = None
    demo: bool = False
    text: str = ""


def runs(data_folder: Path, is_held: Callable[[Path], bool]) -> list[Listed]:
    """Every run, the latest first; one that cannot be read says so. `is_held`: whether a process writes a run now."""
    found = [_listed(folder, is_held) for folder in _folders(names.results(data_folder))]
    return sorted(found, key=lambda one: (one.started_at or 0.0, one.id), reverse=True)


def find(data_folder: Path, text: str) -> Path:
    """The folder of a run, or a result's file: by id, its unique beginning, `last`, or a path."""
    folders = {folder.name: folder for folder in _folders(names.results(data_folder))}
    if text == LAST:
        return _last(data_folder)
    if text in folders:
        return folders[text]
    begun = [name for name in folders if name.startswith(text)] if text else []
    if len(begun) == 1:
        return folders[begun[0]]
    if len(begun) > 1:
        raise BadUsage(f"{len(begun)} runs begin with {printable(text)!r}", hint=_names("they are", sorted(begun)))
    return _path(text, folders)


def result_at(path: Path) -> Result:
    """The Result that lies at a place that `find` told; RecordInvalid where it is none, or not there yet."""
    file = path / names.RESULT if path.is_dir() else path
    if path.is_dir() and not file.exists():
        hint = f"`ollascope bench resume {printable(path.name)}` takes it up, and makes a result of what is there"
        raise RecordInvalid(f"the run {printable(path.name)} has no result yet", hint=hint)
    told = _json(file, LARGEST)
    try:
        return result_of(told)
    except RecordInvalid as error:
        raise RecordInvalid(f"{printable(str(file))}: {error.message}", hint=error.hint) from error


def listing(found: list[Listed]) -> list[dict[str, Json]]:
    """The list for a program."""
    return [
        {"id": one.id, "folder": str(one.folder), "state": one.state, "started_at": one.started_at, "name": one.name,
         "url": one.url, "model": one.model, "load": one.load, "verdict": one.verdict, "ttft_p50_s": one.ttft_p50_s,
         "ttft_p95_s": one.ttft_p95_s, "requests_per_s": one.requests_per_s, "demo": one.demo, "text": one.text}
        for one in found
    ]  # fmt: skip


def _folders(place: Path) -> list[Path]:
    try:
        return [one for one in place.iterdir() if one.is_dir() and not one.name.startswith(".")]
    except OSError:
        return []


def _listed(folder: Path, is_held: Callable[[Path], bool]) -> Listed:
    try:
        if is_held(folder):
            return _unended(folder, "running")
        return _ended(folder) if (folder / names.RESULT).exists() else _unended(folder, "stopped")
    except Trouble as error:
        return Listed(id=folder.name, folder=folder, state="broken", started_at=_began(folder), text=error.message)


def _ended(folder: Path) -> Listed:
    told = _json(folder / names.RESULT, LARGEST)
    light = {key: value for key, value in told.items() if key not in HEAVY} if isinstance(told, Mapping) else told
    result = result_of(light)
    ttft = result.metrics.get("ttft_s")
    return Listed(
        id=folder.name, folder=folder, state="partial" if result.partial else "ended", started_at=result.started_at,
        name=result.asked.name, url=result.asked.target.url, model=result.asked.target.model,
        load=load_text(result.asked), verdict=result.verdict, ttft_p50_s=ttft.p50 if ttft else None,
        ttft_p95_s=ttft.p95 if ttft else None, requests_per_s=result.throughput.requests_per_s, demo=result.demo,
    )  # fmt: skip


def _unended(folder: Path, state: State) -> Listed:
    asked = from_json(Asked, _json(folder / names.ASKED, LARGEST_NOTE))
    return Listed(
        id=folder.name, folder=folder, state=state, started_at=_began(folder),
        name=asked.name, url=asked.target.url, model=asked.target.model, load=load_text(asked),
    )  # fmt: skip


def _began(folder: Path) -> float | None:
    """When what was asked was written down, which nobody changes afterwards."""
    return _written(folder / names.ASKED) or _written(folder)


def _written(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _json(path: Path, largest: int) -> object:
    try:
        return orjson.loads(read(path, largest=largest))
    except BadSettings as error:
        raise RecordInvalid(f"{printable(str(path))}: {error.message}", hint=error.hint) from error
    except orjson.JSONDecodeError as error:
        hint = "the file was cut or changed; `ollascope bench resume` makes a new one from the run's Calls"
        raise RecordInvalid(f"{printable(str(path))}: not JSON ({error})", hint=hint) from error


def _last(data_folder: Path) -> Path:
    folders = _folders(names.results(data_folder))
    if not folders:
        raise BadUsage("there is no run yet", hint="`ollascope quick` or `ollascope bench run` makes one")
    return max(folders, key=lambda one: (_began(one) or 0.0, one.name))


def _path(text: str, folders: Mapping[str, Path]) -> Path:
    path = Path(text)
    if text and _is_there(path):
        return path
    near = difflib.get_close_matches(text, folders, n=3, cutoff=0.6)
    hint = _names("near it are", near) if near else "`ollascope bench list` shows all; `last` is the latest"
    raise BadUsage(f"there is no run and no file {printable(text)!r}", hint=hint)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _names(start: str, found: Iterable[str]) -> str:
    listed = list(found)
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return f"{start} {', '.join(map(printable, listed[:5]))}{more}"
