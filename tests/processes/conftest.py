"""What the tests of the supervisor share: command lines of small programs, free ports, ways to run it."""

import asyncio
import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from ollascope import wire
from ollascope.processes.address import try_port
from ollascope.processes.plan import Child
from tests.processes.stage import PATIENCE_S, running, staged, until

PLANT = "from ollascope import wire\nfrom ollascope.processes.plan import Child\nwire.CHILDREN = {table!r}\n"
PROGRAMS = Path(__file__).with_name("programs.py")
PORTS = count(12_000 + os.getpid() % 900 * 8)  # below those that the system hands out by itself


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("OLLASCOPE")]:
        monkeypatch.delenv(name)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def no_children(monkeypatch):
    """The table is empty but for what a test puts into it."""
    monkeypatch.setattr(wire, "CHILDREN", {})


@pytest.fixture
def program():
    """The command line of one of the small programs."""
    return lambda *words: (sys.executable, "-I", "-S", str(PROGRAMS), *map(str, words))


@pytest.fixture
def port():
    """A free port; each call another one."""
    return lambda: next(number for number in PORTS if try_port("127.0.0.1", number) == 0)


@pytest.fixture
def play(tmp_path):
    """Run a supervisor over a table, do something with it, and stop it; its verdict comes back."""

    def perform(table, action, **limits):
        async def scene(stage):
            task = asyncio.create_task(stage.supervisor.run())
            try:
                await action(stage)
            finally:
                stage.supervisor.stop()
                verdict = await asyncio.wait_for(task, PATIENCE_S)
            return verdict

        with staged(tmp_path / "data", table, **limits) as stage:
            return asyncio.run(scene(stage))

    return perform


@pytest.fixture
def fine(tmp_path, port):
    """Options that leave no reason for a problem: a folder of its own, free ports, no limits."""
    ports = [f"addresses.{name}={port()}" for name in ("dashboard", "gateway", "monitor")]
    limits = [f"checks.{what}_{how}_mib=0" for what in ("memory", "disk") for how in ("warning", "problem")]
    limits.append("llamacpp.demo=false")
    return ["--data", str(tmp_path / "data"), *(f"--set={each}" for each in ports + limits)]


@pytest.fixture
def page(program):
    """A line of the table: the child whose address is for people."""
    return Child(command=program("serve", "{port}"), key="addresses.dashboard", page=True)


@pytest.fixture
def command(tmp_path, fine):
    """Begin `ollascope …` as a program of its own, its table holding what the test wants."""
    begun = []

    def begin(table, *words, before=(), **more):
        plant = tmp_path / "plant"
        plant.mkdir(exist_ok=True)
        path = os.pathsep.join(filter(None, [str(plant), os.environ.get("PYTHONPATH")]))
        (plant / "sitecustomize.py").write_text(PLANT.format(table=table))
        environ = {**os.environ, "PYTHONPATH": path, **more.pop("environ", {})}
        line = [*before, sys.executable, "-m", "ollascope", *fine, *words]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | more
        process = subprocess.Popen(line, env=environ, text=True, **streams)
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    until(lambda: not running(tmp_path / "data"), "the end of all")


@pytest.fixture
def done(command):
    """Run `ollascope …` to its end: exit code and all that it printed."""

    def finish(table, *words, **more):
        process = command(table, *words, **more)
        text = process.communicate(timeout=50)[0]
        return process.returncode, text

    return finish
