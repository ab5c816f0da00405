"""The machine beside a run: read in a thread of its own, with the processes of server and client."""

import json
import os
import socket
import subprocess
import sys
import time

from ollascope.bench.running.machine import Watch, own_processes
from tests.processes.stage import until

SERVING = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)
"""


def read(folder):
    path = folder / "samples.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_samples_tell_time_from_the_start_and_our_own_processes(tmp_path):
    with Watch(tmp_path, None, time.monotonic) as watch:
        watch.count_in(own_processes())
        watch.begin(time.monotonic())
        found = until(lambda: len(read(tmp_path)) > 1 and read(tmp_path), "two readings")
    assert 0 <= found[0]["at_s"] < found[1]["at_s"] < 20
    assert os.getpid() in {one["pid"] for one in found[0]["processes"] if one["role"] == "client"}
    assert (tmp_path / "samples.jsonl").stat().st_mode & 0o777 == 0o600


def test_watch_that_never_begins_writes_nothing(tmp_path):
    with Watch(tmp_path, None, time.monotonic):
        pass
    assert read(tmp_path) == []


def test_full_disk_loses_readings_and_nothing_else(tmp_path):
    (tmp_path / "samples.jsonl").mkdir()
    with Watch(tmp_path, None, time.monotonic) as watch:
        watch.begin(time.monotonic())
        until(lambda: watch.lost, "a lost reading")
    assert watch.lost >= 1


def test_process_that_listens_on_the_port_is_the_server(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", SERVING], stdout=subprocess.PIPE, text=True)
    try:
        with Watch(tmp_path, int(child.stdout.readline()), time.monotonic) as watch:
            assert child.pid in watch.pids
    finally:
        child.kill()
        child.communicate()


def test_our_own_socket_is_no_server(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as own, Watch(tmp_path, own.getsockname()[1], time.monotonic) as watch:
        assert os.getpid() not in watch.pids
