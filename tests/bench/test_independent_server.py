"""A server that is not ours, guidellm's mock: what it is told to do is what our load tester must see."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from ollascope import cli
from tests.processes.stage import until

PROGRAM = Path.home() / ".cache/ollascope/benchmarks/guidellm-server/bin/guidellm"
TTFT_MS, GAP_MS, TOKENS = 200, 20, 16

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.exists() and not os.environ.get("CI"), reason=f"guidellm is not in {PROGRAM}"),
]


@pytest.fixture
def server(tmp_path):
    """Starts the mock with some more flags; gives its address."""
    started = []

    def start(*flags):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = [PROGRAM, "mock-server", "--host", "127.0.0.1", "--port", str(port), "--model", "mock",
                 "--ttft-ms", str(TTFT_MS), "--itl-ms", str(GAP_MS), *flags]  # fmt: skip
        with (tmp_path / "server.log").open("wb") as log:
            started.append(subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True))
        until(lambda: answers(port), 60)
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.fixture
def measure(tmp_path):
    def run(url, *flags):
        file = tmp_path / "result.json"
        words = ["--data", str(tmp_path / "data"), "bench", "run", "--url", url, "--api", "openai", "--model", "mock"]
        assert cli.run([*words, "--max-tokens", str(TOKENS), *flags, "--json", str(file)]) == 0
        return json.loads(file.read_text())

    return run


def test_times_and_counts_are_those_the_server_was_told(server, measure):
    found = measure(server(), "--concurrency", "4", "--requests", "24")
    assert found["delivered"]["ok"] == 24
    assert found["delivered"]["peak_inflight"] == 4
    assert found["throughput"]["output_tokens_per_s"] is not None
    ttft, gap, tpot = (found["metrics"][name]["p50"] for name in ("ttft_s", "gap_s", "tpot_s"))
    assert TTFT_MS / 1e3 <= ttft < 1.5 * TTFT_MS / 1e3
    assert GAP_MS / 1e3 <= gap < 2 * GAP_MS / 1e3
    assert GAP_MS / 1e3 <= tpot < 2 * GAP_MS / 1e3


def test_tokens_are_counted_exactly(server, measure, tmp_path):
    found = measure(server(), "--concurrency", "3", "--requests", "9")
    lines = (tmp_path / "data/results" / found["run"] / "calls.jsonl").read_text().splitlines()
    assert [json.loads(line)["tokens_out"] for line in lines] == [TOKENS] * 9


def test_refusals_are_counted_by_their_code(server, measure):
    found = measure(server("--fail-after-requests", "5"), "--concurrency", "1", "--requests", "12")
    assert found["delivered"]["ok"] <= 5
    assert found["delivered"]["failed"] == 12 - found["delivered"]["ok"]
    assert found["verdict"] != "VALID"


def answers(port):
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
