"""Exchanges left in random phases by either side: a small part of what `benchmarks/pipe.py --only leave` does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "pipe.py"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The rows of one small run, by name."""
    told = tmp_path_factory.mktemp("leaving") / "rows.json"
    words = ["--only", "leave", "--exchanges", "300", "--rounds", "1", "--json", str(told)]
    subprocess.run([sys.executable, str(BENCHMARK), *words], check=True, timeout=50, capture_output=True)
    return {row["name"]: row for row in json.loads(told.read_text())}


@pytest.mark.parametrize(
    "name",
    [
        "foreign bytes, false ends, never heard",
        "sockets left behind",
        "tasks left behind",
        "connections and exchanges left behind",
    ],
)
def test_nothing_stays_of_exchanges_that_were_left(rows: dict[str, dict[str, Any]], name: str) -> None:
    assert rows[name]["figure"] == 0, rows[name]["note"]


def test_the_side_that_stays_hears_of_the_leaving(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["300 exchanges left: the other side hears, p99"]
    assert row["more"]["parts"][0]["heard"] > 100
    assert row["figure"] < 20 * 5.0  # the promise, which a busy machine leaves unjudged


def test_both_sides_leave_in_every_phase(rows: dict[str, dict[str, Any]]) -> None:
    phases = rows["300 exchanges left: the other side hears, p99"]["more"]["parts"][0]["phases"]
    seen_from_the_client = {"before the head", "in the head", "in the body", "waiting", "in the answer"}
    assert set(phases) >= {f"client, {phase}" for phase in seen_from_the_client}
    assert set(phases) >= {"upstream, before the head", "upstream, in the head", "upstream, in the body"}
