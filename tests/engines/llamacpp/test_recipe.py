"""Recipes: what is built is what the processor surely has, and equal names are equal builds."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.llamacpp.recipe import (
    AVX512,
    AVX_VNNI,
    PACKAGE,
    UPON_AVX512,
    USUAL,
    VERSION,
    compiler,
    processor,
    recipe,
)

ROOT = Path(__file__).parents[3]
MODERN = frozenset().union(*(each.needs for each in USUAL))
WIDE = AVX512.needs.union(*(each.needs for each in UPON_AVX512))
ALL = sorted(MODERN | WIDE | AVX_VNNI.needs | {"amx_tile", "amx_int8", "amx_bf16"})


def machine(folder, flags):
    (folder / "proc").mkdir(parents=True, exist_ok=True)
    text = f"processor\t: 0\nflags\t\t: {' '.join(flags)}\n\nprocessor\t: 1\nflags\t\t: other\n"
    (folder / "proc/cpuinfo").write_text(text, encoding="utf-8")
    return folder


def made(folder, flags, accepts=lambda flags: True):
    return recipe(machine(folder, flags), accepts)


def test_machine_that_tells_nothing_gets_the_portable_build(tmp_path):
    found = recipe(tmp_path, lambda flags: True)
    assert found.options[:2] == ("-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF")
    assert found.features == frozenset()


def test_old_processor_gets_nothing_that_would_end_the_process(tmp_path):
    found = made(tmp_path, {"sse4_2", "avx"})
    assert {f"-DGGML_{name}=OFF" for name in ("AVX2", "BMI2", "FMA", "F16C")} <= set(found.options)
    assert not any("AVX512" in option for option in found.options)


def test_half_of_avx512_is_none_of_it(tmp_path):
    found = made(tmp_path, MODERN | WIDE - {"avx512vl"})
    assert not any("AVX512" in option for option in found.options)


def test_old_compiler_is_asked_for_nothing_it_does_not_know(tmp_path):
    found = made(tmp_path, MODERN | WIDE, lambda flags: "-mavx512bf16" not in flags)
    assert "-DGGML_AVX512_VNNI=ON" in found.options
    assert not any("BF16" in option for option in found.options)


def test_all_of_avx512_is_used(tmp_path):
    found = made(tmp_path, MODERN | WIDE)
    assert {"-DGGML_AVX512=ON", "-DGGML_AVX512_BF16=ON"} <= set(found.options)
    assert found.features >= {"AVX2", "AVX512", "AVX512_BF16"}


@given(st.sets(st.sampled_from(ALL)))
def test_nothing_is_turned_on_that_the_processor_lacks_and_never_amx(tmp_path_factory, flags):
    found = made(tmp_path_factory.mktemp("machine"), flags)
    on = {option for option in found.options if option.endswith("=ON")}
    for each in (AVX512, *UPON_AVX512, AVX_VNNI):
        assert f"-D{each.option}=ON" not in on or each.needs <= flags
    assert not any("AMX" in option for option in found.options)
    assert "-DGGML_NATIVE=OFF" in found.options


@given(st.sets(st.sampled_from(ALL)), st.sets(st.sampled_from(ALL)))
def test_equal_names_are_equal_builds(tmp_path_factory, one, other):
    first = made(tmp_path_factory.mktemp("machine"), one)
    second = made(tmp_path_factory.mktemp("machine"), other)
    assert (first.name == second.name) == (first.options == second.options)


def test_name_is_a_folder_name_that_tells_version_and_machine(tmp_path):
    name = made(tmp_path, MODERN | WIDE).name
    assert name.startswith(f"llama-cpp-python-{VERSION}-")
    assert "-avx512_bf16-" in name
    assert not set(name) & set(" /;:\\")


def test_version_is_the_one_of_the_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["llamacpp"] == [f"{PACKAGE}=={VERSION}"]


def test_this_processor_is_read(tmp_path):
    assert processor(machine(tmp_path, ["a", "b"])) == {"a", "b"}


@pytest.mark.parametrize("name", ["g++", "clang++", "c++"])
def test_compiler_is_looked_for_on_the_path(tmp_path, name):
    assert compiler(str(tmp_path)) == ""
    (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / name).chmod(0o755)
    assert compiler(str(tmp_path)) == str(tmp_path / name)
