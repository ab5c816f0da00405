"""Measures the load client against the fake's truth, each promise with its figure; `--quick` for a first look."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench_parts import arrivals, streams
from pipe_parts.settings import Settings
from pipe_parts.table import Row, draw

MEASURES: dict[str, Callable[[Settings], Iterator[Row]]] = {"streams": streams.measure, "arrivals": arrivals.measure}


def main() -> None:
    """Run the measurements that were asked for; the exit code tells of breakage only, never of a missed promise."""
    words = _read_words()
    settings = Settings(
        rounds=words.rounds or (1 if words.quick else 3),
        quick=words.quick,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load average {os.getloadavg()[0]:.2f}")
    rows: list[Row] = []
    for name in words.only or MEASURES:
        started = time.monotonic()
        settings.say(f"{name} ...")
        rows += MEASURES[name](settings)
        settings.say(f"{name}: {time.monotonic() - started:.0f} s, load average {os.getloadavg()[0]:.2f}")
    print(draw(rows))
    missed = [row.name for row in rows if row.verdict == "MISSED"]
    print(f"missed: {', '.join(missed)}" if missed else "every promise was kept")
    if words.json:
        Path(words.json).write_text(json.dumps([asdict(row) | {"verdict": row.verdict} for row in rows], indent=1))


def _read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASURES), help="one measurement; may be given again")
    parser.add_argument("--rounds", type=int, help="how often everything is measured; the best counts (3; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="a first look: one round, shorter runs")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
