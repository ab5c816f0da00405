"""`ollascope fake` as a person or a program starts it: its address, its end, a taken port, a crowd."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack

import pytest

from tests.serve.fronts import COMMAND, started

ENDLESS = b'{"model": "scripted", "prompt": "<|loop|>", "options": {"num_predict": -1}}'


def get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def open_stream(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    line = socket.create_connection((host, int(port)), timeout=10)
    head = f"POST /api/generate HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(ENDLESS)}\r\n\r\n"
    line.sendall(head.encode() + ENDLESS)
    assert line.recv(100).startswith(b"HTTP/1.1 200")
    return line


def test_program_learns_the_address_and_flags_are_obeyed(tmp_path):
    with started("--ttft", "0.01", "--gap", "0.005", data=tmp_path) as (_, url):
        body = json.dumps({"model": "scripted", "prompt": "Hi"}).encode()
        with urllib.request.urlopen(f"{url}/api/generate", body, timeout=10) as answer:
            last = json.loads(answer.read().splitlines()[-1])
        assert (last["prompt_eval_duration"], last["eval_duration"]) == (10_000_000, 35_000_000)
        assert get(f"{url}/fake/truth")["requests"][0]["outcome"] == "ok"


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_within_two_seconds_while_streams_run(name, tmp_path):
    with started(data=tmp_path) as (process, url), open_stream(url):
        began = time.monotonic()
        process.send_signal(name)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 2 + 3  # the promise, and what a busy machine adds
        assert process.stderr.read() == ""


def test_person_reads_one_line_with_the_address(tmp_path):
    process = subprocess.Popen([*COMMAND, f"--data={tmp_path}", "fake", "--port", "0"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    try:
        assert process.stdout.readline().startswith("the fake model server is at http://127.0.0.1:")
    finally:
        process.terminate()
        process.communicate(timeout=10)


def refused(tmp_path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, f"--data={tmp_path}", *words], capture_output=True, text=True, timeout=20, check=False
    )


def test_taken_port_is_one_line_and_a_hint(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = refused(tmp_path, "fake", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    first, hint = done.stderr.splitlines()
    assert "cannot listen on 127.0.0.1" in first
    assert "--port 0" in hint


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_are_not_let_in_unless_that_is_wanted(host, tmp_path):
    done = refused(tmp_path, f"--set=serve.host={host}", "fake", "--port", "0")
    assert done.returncode == 2
    assert "there are no keys" in done.stderr
    assert "serve.beyond_loopback" in done.stderr


@pytest.mark.parametrize("words", [("--port", "70000"), ("--ttft", "-1"), ("--gap", "x"), ("more",)])
def test_wrong_words_are_refused(words, tmp_path):
    done = refused(tmp_path, "fake", *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)


@pytest.mark.slow
def test_2000_connections_against_1000_allowed_get_answers_or_a_plain_503(tmp_path):
    with started(settings=("serve.connections=1000",), data=tmp_path) as (_, url), ExitStack() as lines:
        host, _, port = url.removeprefix("http://").partition(":")

        def ask() -> tuple[int, socket.socket]:
            line = lines.enter_context(socket.create_connection((host, int(port)), timeout=10))
            with contextlib.suppress(OSError):  # of those far over the limit some are hung up on without a word
                line.sendall(b"GET /api/version HTTP/1.1\r\nhost: localhost\r\n\r\n")
                return int((line.recv(100).split() or [b"", b"0"])[1]), line
            return 0, line

        found = [ask() for _ in range(2000)]
        statuses = [status for status, _ in found]
        assert statuses.count(200) == 1000
        assert set(statuses) <= {200, 503, 0}
        assert 503 in statuses
        for _, line in [*found[:10], *found[1000:]]:
            line.close()
        time.sleep(0.05)
        assert ask()[0] == 200


def test_variables_set_what_has_no_flag(tmp_path):
    environ = {**os.environ, "OLLASCOPE__FAKE__ANSWER__TOKENS": "3", "OLLASCOPE__FAKE__MODELS": "only"}
    process = subprocess.Popen([*COMMAND, f"--data={tmp_path}", "fake", "--json", "--port", "0"], env=environ,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    try:
        url = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")["url"]
        assert [model["name"] for model in get(f"{url}/api/tags")["models"]] == ["only:latest"]
    finally:
        process.terminate()
        process.communicate(timeout=10)
