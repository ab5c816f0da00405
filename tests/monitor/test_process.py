"""`ollascope monitor` as a process: it answers, watches, is alone, and ends when it is told to."""

import http.client
import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from ollascope.ledger.reading import read_calls, read_samples
from ollascope.processes.address import choose_port
from ollascope.settings.data import create

PATIENCE_S = 40.0


@contextmanager
def monitor(data, port, *words):
    line = [
        sys.executable,
        "-m",
        "ollascope",
        "--data",
        str(data),
        f"--set=addresses.monitor={port}",
        *words,
        "monitor",
    ]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def get(port, path, host="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def until(process, port, path="/readyz"):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if get(port, path)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(process.poll())


@pytest.fixture
def port():
    return choose_port("127.0.0.1")


def test_monitor_becomes_ready_records_and_ends_by_sigterm(data, ledger, port):
    with monitor(data, port) as process:
        until(process, port)
        assert set(json.loads(get(port, "/healthz")[1])["tasks"]) == {
            "sample", "totals", "sums", "upkeep", "daily", "server", "alerts"}  # fmt: skip
        assert b"ollascope_build_info" in get(port, "/metrics")[1]
        assert get(port, "/healthz", host="evil.example")[0] == 403
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(PATIENCE_S) == 0
        assert time.monotonic() - began < 20
        assert "Traceback" not in process.stderr.read()
    assert next(read_samples(ledger)).memory_total_bytes > 0


def test_second_monitor_of_a_data_folder_is_refused(data, port):
    with monitor(data, port) as process:
        until(process, port, "/healthz")
        with monitor(data, choose_port("127.0.0.1")) as second:
            _, err = second.communicate(timeout=PATIENCE_S)
            assert second.returncode == 1
            assert f"watched by process {process.pid}" in err


def test_port_that_is_taken_is_told(data, tmp_path, port):
    with monitor(data, port) as process:
        until(process, port, "/healthz")
        with monitor(tmp_path / "other", port) as second:
            _, err = second.communicate(timeout=PATIENCE_S)
            assert second.returncode == 1
            assert str(port) in err


def test_killed_monitor_leaves_nothing_that_keeps_the_next_from_running(data, port):
    for _ in range(2):
        with monitor(data, port) as process:
            until(process, port)
            process.kill()


def counted(port):
    lines = get(port, "/metrics")[1].decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("ollascope_gateway_requests_total"))


@pytest.mark.slow  # it waits for the first upkeep, which comes after ten seconds
def test_counters_never_fall_over_giving_up_and_a_kill(data, ledger, port, write, make_call, now):
    create(data)
    days = (0, 0, 3, 3, 9)
    write(*[make_call(sent_at=now - 60 - day * 86_400) for day in days])  # two of the last day
    words = ("--set=monitor.upkeep_s=10", "--set=ledger.calls_days=1", "--set=monitor.totals_s=0.5")
    with monitor(data, port, *words) as process:
        until(process, port)
        assert counted(port) == len(days)
        deadline = time.monotonic() + PATIENCE_S
        while sum(1 for _ in read_calls(ledger)) > 2 and time.monotonic() < deadline:
            time.sleep(0.05)
            assert counted(port) == len(days)
        assert sum(1 for _ in read_calls(ledger)) == 2
        process.kill()
    write(make_call(sent_at=now, id="meanwhile"))
    with monitor(data, port, *words) as process:
        until(process, port)
        assert counted(port) == len(days) + 1


@pytest.mark.parametrize("word", ["monitor.sums_s=0", "monitor.language=fr", "monitor.nothing=1", "monitor.token=x"])
def test_wrong_settings_are_named(say, word):
    code, _, err = say(f"--set={word}", "monitor")
    assert code == 2
    assert "monitor." in err
