"""scripts/setup.sh says in plain words what is missing, with a hint, and leaves nothing half made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOOLS = ("bash", "dirname", "uname", "head", "tail", "grep", "rm", "mkdir", "touch", "env", "sed", "cat")


@pytest.fixture
def checkout(tmp_path):
    """A copy of what setup needs, and a PATH that holds only the tools a test lets it find."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "tree" / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "tree" / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "tree")
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def set_up(checkout, **environment):
    return subprocess.run(
        ["bash", checkout / "tree" / "scripts" / "setup.sh", "base"], capture_output=True, text=True, check=False,
        timeout=50, env={"PATH": str(checkout / "bin"), "HOME": str(checkout), **environment},
    )  # fmt: skip


def pretend(checkout, name, script):
    path = checkout / "bin" / name
    assert not path.is_symlink(), "this would write into a real program"
    path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_no_python_is_told_with_what_to_install(checkout):
    done = set_up(checkout)
    assert done.returncode == 1
    assert done.stderr.startswith("setup: no Python 3.11 to 3.13 was found (looked at: python3, ")
    assert done.stderr.endswith("make setup PYTHON=/path/to/python3\n")
    assert done.stderr.count("\n") == 2


def test_old_python_is_passed_over(checkout):
    pretend(checkout, "python3", "exit 1")
    done = set_up(checkout)
    assert done.returncode == 1
    assert "no Python 3.11 to 3.13 was found" in done.stderr


def test_python_that_was_named_is_not_replaced_by_another(checkout):
    pretend(checkout, "python3", "exit 0")
    done = set_up(checkout, PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert done.stderr.startswith("setup: /nowhere/python3 is no Python 3.11 to 3.13\n")


def test_missing_venv_module_is_told_and_leaves_no_venv(checkout):
    broken = 'mkdir -p "$3"; echo "ensurepip is not available"; exit 1'
    pretend(checkout, "python3", f'if [ "$2" = venv ]; then {broken}; fi; exit 0')
    done = set_up(checkout)
    assert done.returncode == 1
    assert "cannot make a virtual environment: ensurepip is not available" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / "tree" / ".venv").exists()


def test_foreign_system_is_told(checkout):
    (checkout / "bin" / "uname").unlink()
    pretend(checkout, "uname", "echo Minix")
    done = set_up(checkout)
    assert done.returncode == 1
    assert done.stderr == "setup: Ollascope does not run on Minix\n  it runs on Linux; on Windows use WSL\n"


def fake_venv(checkout, script):
    """A .venv whose python answers pip as the test says."""
    folder = checkout / "tree" / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "activate").write_text(f"VIRTUAL_ENV={folder.parent}\n", encoding="utf-8")
    script = f'[ "$1" = -c ] || [ "$3" = --version ] && exit 0; {script}'
    (folder / "python").write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    (folder / "python").chmod(0o755)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("Failed to establish a new connection", "name a mirror near you: PIP_INDEX_URL="),
        ("ERROR: No matching distribution found for hatchling", "name a mirror near you: PIP_INDEX_URL="),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("something else", "make clean && make setup starts afresh"),
    ],
)
def test_failed_install_shows_pips_words_and_what_to_do(checkout, words, hint):
    fake_venv(checkout, f'echo "{words}"; exit 1')
    done = set_up(checkout)
    assert done.returncode == 1
    assert words in done.stderr
    assert hint in done.stderr
    assert not (checkout / "tree" / ".venv" / ".base").exists()


NO_ENGINE = '[ "$3" != engine ] || exit 1'


def test_missing_compiler_is_a_word_and_no_failure(checkout):
    fake_venv(checkout, NO_ENGINE)
    done = set_up(checkout)
    assert done.returncode == 0
    assert "no C++ compiler was found" in done.stdout
    assert (checkout / "tree" / ".venv" / ".base").exists()


def test_engine_that_is_not_built_is_no_failure_and_the_command_is_told(checkout):
    fake_venv(checkout, NO_ENGINE)
    pretend(checkout, "c++", "exit 0")
    done = set_up(checkout)
    assert done.returncode == 0
    assert ".venv/bin/ollascope engine build compiles it once" in done.stdout


def test_engine_that_was_built_before_is_taken_and_never_compiled(checkout):
    fake_venv(checkout, f'echo "$*" >> "{checkout}/asked"; [ "$3" != engine ] || echo "llama-cpp-python is built"')
    done = set_up(checkout)
    assert done.returncode == 0
    assert done.stdout.endswith("setup: llama-cpp-python is built\n")
    assert "-m ollascope engine build --no-compile\n" in (checkout / "asked").read_text()


@pytest.mark.slow
def test_unreachable_index_is_told_with_the_mirror_hint(checkout):
    pretend(checkout, "python3", f'exec "{os.path.realpath(sys.executable)}" "$@"')
    done = set_up(checkout, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_CONFIG_FILE="/dev/null")
    assert done.returncode == 1
    assert "PIP_INDEX_URL=" in done.stderr


def test_broken_venv_is_made_again(checkout):
    folder = checkout / "tree" / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text("#!/bin/bash\nexit 1\n", encoding="utf-8")
    (folder / "python").chmod(0o755)
    pretend(checkout, "python3", 'if [ "$2" = venv ]; then echo "made again"; exit 1; fi; exit 0')
    assert "made again" in set_up(checkout).stderr


def test_venv_of_a_checkout_that_was_moved_is_made_again(checkout):
    fake_venv(checkout, "exit 0")
    (checkout / "tree" / ".venv" / "bin" / "activate").write_text("VIRTUAL_ENV=/elsewhere/.venv\n", encoding="utf-8")
    pretend(checkout, "python3", 'if [ "$2" = venv ]; then echo "made again"; exit 1; fi; exit 0')
    assert "made again" in set_up(checkout).stderr
