"""`up` on a machine where the engine's library is not built: it says so, builds beside the rest, and starts it then."""

import json
import os
import subprocess
import sys

import pytest

from ollascope.engines.llamacpp.installed import find_installed
from ollascope.engines.llamacpp.wanted import demo_model, want_demo
from ollascope.engines.settings import Engines
from tests.flows.addresses import apart

# In every process of the test the library is there as soon as the file says so; building it takes a moment.
PLANT = """
import time
from pathlib import Path
import ollascope.engines.llamacpp.building.build as building
import ollascope.engines.llamacpp.installed as installed
from ollascope.engines.llamacpp.building.step import Step
from ollascope import wire
from ollascope.words.errors import PackageMissing

wire.CHILDREN = {{}}
BUILT, really = Path({built!r}), installed.find_installed
installed.find_installed = lambda search=None: really(search) if BUILT.exists() else None

def build(report, wish, stop=None):
    for done in range(4):
        report(Step(stage="compile", done=done, total=4, unit="steps"))
        time.sleep(0.05)
    if {fails!r}:
        raise PackageMissing("no C++ compiler was found", hint="install one")
    BUILT.touch()
    return really()

building.build = build
"""


@pytest.fixture
def up(tmp_path):
    """`ollascope up` as a program of its own, that builds nothing but says that it does."""
    if find_installed() is None or not demo_model().is_file() or not want_demo(Engines(), allowed=True).wanted:
        pytest.skip("the embedded engine would not be started here")
    begun = []

    def begin(*words, fails=False):
        plant = tmp_path / "plant"
        plant.mkdir()
        (plant / "sitecustomize.py").write_text(PLANT.format(built=str(tmp_path / "built"), fails=fails))
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("OLLASCOPE", "OLLAMA"))}
        environ = kept | {"HOME": str(tmp_path), "PYTHONPATH": str(plant)}
        line = [sys.executable, "-m", "ollascope", "--data", str(tmp_path / "data"), *apart(), *words]
        process = subprocess.Popen(line, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        begun.append(process)
        return process

    begin.data = tmp_path / "data"
    yield begin
    for process in begun:
        process.terminate()
        process.communicate(timeout=30)


def heard(process, word):
    """Read until a line with this word; all lines so far."""
    lines = []
    while not lines or word not in lines[-1]:
        line = process.stdout.readline()
        assert line, f"it ended without {word!r}: {lines}"
        lines.append(line)
    return "".join(lines)


def test_library_is_built_beside_the_rest_and_then_the_engine_starts(up):
    said = heard(up("up", "--no-browser"), "DEMO")
    assert said.index("no Ollama answers") < said.index("its library is being built") < said.index("compiling, 2 of 4")


def test_without_a_compiler_it_says_so_and_names_ollama(up):
    process = up("up", "--no-browser", fails=True)
    said = heard(process, "install Ollama")
    assert "engine: no C++ compiler was found; install one, or install Ollama" in said
    assert process.wait(timeout=30) == 1  # nothing else is in the table


def test_in_the_background_it_does_not_wait_for_the_build(up):
    process = up("up", "--detach")
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert "engine" in said
    state = json.loads((up.data / "run" / "state.json").read_text())
    assert state["children"]["engine"]["state"] in {"waiting", "starting", "ready"}
    down = subprocess.run(
        [sys.executable, "-m", "ollascope", "--data", str(up.data), "down"], capture_output=True, text=True, check=False
    )
    assert down.returncode == 0, down.stderr
