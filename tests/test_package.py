"""The wheel works by itself: in an empty environment, from an empty folder, small enough."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIMIT_MB = 150
NOT_OURS = {"pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment that holds only the wheel built from this checkout, through its source archive."""
    folder = tmp_path_factory.mktemp("package")
    build = [sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=120)
    wheel = next((folder / "dist").glob("*.whl"))
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "-qqq", "install", wheel]
    subprocess.run(pip, check=True, timeout=500)
    return folder


def ask(installed, *arguments):
    empty = installed / "empty"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [installed / "venv" / "bin" / "ollascope", *arguments], cwd=empty, capture_output=True, text=True, check=False,
        timeout=60, env={"PATH": "/usr/bin:/bin", "HOME": str(empty)},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_installed_program_runs_from_an_empty_folder(installed):
    done = ask(installed, "version", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("folder", ["templates", "config", "models"])
def test_shipped_folder_is_in_the_wheel_whole(installed, folder):
    script = f"from ollascope.settings.shipped import shipped; print(shipped({folder!r}))"
    python = installed / "venv" / "bin" / "python"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    inside = Path(done.stdout.strip())
    assert installed in inside.parents
    wanted = {path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert {path.relative_to(inside) for path in inside.rglob("*") if path.is_file()} == wanted != set()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_documents_are_in_the_wheel_without_their_pictures(installed):
    shipped = next((installed / "venv").glob("lib/python*/site-packages/ollascope/_shipped"))
    wanted = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert {str(path.relative_to(shipped / "docs")) for path in (shipped / "docs").rglob("*")} == wanted != set()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pages_are_made_from_the_wheels_own_templates(installed):
    done = ask(installed, "doctor", "--html", "checks.html")
    assert done.returncode in {0, 1}, done.stderr
    assert "<title>" in (installed / "empty" / "checks.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_wheel_made_through_the_source_archive_knows_its_commit(installed):
    commit = json.loads(ask(installed, "version", "--json").stdout)["commit"]
    head = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert len(commit) == 12
    assert head.stdout.startswith(commit)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_base_install_is_small(installed):
    packages = next((installed / "venv").glob("lib/python*/site-packages"))
    total = sum(
        path.stat().st_size
        for path in packages.rglob("*")
        if path.is_file() and path.relative_to(packages).parts[0].split("-")[0] not in NOT_OURS
    )
    assert total / 1e6 <= LIMIT_MB
