"""Why a build failed, from real words of pip, CMake and compilers."""

from pathlib import Path

import pytest

from ollascope.engines.llamacpp.building.failure import explain
from ollascope.words.errors import ConnectFailed, DiskFull, OutOfMemory, PackageMissing, Trouble

LOG, FOLDER = Path("/cache/wheels/x.log"), Path("/cache/wheels")
KNOWN = [
    ("fatal error: error writing to /x/y.s: No space left on device", DiskFull),
    ("OSError: [Errno 28] No space left on device", DiskFull),
    ("CMake Error at CMakeLists.txt:3 (project):\n  No CMAKE_CXX_COMPILER could be found.", PackageMissing),
    ("CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage", PackageMissing),
    ("c++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.", OutOfMemory),
    ("cc1plus: out of memory\nvirtual memory exhausted: Cannot allocate memory", OutOfMemory),
    ("WARNING: Retrying after connection broken by 'NewConnectionError(...)'\nERROR: No matching distribution found",
     ConnectFailed),
    ("ERROR: Could not find a version that satisfies x\nERROR: No matching distribution found for x", ConnectFailed),
    ("pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.", ConnectFailed),
]  # fmt: skip


@pytest.mark.parametrize(("said", "kind"), KNOWN)
def test_known_failure_has_its_name_and_a_hint(said, kind):
    error = explain("the engine cannot be built", said, LOG, FOLDER)
    assert type(error) is kind
    assert error.hint


def test_full_disk_names_the_folder_to_make_room_in():
    assert "/cache/wheels" in explain("x", "No space left on device", LOG, FOLDER).hint


def test_other_failure_quotes_the_first_line_that_tells_an_error_and_names_the_log():
    said = "note: fine\nggml.c:3:1: error: unknown type name 'x'\nninja: build stopped\nERROR: Failed building wheel"
    error = explain("the engine cannot be built", said, LOG, FOLDER)
    assert type(error) is Trouble
    assert error.message == "the engine cannot be built: ggml.c:3:1: error: unknown type name 'x'"
    assert str(LOG) in error.hint


@pytest.mark.parametrize("said", ["", "\n\n", "quiet"])
def test_failure_that_says_little_is_told_all_the_same(said):
    assert explain("the engine cannot be built", said, LOG, FOLDER).message.startswith("the engine cannot be built: ")


def test_message_is_short_whatever_was_printed():
    assert len(explain("x", "error " * 10_000, LOG, FOLDER).message) < 300
