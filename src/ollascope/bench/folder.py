"""The folder of one run: what lies in it under which name."""

from pathlib import Path
from typing import Final

ASKED: Final = "asked.json"  # Asked, before anything starts
RUN: Final = "run.json"  # the Run; ended_at and verdict come at the end
ABOUT: Final = "about.json"  # About: what only the run itself knows
CALLS: Final = "calls.jsonl"  # every Call in the order of sending; made at the end from the workers' files
WORKER: Final = "calls-{worker}.jsonl"  # a worker's Calls, in the order of their ends, one write each
GAPS: Final = "gaps-{worker}.f32"  # the gaps of its answers one by one, 32-bit floats of this machine, up to a million
SAMPLES: Final = "samples.jsonl"  # Samples of the machine
LIVE: Final = "live.json"  # how it stands at this moment; gone when it has ended
RESULT: Final = "result.json"  # the Result
REPORT: Final = "report.html"

STAGE: Final = "stage"
"""Key of `Call.extra` in a run: number of the stage."""
PHASE: Final = "phase"
"""Key of `Call.extra` in a run: "warm-up" or "cool-down"; absent where the Call counts."""
SHOT: Final = "shot"
"""Key of `Call.extra` in a run: number of the shot, the same whatever the number of workers."""
USER: Final = "user"
TURN: Final = "turn"
AT: Final = "at_s"
"""Key of `Call.extra` in a run: when it was sent, in seconds from the start of the run by the monotonic clock."""


def results(data_folder: Path) -> Path:
    """Where all runs lie."""
    return data_folder / "results"
