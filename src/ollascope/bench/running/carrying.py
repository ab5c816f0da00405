"""A run from what is asked to its Result."""

import shutil
from dataclasses import replace
from typing import Final

from ollascope.bench import folder as names
from ollascope.bench.about import About
from ollascope.bench.asked import Asked, Target
from ollascope.bench.client.crew import Crew
from ollascope.bench.quick import Aim, quick_asks, warm_up_ask
from ollascope.bench.result import Result
from ollascope.bench.running.course import Course, first_standing
from ollascope.bench.running.finishing import finish
from ollascope.bench.running.machine import Watch, own_processes
from ollascope.bench.running.place import check_id, discard_unused, held, make_folder, run_id, save, try_save, under_way
from ollascope.bench.running.preparing import Ready, check, prepare, write_first
from ollascope.bench.running.stand import Stand
from ollascope.bench.running.target import Looked, look_again, opened, port_of, reach, unreached
from ollascope.engines.engine import Engine
from ollascope.words.errors import ConnectFailed, ModelMissing

READY_S: Final = 30.0
FAILURES: Final = 10  # of a server that was known to fail before the run: more would say no more
LEAD_S: Final = 0.25  # between the last worker's ready and the start, so that all hear of it before


def carry_out(asked: Asked, stand: Stand) -> Result:
    """Measure; what goes wrong at the server from its first request on is part of the Result."""
    check(asked)
    check_id(stand.run)
    with opened(asked, stand.key, stand.engines) as engine:
        asked, looked = _look(engine, asked, stand)
        tell_others(stand)
        at = stand.clock.wall()
        folder = make_folder(stand.data, stand.run or run_id(asked, at), exactly=stand.run is not None)
        with held(folder):
            try:
                write_first(asked, folder, at)
                try_save(folder / names.LIVE, first_standing(folder.name, at, "preparing"))
                ready = prepare(asked, folder, engine, looked, stand)
                save(folder / names.ABOUT, ready.about)
                return measure(ready, engine, stand)
            except BaseException:
                discard_unused(folder)
                raise


def _look(engine: Engine, asked: Asked, stand: Stand) -> tuple[Asked, Looked]:
    """Who is there; where nobody is and the caller insists, a few requests show how they fail."""
    try:
        return asked, reach(engine, asked)
    except (ConnectFailed, ModelMissing) as trouble:
        if not stand.insists:
            raise
        stand.listener.failed(trouble)
        few = min(asked.ends.errors or FAILURES, FAILURES)
        return replace(asked, ends=replace(asked.ends, errors=few)), unreached(asked, trouble)


def look_quickly(target: Target, stand: Stand) -> tuple[Result, tuple[Result, ...]]:
    """The runs of `quick`: a warm-up, whose folder does not stay, and what it makes worth asking."""
    aim = Aim(target=target, why="it was named")
    warm = carry_out(warm_up_ask(aim, stand.language), stand)
    shutil.rmtree(names.results(stand.data) / warm.run, ignore_errors=True)
    asks = quick_asks(aim, warm, stand.language)
    return warm, tuple(carry_out(asked, stand) for asked in asks if not stand.stop.asked)


def measure(ready: Ready, engine: Engine, stand: Stand) -> Result:
    """Start the workers, follow them to the end, and reckon what they brought."""
    try:
        return finish(ready.folder, _follow(ready, engine, stand), stand)
    finally:
        stand.stop.gentle(False)
        (ready.folder / names.LIVE).unlink(missing_ok=True)


def tell_others(stand: Stand, but: str | None = None) -> None:
    """Two runs at once disturb each other; that is allowed, but said."""
    for other in under_way(stand.data):
        if other != but:
            stand.listener.told(f"another run is under way, {other}: both will disturb each other")


def _follow(ready: Ready, engine: Engine, stand: Stand) -> About:
    target, clock = ready.asked.target, stand.clock
    here = ready.about.server.same_host and target.api != "inside"
    plans = ready.plans(stand.key)
    with Watch(ready.folder, port_of(target.url) if here else None, clock.monotonic) as watch:
        ready = ready.served_by(watch.pids)
        with Crew(plans, stand.program) as crew:
            crew.ready(READY_S)
            watch.count_in(own_processes())
            go_s = clock.monotonic() + LEAD_S - (ready.begun_s or 0.0)
            stand.stop.gentle(True)
            watch.begin(go_s)
            crew.go(round(go_s * 1e9))
            about = Course(ready.started(clock.wall() + LEAD_S), stand, crew, len(plans), go_s).follow()
    server = about.server if stand.stop.asked else look_again(engine, ready.asked, about.server, watch.pids)
    server = replace(server, pids=tuple(sorted(watch.seen)))
    notes = (f"{watch.lost} readings of the machine were lost: the disk is full",) if watch.lost else ()
    return replace(about, server=server, notes=(*about.notes, *notes))
