"""The settings of the checks: when they warn, and how long they may take."""

from dataclasses import dataclass

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """When the checks of `ollascope doctor` warn, and how long they may take."""

    memory_warning_mib: int = setting(
        2048, "warn when less memory than this is free, in MiB", minimum=0, at_least="memory_problem_mib"
    )
    memory_problem_mib: int = setting(
        512, "call it a problem when less memory than this is free, in MiB", minimum=0
    )  # fmt: skip
    disk_warning_mib: int = setting(
        5120, "warn when the disk of the data folder has less room than this, in MiB",
        minimum=0, at_least="disk_problem_mib",
    )  # fmt: skip
    disk_problem_mib: int = setting(
        512, "call it a problem when the disk of the data folder has less room than this, in MiB", minimum=0
    )  # fmt: skip
    timeout_s: float = setting(5.0, "give a check up after this many seconds", minimum=0.1, maximum=300)
    workers: int = setting(
        4, "how many checks run at the same time; one that hangs takes a place until its time is over",
        minimum=1, maximum=32, kind="workers",
    )  # fmt: skip
