"""The dashboard as a process: it starts, streams, stops quickly, refuses a taken port and a missing password."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

PATIENCE_S = 30.0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


class Process:
    """`ollascope dashboard` and how to talk to it."""

    def __init__(self, folder, *words, port=None, before=()):
        self.port = port or free_port()
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("OLLASCOPE", "OLLAMA"))}
        chosen = [f"--set=addresses.dashboard={self.port}", "--set=engines.ollama.url=http://127.0.0.1:9"]
        data = str(folder / "data")
        line = [sys.executable, "-P", "-m", "ollascope", "--data", data, *chosen, *before, "dashboard", *words]
        self.process = subprocess.Popen(
            line, env=kept | {"HOME": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    @contextmanager
    def asking(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()

    def status(self, path):
        with self.asking(path) as answer:
            return answer.status

    def wait(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if self.status("/healthz") == 200:
                    return self
            except OSError:
                assert self.process.poll() is None, self.process.stdout.read()
                time.sleep(0.05)
        raise AssertionError("it does not answer")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.communicate(timeout=PATIENCE_S)[0]


@pytest.fixture
def begin(tmp_path):
    begun = []

    def start(*words, port=None, before=()):
        begun.append(Process(tmp_path, *words, port=port, before=before))
        return begun[-1]

    yield start
    for each in begun:
        each.end()


def test_events_come_and_end_with_the_process(begin):
    running = begin().wait()
    with running.asking("/api/v1/live?topics=now") as answer:
        lines = [answer.readline() for _ in range(4)]
        assert lines[0] == b"retry: 2000\n"
        assert set(json.loads(lines[3].removeprefix(b"data: "))["now"]) >= {"title", "figures", "machine", "health"}
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE_S) == 0
        assert time.monotonic() - began < 20


def test_taken_port_is_one_line_and_a_hint(begin):
    with socket.create_server(("127.0.0.1", 0)) as door:
        ended = begin(port=door.getsockname()[1])
        told = ended.process.communicate(timeout=PATIENCE_S)[0]
    assert ended.process.returncode == 1
    assert "it is taken" in told
    assert "Traceback" not in told


def test_open_address_without_a_password_is_refused(begin):
    ended = begin("--host", "0.0.0.0")
    told = ended.process.communicate(timeout=PATIENCE_S)[0]
    assert ended.process.returncode == 2
    assert "no password is set" in told
    assert "up --lan" in told


def test_password_is_made_and_printed_once(begin):
    made = begin("--new-password")
    password = made.process.communicate(timeout=PATIENCE_S)[0].strip()
    assert made.process.returncode == 0
    assert len(password) == 23
    running = begin(before=("--set=dashboard.password_on_loopback=true",)).wait()
    assert running.status("/") == 302
    assert password not in running.end()
