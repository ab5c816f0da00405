"""Building for real, a tiny library in the place of llama.cpp: what is kept, what is told, what stays of a failure."""

import shutil
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ollascope.engines.llamacpp.building.build import Job, Wish, bring
from ollascope.engines.llamacpp.building.shelf import Shelf
from ollascope.engines.llamacpp.building.source import Source
from ollascope.engines.llamacpp.installed import read_features
from ollascope.engines.llamacpp.recipe import INCLUDE_OPTION, Recipe
from ollascope.words.errors import (
    ConnectFailed,
    DiskFull,
    FolderUnusable,
    Interrupted,
    LoadFailed,
    PackageMissing,
    Trouble,
)
from tests.engines.llamacpp.building.test_command import is_gone

RECIPE = Recipe(
    options=("-DGGML_NATIVE=OFF", "-DGGML_AVX512=ON"), features=frozenset({"AVX2", "AVX512"}), machine="test"
)
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def quiet(step):
    pass


def builds(place):
    path = place / "builds"
    return len(path.read_text()) if path.exists() else 0


@pytest.fixture
def job(sdist, environment, place):
    source = Source(wanted=str(sdist), find_compiler=lambda: "cc", needed_bytes=1)
    return Job(recipe=RECIPE, source=source, stop=threading.Event(), environment=environment())


@pytest.fixture
def wish(tmp_path):
    return Wish(cache=tmp_path / "cache")


def left_on(wish):
    """What lies on the shelf besides locks and logs."""
    folder = Shelf(wish.cache).folder
    return sorted(path.name for path in folder.iterdir() if path.suffix not in {".lock", ".log"})


def with_source(job, **given):
    return replace(job, source=replace(job.source, **given))


def test_no_compiler_is_told_before_anything_is_fetched(job, wish, place):
    steps = []
    with pytest.raises(PackageMissing, match=r"no C\+\+ compiler"):
        bring(steps.append, wish, with_source(job, find_compiler=lambda: ""))
    assert [step.stage for step in steps] == ["check"]
    assert left_on(wish) == []


def test_small_disk_is_told_before_anything_is_fetched(job, wish, place):
    with pytest.raises(DiskFull):
        bring(quiet, wish, with_source(job, needed_bytes=2**62))
    assert builds(place) == 0


def test_unwritable_environment_is_told_before_anything_is_fetched(job, wish, place):
    with pytest.raises(FolderUnusable):
        bring(quiet, wish, replace(job, environment=replace(job.environment, is_managed=True)))
    assert builds(place) == 0


def test_unreachable_index_is_told(job, wish, monkeypatch):
    for name, value in {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConnectFailed) as told:
        bring(quiet, wish, with_source(job, wanted="llama-cpp-python==0.3.36"))
    assert "PIP_INDEX_URL" in told.value.hint
    assert left_on(wish) == []


def test_source_that_does_not_compile_is_told_by_its_error_and_the_log_is_there(job, wish, place):
    (place / "broken").touch()
    with pytest.raises(Trouble, match=r"error: this does not compile") as told:
        bring(quiet, wish, job)
    log = next(Shelf(wish.cache).folder.glob("*.log"))
    assert str(log) in told.value.hint
    assert "Configuring CMake" in log.read_text()
    assert left_on(wish) == []


def test_build_that_uses_amx_is_refused_and_not_kept(job, wish, place):
    (place / "features").write_text("CPU : AVX2 = 1 | AMX_INT8 = 1 | ")
    with pytest.raises(LoadFailed, match="AMX_INT8"):
        bring(quiet, wish, job)
    assert left_on(wish) == []


def test_nothing_kept_is_told_where_nothing_may_be_compiled(job, wish, place):
    with pytest.raises(PackageMissing) as told:
        bring(quiet, replace(wish, compile=False), job)
    assert "ollascope engine build" in told.value.hint
    assert builds(place) == 0


def test_who_may_not_compile_does_not_wait_for_one_who_does(job, wish):
    shelf = Shelf(wish.cache)
    shelf.open()
    with (
        shelf.hold(RECIPE.name, threading.Event(), lambda: None),
        pytest.raises(PackageMissing, match="another process"),
    ):
        bring(quiet, replace(wish, compile=False), job)


def test_stopped_build_leaves_no_process_no_folder_and_no_wheel(job, wish, place):
    (place / "slow").touch()

    def report(step):
        if step.done == 3:
            job.stop.set()

    with pytest.raises(Interrupted):
        bring(report, wish, job)
    assert left_on(wish) == []
    if (place / "pid").exists():
        assert is_gone(int((place / "pid").read_text()))


def test_build_is_told_kept_and_installed_and_the_next_environment_takes_it_uncompiled(job, wish, place, environment):
    steps = []
    here = bring(steps.append, wish, job)
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == ["check", "fetch", "configure", "compile", "pack", "install"]  # it needs no tools
    assert [step.done for step in steps if step.unit == "steps"] == [1, 2, 3]
    assert here.version == "0.3.36"
    assert here.folder.startswith(str(job.environment.packages))
    assert left_on(wish) == [RECIPE.name]

    nowhere = with_source(replace(job, environment=environment("second")), wanted="no-such-package-at-all")
    assert bring(quiet, replace(wish, compile=False), nowhere).version == "0.3.36"
    assert builds(place) == 1

    assert bring(steps.append, wish, job) == here  # and who has it already does nothing
    assert builds(place) == 1


def test_build_gets_the_recipe_and_nothing_that_the_person_set_for_others(job, wish, place, monkeypatch):
    for name in ("CMAKE_ARGS", "CFLAGS", "CXXFLAGS"):
        monkeypatch.setenv(name, "-march=native")
    bring(quiet, wish, job)
    seen = dict(line.split("=", 1) for line in (place / "seen").read_text().splitlines())
    assert seen["SKBUILD_CMAKE_ARGS"].startswith(f"-DGGML_NATIVE=OFF;-DGGML_AVX512=ON;{INCLUDE_OPTION}/")
    assert (seen["CMAKE_ARGS"], seen["CFLAGS"], seen["CXXFLAGS"]) == ("None", "None", "None")
    assert int(seen["CMAKE_BUILD_PARALLEL_LEVEL"]) >= 1
    assert seen["TMPDIR"].startswith(str(wish.cache))


def test_wheel_that_was_damaged_on_the_shelf_is_built_again(job, wish, place, environment):
    bring(quiet, wish, job)
    kept = Shelf(wish.cache).kept()[0].wheel
    kept.write_bytes(kept.read_bytes()[:500])
    bring(quiet, wish, replace(job, environment=environment("second")))
    assert builds(place) == 2
    assert zipfile.is_zipfile(kept)


def test_two_builds_at_once_compile_once(job, wish, place, environment):
    jobs = [job, replace(job, environment=environment("second"))]
    found = []
    threads = [threading.Thread(target=lambda each=each: found.append(bring(quiet, wish, each))) for each in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 2
    assert builds(place) == 1


def test_fresh_build_compiles_whatever_is_kept(job, wish, place):
    bring(quiet, wish, job)
    bring(quiet, replace(wish, fresh=True), job)
    assert builds(place) == 2


def test_slower_build_is_good_enough_until_a_faster_one_is_kept(job, wish, place, environment):
    other = Wish(cache=wish.cache / "other")
    slow = bring(quiet, other, job)  # it says of itself that it uses AVX2 only
    assert bring(quiet, wish, job) == slow
    (place / "features").write_text("CPU : AVX2 = 1 | AVX512 = 1 | ")
    bring(quiet, wish, replace(job, environment=environment("second")))
    assert "AVX512" in read_features(Path(bring(quiet, wish, job).folder))
    assert "AVX512" in read_features(Path(bring(quiet, other, job).folder))  # no way back to the slower one
    assert builds(place) == 2


def test_user_without_a_home_gets_the_build_though_nothing_can_be_kept(job, place):
    assert bring(quiet, Wish(cache=None), job).version == "0.3.36"
