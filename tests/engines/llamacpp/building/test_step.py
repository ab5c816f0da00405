"""What pip, CMake, ninja and make print becomes steps; all else says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.llamacpp.building.step import Step, read_building, read_fetching


@pytest.mark.parametrize(
    "line",
    ["", "Progress", "Progress x of y", "Progress 1 of", "[", "[/]", "[1/]", "[ %]", "see [1/2]", "[1/2]x", "%"],
)
def test_other_lines_say_nothing(line):
    assert read_building(line) is None
    assert read_fetching(line) is None


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("  [12/83] /usr/bin/g++ -DGGML", Step(stage="compile", done=12, total=83, unit="steps")),
        ("[83/83] Linking CXX shared library", Step(stage="compile", done=83, total=83, unit="steps")),
        ("  [  4%] Building CXX object", Step(stage="compile", done=4, total=100, unit="percent")),
        ("[100%] Built target llama", Step(stage="compile", done=100, total=100, unit="percent")),
        ("[999%] Built", Step(stage="compile", done=100, total=100, unit="percent")),
        ("  Installing build dependencies: started", Step(stage="prepare")),
        ("  *** Configuring CMake...", Step(stage="configure")),
        ("  *** Building project with Ninja...", Step(stage="compile")),
        ("  *** Making wheel...", Step(stage="pack")),
    ],
)
def test_lines_of_the_build_become_steps(line, step):
    assert read_building(line) == step


def test_download_is_told_in_bytes():
    step = read_fetching("Progress 1500000 of 76589250")
    assert step == Step(stage="fetch", done=1500000, total=76589250, unit="bytes")
    assert step.text == "fetching the source, 2 of 77 MB"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(stage="compile"), "compiling"),
        (Step(stage="compile", done=34, total=83, unit="steps"), "compiling, 34 of 83 steps"),
        (Step(stage="compile", done=41, total=100, unit="percent"), "compiling, 41 %"),
        (Step(stage="wait"), "waiting for another build of the same kind"),
    ],
)
def test_step_is_told_in_words(step, text):
    assert step.text == text


@given(st.text())
def test_no_line_breaks_the_reading(line):
    for step in (read_building(line), read_fetching(line)):
        assert step is None or 0 <= step.done <= max(step.total, step.done)


@given(st.text())
def test_progress_never_exceeds_its_whole(line):
    step = read_building(line)
    assert step is None or step.done <= step.total or not step.total
