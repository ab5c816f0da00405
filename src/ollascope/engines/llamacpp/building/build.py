"""Gets llama-cpp-python into this environment: from the shelf, from pip's own cache, or compiled here."""

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from ollascope.engines.llamacpp.building.command import Runner
from ollascope.engines.llamacpp.building.environment import Environment, install
from ollascope.engines.llamacpp.building.failure import no_room
from ollascope.engines.llamacpp.building.shelf import Shelf, is_unpacked
from ollascope.engines.llamacpp.building.source import Source, Workshop, compile_wheel, find_wheel_of_pip
from ollascope.engines.llamacpp.building.step import Step
from ollascope.engines.llamacpp.installed import Installed, find_installed, need_installed, read_features
from ollascope.engines.llamacpp.recipe import WIDE, Recipe, recipe
from ollascope.words.errors import LoadFailed, PackageMissing

NOT_KEPT = "`ollascope engine build` compiles it, which takes some minutes; where Ollama answers it is not needed"
Report = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the engine is wanted; `cache` is the folder that `settings.load.cache_folder` names."""

    cache: Path | None
    fresh: bool = False  # compile, whatever is here or kept
    compile: bool = True  # false: only what is kept already
    polite: bool = False  # leave the processor to others


def build(report: Report, wish: Wish, stop: Event | None = None) -> Installed:
    """The engine's library in this environment, built at most once for this kind of machine.

    It may take minutes, and ends early with `Interrupted` when `stop` is set; nothing half made stays.
    """
    return bring(report, wish, Job(recipe=recipe(), source=Source(), stop=stop or Event()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is built, from what, and where it goes."""

    recipe: Recipe
    source: Source
    stop: Event
    environment: Environment | None = None

    @property
    def goal(self) -> Environment:
        return self.environment or Environment.of_process()


def bring(report: Report, wish: Wish, job: Job) -> Installed:
    """`build` with every part of it given."""
    with _shelf(wish.cache) as shelf:
        if not wish.fresh and (here := _good_enough(shelf, job)):
            return here
        job.goal.refuse_unwritable()
        shelf.open()
        name = job.recipe.name
        with shelf.hold(name, job.stop, lambda: _wait(report, wish)), shelf.work(name) as work:
            if not wish.fresh and (here := _good_enough(shelf, job)):  # whoever was waited for has done it
                return here
            with _room_told(shelf.folder), (shelf.folder / f"{name}.log").open("wb") as log:
                runner = Runner(folder=work, log=log, stop=job.stop, polite=wish.polite)
                shop = Workshop(source=job.source, goal=job.goal, runner=runner, report=report)
                _install(shop, _wheel(shop, wish, job, shelf))
        here = _find(job)
        read_features(Path(here.folder))
        return here


def _wait(report: Report, wish: Wish) -> None:
    if not wish.compile:
        raise PackageMissing("another process is building llama-cpp-python just now", hint=NOT_KEPT)
    report(Step(stage="wait"))


def _good_enough(shelf: Shelf, job: Job) -> Installed | None:
    """The build that is here, unless it does not load, is of another version, or a faster one is kept."""
    here = _search(job)
    if here is None or here.version != job.recipe.version:
        return None
    try:
        features = read_features(Path(here.folder))
    except LoadFailed:
        return None
    slower = not job.recipe.features & WIDE <= features
    faster = shelf.find(job.recipe.name) if slower else None
    return None if faster and not is_unpacked(faster, Path(here.folder)) else here


def _wheel(shop: Workshop, wish: Wish, job: Job, shelf: Shelf) -> Path:
    shop.report(Step(stage="check"))
    if not wish.fresh and (found := shelf.find(job.recipe.name) or find_wheel_of_pip(shop, job.recipe.version)):
        return found
    if not wish.compile:
        raise PackageMissing("no built llama-cpp-python is kept for this kind of machine", hint=NOT_KEPT)
    return shelf.keep(job.recipe.name, compile_wheel(shop, job.recipe))


def _install(shop: Workshop, wheel: Path) -> None:
    shop.report(Step(stage="install"))
    done = install(wheel, shop.pip)
    if done.code:
        raise shop.explain("installed", done)


def _search(job: Job) -> Installed | None:
    return find_installed(None if job.environment is None else [str(job.environment.packages)])


def _find(job: Job) -> Installed:
    return _search(job) or need_installed()


@contextmanager
def _shelf(cache: Path | None) -> Iterator[Shelf]:
    """The shelf of this user, or one for this build only where nothing can be kept."""
    if cache:
        yield Shelf(cache)
        return
    with tempfile.TemporaryDirectory(prefix="ollascope-wheels-") as folder:
        yield Shelf(Path(folder))


@contextmanager
def _room_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise no_room(folder) from error
