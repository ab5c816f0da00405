"""A run that was broken off goes on: every shot that has no Call is sent, on the same time axis."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from ollascope.bench import folder as names
from ollascope.bench.about import About, Stretch
from ollascope.bench.asked import Asked
from ollascope.bench.result import Result
from ollascope.bench.running.carrying import measure, tell_others
from ollascope.bench.running.course import first_standing
from ollascope.bench.running.finishing import finish
from ollascope.bench.running.merging import shots, unmerge
from ollascope.bench.running.place import held, try_save
from ollascope.bench.running.preparing import Ready, check, prepare
from ollascope.bench.running.stand import Stand
from ollascope.bench.running.standing import end_of, total_of
from ollascope.bench.running.target import opened, reach
from ollascope.bench.schedule import Schedule
from ollascope.bench.shown.runs import result_at
from ollascope.words.errors import BadUsage, RecordInvalid
from ollascope.words.record import from_json

HINT = "name a run of `ollascope bench list`"


def take_up(folder: Path, stand: Stand) -> Result:
    """Go on with a run that was killed or interrupted; one that has ended gives its Result."""
    with held(folder):
        asked, about = read_asked(folder), read_about(folder)
        if not about.partial and (folder / names.RESULT).exists():
            stand.listener.told(f"the run {folder.name} has ended; there is nothing to take up")
            return result_at(folder)
        check(asked)
        with opened(asked, stand.key, stand.engines) as engine:
            looked = reach(engine, asked)
            tell_others(stand, but=folder.name)
            try_save(folder / names.LIVE, first_standing(folder.name, stand.clock.wall(), "preparing"))
            try:
                fresh = prepare(asked, folder, engine, looked, stand)
                _open_again(folder)
                ready = _going_on(fresh, about)
                if ready is not None:
                    return measure(ready, engine, stand)
            finally:
                (folder / names.LIVE).unlink(missing_ok=True)
        stand.listener.told(f"everything that the run {folder.name} was asked for is there")
        return finish(folder, replace(about, partial=False, cut_by="asked"), stand)


def _open_again(folder: Path) -> None:
    """Its Calls can be added to, and what came of it up to now is no result any more."""
    unmerge(folder)
    for name in (names.RESULT, names.REPORT):
        (folder / name).unlink(missing_ok=True)


def read_asked(folder: Path) -> Asked:
    """What was asked of a run."""
    return from_json(Asked, _facts(folder / names.ASKED))


def read_about(folder: Path) -> About:
    """What the run itself has told so far."""
    return from_json(About, _facts(folder / names.ABOUT))


def _going_on(fresh: Ready, about: About) -> Ready | None:
    """The rest of a run; none if nothing is left."""
    done: set[int] = set()
    last_s = about.until_s if about.statuses else 0.0
    for shot, ended_s in shots(fresh.folder):
        done.add(shot)
        last_s = max(last_s, ended_s)
    schedule = fresh.schedule
    begun = max(about.stretches, key=lambda stretch: stretch.number, default=None)
    if schedule.apart and begun is not None:
        done.update(_over(schedule, begun.number))
        schedule = _rest(schedule, begun, last_s)
    begins = _begins(schedule, done, last_s)
    total, until = total_of(fresh.schedule), end_of(schedule)
    if begins is None or (total is not None and len(done) >= total) or (until is not None and last_s >= until):
        return None
    kept = replace(about, resumed=about.resumed + 1, ended_at=None, server=replace(about.server, pids=()))
    return replace(fresh, schedule=schedule, about=kept, skip=frozenset(done), begun_s=begins)


def _begins(schedule: Schedule, done: set[int], last_s: float) -> float | None:
    """Where the time axis goes on: at the first shot of an open loop that has no Call, else where it broke off."""
    if not schedule.open:
        return last_s
    first = next((due for shot, due in enumerate(schedule.due) if shot not in done), None)
    return last_s if schedule.apart and first is not None else first


def _over(schedule: Schedule, stage: int) -> Iterator[int]:
    """The shots of the stages before this one, where they have numbers: none of them is sent any more."""
    first = 0
    for one in schedule.stages[:stage]:
        if one.shots is None:
            return
        yield from range(first, first + one.shots)
        first += one.shots


def _rest(schedule: Schedule, begun: Stretch, last_s: float) -> Schedule:
    """What is left of a sweep: its stages have no fixed beginning, so one that was over by time has nothing to send."""
    over = [stage if stage.shots is not None else replace(stage, shots=0, ends_s=None)
            for stage in schedule.stages[: begun.number]]  # fmt: skip
    broken = schedule.stages[begun.number]
    if broken.ends_s is not None and not schedule.open:
        left_s = max(0.0, broken.ends_s - (last_s - begun.since_s))
        broken = replace(broken, ends_s=left_s + (last_s if begun.number == 0 else 0.0))
    return replace(schedule, stages=(*over, broken, *schedule.stages[begun.number + 1 :]))


def _facts(path: Path) -> object:
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise BadUsage(f"{path.parent} is no run: it has no {path.name}", hint=HINT) from error
    except (OSError, ValueError) as error:
        raise RecordInvalid(f"{path} cannot be read: {error}", hint=HINT) from error
