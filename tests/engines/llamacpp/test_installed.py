"""Which build is here is known without importing it, and a library that does not load is told."""

import shutil
import subprocess
import sys

import pytest

from ollascope.engines.llamacpp.installed import find_installed, need_installed, parse_features, read_features
from ollascope.words.errors import LoadFailed, PackageMissing

HERE = find_installed()


def package(folder, version=""):
    (folder / "llama_cpp/lib").mkdir(parents=True)
    (folder / "llama_cpp/__init__.py").write_text("raise SystemExit('must not be imported')", encoding="utf-8")
    (folder / "llama_cpp/lib/libllama.so").write_bytes(b"first")
    if version:
        facts = folder / f"llama_cpp_python-{version}.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: {version}\n")
    return folder


def test_nothing_is_found_where_nothing_is(tmp_path):
    assert find_installed([str(tmp_path)]) is None


def test_folder_of_that_name_without_a_package_is_nothing(tmp_path):
    (tmp_path / "llama_cpp").mkdir()
    assert find_installed([str(tmp_path)]) is None


def test_package_without_metadata_has_an_unknown_version(tmp_path):
    found = find_installed([str(package(tmp_path))])
    assert (found.version, found.folder) == ("unknown", str(tmp_path / "llama_cpp"))


def test_version_is_told_without_importing(tmp_path):
    assert find_installed([str(package(tmp_path, "0.1.2"))]).version == "0.1.2"


def test_mark_changes_with_a_library(tmp_path):
    before = find_installed([str(package(tmp_path))])
    (tmp_path / "llama_cpp/lib/libllama.so").write_bytes(b"second")
    after = find_installed([str(tmp_path)])
    assert before.mark != after.mark
    assert find_installed([str(tmp_path)]) == after


def test_absence_is_told_with_the_command(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(PackageMissing) as told:
        need_installed()
    assert "ollascope engine build" in told.value.hint


@pytest.mark.parametrize("content", [b"", b"no library at all", b"\x7fELF" + bytes(60)])
def test_library_that_does_not_load_is_told(tmp_path, content):
    package(tmp_path)
    (tmp_path / "llama_cpp/lib/libllama.so").write_bytes(content)
    with pytest.raises(LoadFailed) as told:
        read_features(tmp_path / "llama_cpp")
    assert "engine build --fresh" in told.value.hint


def test_missing_library_is_told(tmp_path):
    package(tmp_path)
    (tmp_path / "llama_cpp/lib/libllama.so").unlink()
    with pytest.raises(LoadFailed):
        read_features(tmp_path / "llama_cpp")


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_library_that_crashes_when_loaded_is_told_by_its_signal(tmp_path):
    package(tmp_path)
    source = tmp_path / "bad.c"
    source.write_text("#include <signal.h>\nconst char *llama_print_system_info(void) { raise(SIGILL); return 0; }\n")
    library = tmp_path / "llama_cpp/lib/libllama.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    with pytest.raises(LoadFailed, match="ended by SIGILL"):
        read_features(tmp_path / "llama_cpp")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", set()),
        ("nonsense", set()),
        ("CPU : AVX2 = 1 | AMX_INT8 = 0 | REPACK = 1 | ", {"AVX2", "REPACK"}),
        ("Metal : EMBED_LIBRARY = 1 | CPU : NEON = 1 | ARM_FMA = 1 | SVE_CNT = 16 | ",
         {"EMBED_LIBRARY", "NEON", "ARM_FMA"}),
        ("CPU : AVX2 = | = 1 = | X", set()),
    ],
)  # fmt: skip
def test_features_are_the_names_that_are_one(line, names):
    assert parse_features(line) == names


@pytest.mark.skipif(HERE is None, reason="llama-cpp-python is not installed")
def test_build_that_is_installed_says_what_it_uses_and_is_not_imported():
    assert read_features(need_installed().folder)
    code = "import sys; from ollascope.engines.llamacpp.installed import find_installed; find_installed(); "
    done = subprocess.run([sys.executable, "-c", code + "sys.exit('llama_cpp' in sys.modules)"], check=False)
    assert done.returncode == 0
