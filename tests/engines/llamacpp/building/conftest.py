"""A tiny llama-cpp-python that builds in a second, and an environment to install it into."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pip
import pytest

from ollascope.engines.llamacpp.building.environment import Environment

# A PEP 517 backend without needs: it prints what scikit-build-core and ninja print, and compiles one C file.
BACKEND = r"""
import os, pathlib, subprocess, sys, time, zipfile
NAME, INFO = "llama_cpp_python-0.3.36-py3-none-any.whl", "llama_cpp_python-0.3.36.dist-info/"
META = "Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: 0.3.36\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
SEEN = ("SKBUILD_CMAKE_ARGS", "CMAKE_ARGS", "CFLAGS", "CXXFLAGS", "CMAKE_BUILD_PARALLEL_LEVEL", "TMPDIR")

def prepare_metadata_for_build_wheel(folder, settings=None):
    (pathlib.Path(folder) / INFO).mkdir()
    (pathlib.Path(folder) / INFO / "METADATA").write_text(META)
    (pathlib.Path(folder) / INFO / "WHEEL").write_text(WHEEL)
    return INFO.rstrip("/")

def build_wheel(folder, settings=None, metadata=None):
    place = pathlib.Path(os.environ["TINY_PLACE"])
    with (place / "builds").open("a") as file:
        file.write("x")
    (place / "seen").write_text("\n".join(f"{name}={os.environ.get(name)}" for name in SEEN))
    print("*** Configuring CMake...")
    if (place / "broken").exists():
        sys.exit("ggml.c:1:1: error: this does not compile")
    print("*** Building project with Ninja...")
    for step in range(1, 4):
        print(f"[{step}/3] cc -c {step}.c", flush=True)
    if (place / "slow").exists():
        (place / "pid").write_text(str(os.getpid()))
        time.sleep(60)
    features = (place / "features").read_text() if (place / "features").exists() else "CPU : AVX2 = 1 | "
    code = f'const char *llama_print_system_info(void) {{ return "{features}"; }}'
    pathlib.Path("x.c").write_text(code)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "libllama.so", "x.c"], check=True)
    print("*** Making wheel...")
    files = {"llama_cpp/__init__.py": b"", "llama_cpp/lib/libllama.so": pathlib.Path("libllama.so").read_bytes(),
             INFO + "METADATA": META.encode(), INFO + "WHEEL": WHEEL.encode()}
    record = "".join(f"{name},,\n" for name in [*files, INFO + "RECORD"])
    with zipfile.ZipFile(os.path.join(folder, NAME), "w") as archive:
        for name, data in {**files, INFO + "RECORD": record.encode()}.items():
            archive.writestr(name, data)
    return NAME
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "llama_cpp_python"
version = "0.3.36"
"""


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    """The source as an index gives it."""
    path = tmp_path_factory.mktemp("sdist") / "llama_cpp_python-0.3.36.tar.gz"
    facts = "Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: 0.3.36\n"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"pyproject.toml": PROJECT, "backend.py": BACKEND, "PKG-INFO": facts}.items():
            entry = tarfile.TarInfo(f"llama_cpp_python-0.3.36/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where a test tells the build how to go, and the build leaves word of itself."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.setenv("TINY_PLACE", str(folder))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    return folder


@pytest.fixture
def environment(tmp_path):
    """Make a virtual environment that borrows pip and nothing else."""

    def make(name="venv"):
        folder = tmp_path / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        packages = next(folder.glob("lib/python*/site-packages"))
        lent = tmp_path / f"{name}-lent"
        lent.mkdir()
        (lent / "pip").symlink_to(Path(pip.__file__).parent)
        (packages / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
        return Environment(
            python=str(folder / "bin/python"), packages=packages, is_managed=False, has_pip=True
        )  # fmt: skip

    return make
