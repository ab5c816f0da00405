"""How many compilers run at once, and which wheels of pip's own cache are taken."""

import os
import sys
import threading
from dataclasses import replace

import pytest

from ollascope.engines.llamacpp.building.build import Job, Wish, bring
from ollascope.engines.llamacpp.building.command import Runner
from ollascope.engines.llamacpp.building.environment import Environment
from ollascope.engines.llamacpp.building.source import Source, Workshop, find_wheel_of_pip, jobs
from ollascope.engines.llamacpp.recipe import Recipe


def machine(folder, available_kib, quota="max"):
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text("0::/own\n")
    (folder / "proc/meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available_kib} kB\n")
    (folder / "sys/fs/cgroup/own").mkdir(parents=True)
    (folder / "sys/fs/cgroup/own/cpu.max").write_text(f"{quota} 100000\n")
    (folder / "sys/fs/cgroup/own/cpuset.cpus.effective").write_text("0-7\n")
    return folder


@pytest.mark.parametrize(
    ("available_kib", "quota", "count"),
    [
        (64_000_000, "max", 8),
        (64_000_000, "250000", 2),
        (64_000_000, "10000", 1),
        (3_500_000, "max", 3),
        (100_000, "max", 1),
    ],
)
def test_as_many_compilers_as_cores_and_memory_allow(tmp_path, available_kib, quota, count):
    assert jobs(machine(tmp_path, available_kib, quota)) == count


def test_machine_that_tells_nothing_has_as_many_as_cores(tmp_path):
    assert jobs(tmp_path) == (os.cpu_count() or 1)


@pytest.fixture
def shop(sdist, tmp_path, place):
    folder = tmp_path / "shelf" / "work"
    folder.mkdir(parents=True)
    goal = Environment(python=sys.executable, packages=tmp_path, is_managed=False, has_pip=True)
    with (tmp_path / "log").open("wb") as log:
        yield Workshop(
            source=Source(wanted=str(sdist)), goal=goal, runner=Runner(folder=folder, log=log), report=lambda step: None
        )  # fmt: skip


def cached(shop, tmp_path, features, sdist):
    """Let pip build and keep a wheel by itself, as `pip install -r requirements.txt` does."""
    (tmp_path / "place" / "features").write_text(features)
    done = shop.pip(("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path / "out"), str(sdist)))
    assert done.code == 0, done.text


def test_empty_cache_of_pip_has_none(shop):
    assert find_wheel_of_pip(shop, "0.3.36") is None


def test_wheel_that_pip_keeps_is_taken_if_it_is_of_this_version(shop, tmp_path, sdist):
    cached(shop, tmp_path, "CPU : AVX2 = 1 | ", sdist)
    assert find_wheel_of_pip(shop, "0.3.36").name == "llama_cpp_python-0.3.36-py3-none-any.whl"
    assert find_wheel_of_pip(shop, "0.3.35") is None


def test_wheel_that_pip_keeps_is_left_if_it_uses_amx(shop, tmp_path, sdist):
    cached(shop, tmp_path, "CPU : AMX_INT8 = 1 | ", sdist)
    assert find_wheel_of_pip(shop, "0.3.36") is None


def test_build_takes_the_wheel_that_pip_keeps(shop, tmp_path, sdist, environment, place):
    cached(shop, tmp_path, "CPU : AVX2 = 1 | ", sdist)
    builds = (place / "builds").read_text()
    recipe = Recipe(options=(), features=frozenset({"AVX2"}), machine="test")
    source = replace(shop.source, wanted="no-such-package-at-all")
    job = Job(recipe=recipe, source=source, stop=threading.Event(), environment=environment())
    assert bring(lambda step: None, Wish(cache=tmp_path / "cache", compile=False), job).version == "0.3.36"
    assert (place / "builds").read_text() == builds
