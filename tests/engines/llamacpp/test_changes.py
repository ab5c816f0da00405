"""What our build changes in llama.cpp: CMake makes the changes where the source is as expected, and nowhere else."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ollascope.engines.llamacpp.changes import CHANGES, as_cmake
from ollascope.engines.llamacpp.recipe import INCLUDE_TEXT

needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="CMake is not installed")


def make(folder: Path) -> str:
    """Let CMake make the changes there; what it complained about."""
    script = folder / "changes.cmake"
    script.write_text(as_cmake(), encoding="utf-8")
    command = ["cmake", f"-DPROJECT_SOURCE_DIR={folder}", "-P", str(script)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr


def written(folder: Path, *, around: str) -> dict[str, str]:
    """Sources with the texts that are changed in them, and what stands around; what they are to become."""
    expected: dict[str, str] = {}
    for change in CHANGES:
        path = folder / change.file
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(before + around + change.old + around, encoding="utf-8")
        expected[change.file] = expected.get(change.file, "") + around + change.new + around
    return expected


@needs_cmake
def test_source_that_is_not_as_expected_stays_as_it_is_and_is_told_of(tmp_path):
    for change in CHANGES:
        path = tmp_path / change.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("another version;\n", encoding="utf-8")
    said = make(tmp_path)
    assert said.count("not as expected") == len(CHANGES)
    assert {(tmp_path / change.file).read_text(encoding="utf-8") for change in CHANGES} == {"another version;\n"}


@needs_cmake
def test_changes_are_made_and_all_else_stays(tmp_path):
    expected = written(tmp_path, around='\n// ${a} [[x]] "quoted"; \\n \\; $ENV{HOME} #\n')
    assert make(tmp_path) == ""
    assert {file: (tmp_path / file).read_text(encoding="utf-8") for file in expected} == expected


def test_no_change_meets_what_another_made():
    for change in CHANGES:
        assert sum(change.old in each.new + each.old for each in CHANGES if each.file == change.file) == 1


def test_the_build_reads_them():
    assert INCLUDE_TEXT.endswith(as_cmake())
