"""`make version` prints the version and sets it everywhere it stands."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ollascope import __version__

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "src" / "ollascope").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "version.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "src" / "ollascope" / "__init__.py", tmp_path / "src" / "ollascope")
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    return tmp_path


def version(tree, *arguments):
    return subprocess.run(
        [tree / "scripts" / "version.sh", *arguments], capture_output=True, text=True, check=False, timeout=20
    )


def test_version_is_printed(tree):
    assert version(tree).stdout == f"{__version__}\n"


def test_version_is_set_in_code_and_changelog(tree):
    assert version(tree, "7.8.9").stdout == f"version: {__version__} -> 7.8.9\n"
    assert version(tree).stdout == "7.8.9\n"
    assert "\n## Unreleased\n\n## 7.8.9 (20" in (tree / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", ["1", "1.2", "v1.2.3", "1.2.3-final", "1.2.3; rm"])
def test_what_is_no_version_is_refused(tree, wrong):
    done = version(tree, wrong)
    assert done.returncode == 2
    assert "write it as 1.2.3" in done.stderr
    assert version(tree).stdout == f"{__version__}\n"
