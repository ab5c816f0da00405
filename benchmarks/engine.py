"""Measures the embedded engine beside its peers and its promises: `python benchmarks/engine.py --quick`."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from engine_parts import leave, same, speed, steady
from engine_parts.noise import Watch
from engine_parts.settings import Settings
from pipe_parts.table import Row, draw

MEASURES: dict[str, Callable[[Settings], Iterator[Row]]] = {
    "speed": speed.measure,
    "demo": speed.measure_demo,
    "same": same.measure,
    "leave": leave.measure,
    "steady": steady.measure,
}


def main() -> None:
    """Run the measurements that were asked for; the exit code tells of breakage only, never of a missed promise."""
    words = _read_words()
    watch = Watch([])
    time.sleep(1)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; before it began: {watch.read()}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="engine-benchmark-") as folder:
        settings = Settings(
            folder=Path(folder), rounds=words.rounds or (1 if words.quick else 3), quick=words.quick,
            threads=words.threads, portable=words.portable,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )  # fmt: skip
        for name in words.only or MEASURES:
            started = time.monotonic()
            settings.say(f"{name} ...")
            for row in MEASURES[name](settings):
                settings.say(f"  {row.name}: {row.figure:.4g} {row.unit} {row.promise} {row.verdict}")
                rows.append(row)
            settings.say(f"{name}: {time.monotonic() - started:.0f} s, load average {os.getloadavg()[0]:.2f}")
    print(draw(rows))
    missed = [row.name for row in rows if row.verdict == "MISSED"]
    unjudged = sum("too busy to judge" in row.note for row in rows)
    print(f"missed: {', '.join(missed)}" if missed else "no promise was missed", end="")
    print(f"; {unjudged} could not be judged on this busy machine" if unjudged else "")
    if words.json:
        Path(words.json).write_text(json.dumps([asdict(row) | {"verdict": row.verdict} for row in rows], indent=1))


def _read_words() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASURES), help="one measurement; may be given again")
    parser.add_argument("--rounds", type=int, help="how often the peers are measured, in turns (3; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="a first look: fewer rounds, shorter runs")
    parser.add_argument("--threads", type=int, default=cores, help=f"that every peer computes with ({cores})")
    parser.add_argument("--portable", type=Path, metavar="WHEEL", help="llama-cpp-python built without AVX-512")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
