"""The dashboard as a process: it starts, streams, stops quickly, refuses a taken port and a missing password."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

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


def test_what_is_refused_before_any_page_has_the_headers_of_all(begin):
    running = begin().wait()
    wrong = {
        400: b"GARBAGE\r\n\r\n",
        414: b"GET /" + b"a" * 6000 + b" HTTP/1.1\r\n\r\n",
        431: b"GET / HTTP/1.1\r\n" + b"X-A: 1\r\n" * 100 + b"\r\n",
    }
    for status, asked in wrong.items():
        with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S) as line:
            line.sendall(asked)
            answer = http.client.HTTPResponse(line)
            answer.begin()
            assert answer.status == status
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.read().startswith(b"<html>")


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
        b"POST /preferences HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
    ],
    ids=["nothing", "a letter", "half a head", "half a body"],
)
def test_clients_that_do_not_finish_what_they_ask_keep_nobody_waiting(begin, begun):
    running = begin(before=("--set=dashboard.threads=6", "--set=dashboard.streams=0")).wait()
    with ExitStack() as held:
        for _ in range(20):
            slow = held.enter_context(socket.create_connection(("127.0.0.1", running.port)))
            slow.sendall(begun)
        assert running.status("/healthz") == 200


def test_clients_that_do_not_hang_up_keep_nobody_waiting(begin):
    running = begin().wait()
    asked = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(socket.create_connection(("127.0.0.1", running.port))).sendall(asked)
        began = time.monotonic()
        assert running.status("/healthz") == 200
        assert time.monotonic() - began < 20  # gunicorn alone would wait two seconds for each, one after the other


def test_clients_that_take_nothing_of_their_answer_keep_nobody_waiting(begin):
    running = begin(before=("--set=dashboard.threads=6", "--set=dashboard.streams=0")).wait()
    asked = b"GET /static/x/plotly.min.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 4
    with ExitStack() as held:
        for _ in range(20):
            slow = held.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", running.port))
            slow.sendall(asked)
        assert running.status("/healthz") == 200
