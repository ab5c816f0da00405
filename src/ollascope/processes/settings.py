"""Section `processes`: how `ollascope up` starts, restarts and stops its children."""

from dataclasses import dataclass

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """How `ollascope up` starts, restarts and stops its children."""

    start_s: float = setting(
        60.0, "start a child again when its address does not answer after this many seconds", minimum=1, maximum=3600
    )
    stop_s: float = setting(
        4.0, "seconds a child has to end by itself (SIGTERM) before it is killed (SIGKILL)", minimum=0.1, maximum=300
    )
    backoff_s: float = setting(
        0.25, "wait this many seconds before the first restart of a child; each further one waits twice as long",
        minimum=0.01, maximum=60,
    )  # fmt: skip
    longest_s: float = setting(
        30.0, "wait at most this many seconds before a restart", minimum=0.01, maximum=3600, at_least="backoff_s"
    )
    crashes: int = setting(
        5, "give a child up when it has ended this many times within `within_s`", minimum=1, maximum=1000
    )
    within_s: float = setting(60.0, "the seconds within which ends of a child are counted", minimum=1, maximum=86_400)
    log_mib: int = setting(
        16, "keep at most this much of what each child prints, in MiB; the oldest goes first", minimum=1, maximum=65_536
    )
    browser: bool = setting(True, "open the pages in the browser when `up` runs on a desktop")
