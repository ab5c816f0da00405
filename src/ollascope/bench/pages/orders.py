"""What a page starts: a run as asked, a quick look, the same once more, or going on with one that was ended."""

from dataclasses import replace
from pathlib import Path

from ollascope.bench.asked import Asked, Load, Target
from ollascope.bench.pages import outcomes
from ollascope.bench.pages.backends import Backend, again_by
from ollascope.bench.pages.flags import flags_of
from ollascope.bench.pages.launches import Launch, Launches, Order
from ollascope.bench.running.place import run_id
from ollascope.engines.settings import Waiting
from ollascope.reports.words import Language

QUICK = "quick"


def patient(asked: Asked, patience: Waiting) -> Asked:
    """As long as the settings let a request take."""
    ends = replace(asked.ends, connect_s=patience.connect_s, first_s=patience.first_s, idle_s=patience.idle_s)
    return replace(asked, ends=ends)


def order_of(asked: Asked, launches: Launches, language: Language) -> Order:
    """A run."""
    run = launches.free(run_id(asked, launches.now()))
    words = ("bench", "run", *flags_of(asked), f"--run={run}", f"--lang={language}")
    return Order(id=run, kind="run", words=words, model=asked.target.model)


def quick_order(target: Target, launches: Launches, language: Language) -> Order:
    """A quick look."""
    words = [QUICK, "--json", f"--lang={language}"]
    words += [f"--engine={target.engine}", f"--model={target.model}"] if target.engine else []
    return Order(id=_fresh(target.model, QUICK, launches), kind="quick", words=words, model=target.model)


def order_again(
    run: str, data: Path, launches: Launches, backends: tuple[Backend, ...], language: Language
) -> Order | None:
    """The same once more: by what was asked, or by the same words where nothing of it is left but them."""
    folder, launch = outcomes.folder_of(data, run), launches.find(run)
    if folder is None and launch is not None and launch.kind != "resume":
        return _same(launch, launches)
    asked = outcomes.asked_in(folder) if folder else None
    engine = again_by(asked.target, backends) if asked else None
    if asked is None or engine is None:
        return None
    found = replace(asked, target=replace(asked.target, engine=engine))
    return order_of(found, launches, language)


def resume_order(run: str, data: Path, language: Language) -> Order | None:
    """Going on with what was ended; nothing where it is not known what was asked."""
    folder = outcomes.folder_of(data, run)
    asked = outcomes.asked_in(folder) if folder else None
    if asked is None:
        return None
    return Order(id=run, kind="resume", words=("bench", "resume", run, f"--lang={language}"), model=asked.target.model)


def _same(launch: Launch, launches: Launches) -> Order:
    run = _fresh(launch.model, QUICK if launch.kind == "quick" else None, launches)
    words = [each if not each.startswith("--run=") else f"--run={run}" for each in launch.words]
    return Order(id=run, kind=launch.kind, words=words, model=launch.model)


def _fresh(model: str, name: str | None, launches: Launches) -> str:
    asked = Asked(target=Target(url="", model=model), load=Load(levels=()), name=name)
    return launches.free(run_id(asked, launches.now()))
