"""Section `ledger`: how soon records reach the disk, and how long they are kept."""

from dataclasses import dataclass
from pathlib import Path

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How soon records reach the disk, how long they are kept, and where they go then."""

    flush_ms: int = setting(
        200, "write records to their file at least this often; a killed process loses at most this much",
        minimum=1, maximum=60_000,
    )  # fmt: skip
    sync_s: float | None = setting(
        5.0, "force records onto the disk at least this often, in seconds; a power cut takes at most these; "
        "0 is at every write, null leaves it to the system", minimum=0, maximum=3600,
    )  # fmt: skip
    buffer_records: int = setting(
        20_000, "how many records wait in memory while the disk is full or slow; more are not recorded, but counted",
        minimum=100, maximum=10_000_000,
    )  # fmt: skip
    segment_mib: int = setting(64, "begin another file when one has grown to this size, in MiB", minimum=1)
    calls_days: int | None = setting(90, "keep Calls and their amendments this many days; null is for ever", minimum=1)
    calls_mib: int | None = setting(4096, "keep at most this much of Calls, in MiB; null is no limit", minimum=1)
    samples_days: int | None = setting(30, "keep Samples this many days; null is for ever", minimum=1)
    samples_mib: int | None = setting(1024, "keep at most this much of Samples, in MiB; null is no limit", minimum=1)
    minutes_days: int = setting(14, "keep the sums per minute this many days", minimum=2)
    hours_days: int = setting(
        400, "keep the sums per hour this many days; they outlive the Calls they come from",
        minimum=2, at_least="minutes_days",
    )  # fmt: skip
    archive: Path | None = setting(
        None, "move what is no longer kept into this folder; null removes it", kind="folder"
    )  # fmt: skip
