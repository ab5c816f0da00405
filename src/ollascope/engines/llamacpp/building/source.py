"""From the source to a wheel: fetched by pip, compiled in a clean environment, checked before anybody uses it."""

import importlib.metadata
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from ollascope.engines.llamacpp.building.command import Done, Runner, run
from ollascope.engines.llamacpp.building.environment import Environment
from ollascope.engines.llamacpp.building.failure import explain, no_compiler, no_room
from ollascope.engines.llamacpp.building.shelf import LIBRARY, fits, is_whole
from ollascope.engines.llamacpp.building.step import Step, read_building, read_fetching
from ollascope.engines.llamacpp.installed import MODULE, read_features
from ollascope.engines.llamacpp.recipe import INCLUDE_OPTION, INCLUDE_TEXT, PACKAGE, VERSION, Recipe, compiler
from ollascope.host.devices import read_space
from ollascope.host.groups import Groups
from ollascope.host.machine import ROOT
from ollascope.host.memory import read_memory
from ollascope.words.errors import LoadFailed, Trouble

NEEDED_BYTES = 700_000_000
JOB_BYTES = 1_000_000_000  # what one compiler may take
RAW_PROGRESS = Version("24.1")  # the first pip that tells the progress of a download line by line
AGAIN = "try again with `ollascope engine build --fresh`; if it stays so, please report it"
QUIET = ("--disable-pip-version-check", "--no-input", "--no-color")
Reading = Callable[[str], Step | None]

# What a person has set for other builds must not make this one differ from its recipe.
CLEAN = (
    "env", "-u", "CMAKE_ARGS", "-u", "CFLAGS", "-u", "CXXFLAGS", "-u", "CPPFLAGS", "-u", "SKBUILD_CMAKE_DEFINE",
    "-u", "PIP_QUIET", "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1", "NINJA_STATUS=[%f/%t] ",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is compiled, and what must be there for it."""

    wanted: str = f"{PACKAGE}=={VERSION}"
    find_compiler: Callable[[], str] = compiler
    needed_bytes: int = NEEDED_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """All that one build works with."""

    source: Source
    goal: Environment
    runner: Runner
    report: Callable[[Step], None]

    @property
    def folder(self) -> Path:
        """The build's own, gone afterwards."""
        return self.runner.folder

    @property
    def shelf(self) -> Path:
        return self.folder.parent

    def pip(self, words: Sequence[str], *variables: str, read: Reading | None = None) -> Done:
        """Run pip with variables for what it starts, reporting what `read` makes of its lines."""

        def tell(line: str) -> None:
            if read and (step := read(line)):
                self.report(step)

        command = (*CLEAN, *variables, self.goal.python, "-P", "-m", "pip", *QUIET, *words)
        return run(self.runner, command, tell)

    def explain(self, doing: str, done: Done) -> Trouble:
        """Why a program failed."""
        return explain(f"the engine cannot be {doing}", done.text, Path(self.runner.log.name), self.shelf)

    def temporary(self) -> str:
        """Compilers put what they need for a moment on the same disk, where it goes with the rest."""
        folder = self.folder / "tmp"
        folder.mkdir(exist_ok=True)
        return f"TMPDIR={folder}"


def compile_wheel(shop: Workshop, made: Recipe) -> Path:
    """A checked wheel in the workshop's folder, compiled as the recipe says."""
    if not shop.source.find_compiler():
        raise no_compiler()
    free = read_space(shop.folder).free_bytes
    if free is not None and free < shop.source.needed_bytes:
        raise no_room(shop.shelf)
    wheel = _compile(shop, made, _fetch(shop))
    shop.report(Step(stage="check"))
    _refuse_bad(wheel, shop.folder)
    return wheel


def find_wheel_of_pip(shop: Workshop, version: str) -> Path | None:
    """A wheel of this version in pip's own cache, if it loads here and stays away from AMX."""
    found = shop.pip(("cache", "list", PACKAGE.replace("-", "_"), "--format=abspath"))
    wheels = [Path(line.strip()) for line in found.tail if line.strip().endswith(".whl")] if not found.code else []
    return next((wheel for wheel in wheels if _is_good(wheel, version, shop.folder)), None)


def jobs(root: Path = ROOT) -> int:
    """How many compilers may run at once: as many as there are cores for and memory."""
    groups = Groups(root)
    share, memory = groups.share(), read_memory(root, groups).available_bytes
    counts = [groups.cores() or os.cpu_count() or 1]
    counts += [round(share.cores)] if share else []
    counts += [memory // JOB_BYTES] if memory is not None else []
    return max(1, min(counts))


def _fetch(shop: Workshop) -> Path:
    """The packed source, under a name for which pip keeps no wheel of its own: the shelf does."""
    shop.report(Step(stage="fetch"))
    told = "raw" if Version(importlib.metadata.version("pip")) >= RAW_PROGRESS else "off"
    words = ("download", "--no-deps", "--no-binary=:all:", f"--progress-bar={told}", "--dest", os.fspath(shop.folder))
    done = shop.pip((*words, shop.source.wanted), shop.temporary(), read=read_fetching)
    if done.code:
        raise shop.explain("fetched", done)
    return next(shop.folder.glob("*.tar.gz")).rename(shop.folder / "source.tar.gz")


def _compile(shop: Workshop, made: Recipe, sdist: Path) -> Path:
    include = shop.folder / "lean.cmake"
    include.write_text(INCLUDE_TEXT, encoding="utf-8")
    options = ";".join((*made.options, INCLUDE_OPTION + os.fspath(include)))
    variables = (f"SKBUILD_CMAKE_ARGS={options}", f"CMAKE_BUILD_PARALLEL_LEVEL={jobs()}", shop.temporary())
    words = ("-v", "wheel", "--no-deps", "--progress-bar=off", "--wheel-dir", os.fspath(shop.folder), os.fspath(sdist))
    done = shop.pip(words, *variables, read=read_building)
    if done.code:
        raise shop.explain("built", done)
    return next(shop.folder.glob("*.whl"))


def _refuse_bad(wheel: Path, folder: Path) -> None:
    if not (fits(wheel) and is_whole(wheel)):
        raise LoadFailed(f"the build made {wheel.name}, which this Python cannot use", hint=AGAIN)
    if foreign := _amx(wheel, folder):
        raise LoadFailed(f"the build uses {', '.join(foreign)}, which ends many a process", hint=AGAIN)


def _is_good(wheel: Path, version: str, folder: Path) -> bool:
    if not fits(wheel) or parse_wheel_filename(wheel.name)[1] != Version(version) or not is_whole(wheel):
        return False
    try:
        return not _amx(wheel, folder)
    except LoadFailed:
        return False


def _amx(wheel: Path, folder: Path) -> list[str]:
    """The instructions for tiles that the library in a wheel says it uses; it is unpacked and loaded for that."""
    with tempfile.TemporaryDirectory(dir=folder) as unpacked:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked, [name for name in archive.namelist() if name.startswith(LIBRARY)])
        return sorted(name for name in read_features(Path(unpacked) / MODULE) if name.startswith("AMX"))
