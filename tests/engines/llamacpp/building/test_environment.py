"""An environment that nothing can be installed into is told before anything is built."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ollascope.engines.llamacpp.building.command import Done
from ollascope.engines.llamacpp.building.environment import Environment, install, missing
from ollascope.words.errors import FolderUnusable, PackageMissing


@pytest.fixture
def fine(tmp_path):
    return Environment(python="/py", packages=tmp_path, is_managed=False, has_pip=True)


def wheel(folder, *needs):
    path = folder / "llama_cpp_python-0.3.36-py3-none-any.whl"
    lines = [
        "Metadata-Version: 2.1",
        "Name: llama_cpp_python",
        "Version: 0.3.36",
        *(f"Requires-Dist: {n}" for n in needs),
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("llama_cpp_python-0.3.36.dist-info/METADATA", "\n".join(lines) + "\n")
    return path


class Pip:
    """Hears what it is asked, and ends as it is told."""

    def __init__(self, code=0):
        self.code, self.asked = code, []

    def __call__(self, words):
        self.asked.append(words)
        return Done(code=self.code, tail=())


def test_environment_of_the_system_is_refused_with_a_way_out(fine):
    with pytest.raises(FolderUnusable, match="package manager") as told:
        replace(fine, is_managed=True).refuse_unwritable()
    assert "python3 -m venv" in told.value.hint


def test_folder_that_is_not_there_or_not_ours_is_refused(fine):
    with pytest.raises(FolderUnusable, match="may not be written"):
        replace(fine, packages=Path("/nowhere/site-packages")).refuse_unwritable()


def test_environment_without_pip_is_told_how_to_get_it(fine):
    with pytest.raises(PackageMissing) as told:
        replace(fine, has_pip=False).refuse_unwritable()
    assert "/py -m ensurepip" in told.value.hint


def test_writable_environment_with_pip_is_fine(fine):
    fine.refuse_unwritable()


def test_needs_of_extras_and_of_other_machines_are_none(tmp_path):
    found = missing(wheel(tmp_path, "nowhere-to-be-had>=1; extra == 'server'", "absent; sys_platform == 'win32'"))
    assert found == []


def test_needs_that_are_met_are_not_asked_for_and_nothing_is_fetched(tmp_path):
    pip, path = Pip(), wheel(tmp_path, "click>=8", "packaging")
    assert install(path, pip).code == 0
    assert pip.asked == [("install", "--no-deps", "--no-index", "--force-reinstall", str(path))]


def test_needs_that_are_missing_or_too_old_come_first(tmp_path):
    pip = Pip()
    install(wheel(tmp_path, "click>=9999", "no-such-package-at-all"), pip)
    assert pip.asked[0] == ("install", "click>=9999", "no-such-package-at-all")
    assert len(pip.asked) == 2


def test_engine_is_not_installed_when_its_needs_cannot_be(tmp_path):
    pip = Pip(code=1)
    assert install(wheel(tmp_path, "no-such-package-at-all"), pip).code == 1
    assert len(pip.asked) == 1


def test_environment_of_this_process_is_known():
    here = Environment.of_process()
    assert here.has_pip
    assert here.packages.is_dir()
