"""What stands before anything is sent: prompts, the schedule, the server's description, the run's folder."""

import platform
from dataclasses import dataclass, replace
from pathlib import Path

from ollascope import __version__
from ollascope.bench import folder as names
from ollascope.bench.about import About
from ollascope.bench.asked import Asked
from ollascope.bench.material import Material
from ollascope.bench.plan import Plan
from ollascope.bench.prompts import check_wording, make_material
from ollascope.bench.running.asking import counter
from ollascope.bench.running.place import save
from ollascope.bench.running.stand import Stand
from ollascope.bench.running.target import Looked
from ollascope.bench.running.workers import how_many
from ollascope.bench.schedule import Schedule
from ollascope.bench.shapes import make_schedule, read_trace
from ollascope.engines.engine import Engine
from ollascope.words.record import Json, to_json
from ollascope.words.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """All that a run starts with."""

    asked: Asked
    folder: Path
    schedule: Schedule
    material: Material
    about: About
    skip: frozenset[int] = frozenset()  # shots that ended before it was taken up again
    begun_s: float | None = None  # where it goes on, in seconds from its first start; none: it starts

    def served_by(self, pids: tuple[int, ...]) -> "Ready":
        """The same, with the processes that answer."""
        return replace(self, about=replace(self.about, server=replace(self.about.server, pids=pids)))

    def started(self, at: float) -> "Ready":
        """The same, with the time of its first start."""
        return self if self.begun_s is not None else replace(self, about=replace(self.about, started_at=at))

    def plans(self, key: str) -> list[Plan]:
        """What each worker is told."""
        workers = how_many(self.asked)
        whole = Plan(
            asked=self.asked,
            schedule=self.schedule,
            material=self.material,
            run=self.about.run,
            folder=str(self.folder),
            workers=workers,
            key=key,
            skip=self.skip,
        )
        return [replace(whole, worker=worker) for worker in range(workers)]


def check(asked: Asked) -> None:
    """Find contradictions before a server is asked anything."""
    check_wording(asked)
    make_schedule(asked, 1)


def prepare(asked: Asked, folder: Path, engine: Engine, looked: Looked, stand: Stand) -> Ready:
    """Make the prompts, their lengths as this server counts them, and the schedule."""
    material = _material(asked, engine, stand)
    about = About(
        run=folder.name,
        started_at=stand.clock.wall(),
        partial=True,
        cut_by="killed",  # as long as its end has not been told
        server=looked.server,
        prompts=material.about,
        notes=(*looked.notes, *material.notes),
        versions={"ollascope": __version__, "python": platform.python_version()},
        machine=_machine(),
    )
    schedule = make_schedule(asked, len(material.prompts))
    return Ready(asked=asked, folder=folder, schedule=schedule, material=material, about=about)


def write_first(asked: Asked, folder: Path, at: float) -> None:
    """What was asked stands in the folder before anything else happens."""
    save(folder / names.ASKED, asked)
    save(folder / names.RUN, run_of(asked, folder.name, at))


def run_of(asked: Asked, run: str, at: float) -> Run:
    """The Run as it begins."""
    return Run(id=run, kind="bench", started_at=at, settings=to_json(asked), note=asked.name)


def _material(asked: Asked, engine: Engine, stand: Stand) -> Material:
    trace = read_trace(Path(asked.load.trace)) if asked.load.trace else None
    return make_material(asked, trace, counter(engine, asked), stand.listener.told)


def _machine() -> dict[str, Json]:
    """The machine that measures, in a few words."""
    import psutil  # noqa: PLC0415 - two numbers before the start

    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }
