"""The programs of Debian's packages prometheus and prometheus-alertmanager, without which their tests are skipped."""

import os
import shutil
import subprocess

import pytest

PACKAGES = {
    "prometheus": "prometheus", "promtool": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}  # fmt: skip


@pytest.fixture
def program():
    """Where a program lies; in CI, where the packages are installed, a missing one is a failure."""

    def find(name):
        path = shutil.which(name)
        if path is None and os.environ.get("CI"):
            pytest.fail(f"{name} is missing: install the package {PACKAGES[name]}")
        if path is None:
            pytest.skip(f"{name} is not installed: apt-get install {PACKAGES[name]}")
        return path

    return find


@pytest.fixture
def passes(program):
    """Run a program that must find nothing wrong; what it printed."""

    def run(name, *words, **more):
        done = subprocess.run([program(name), *words], check=False, capture_output=True, timeout=50, **more)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return (done.stdout + done.stderr).decode()

    return run
