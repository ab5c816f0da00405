"""Section `monitor`: what the watching process does, how often, and whom it lets look."""

from dataclasses import dataclass
from typing import Literal

from ollascope.words.setting import Secret, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """What the watching process does, how often, and whom it lets look."""

    totals_s: float = setting(
        5.0, "seconds between two times that new Calls are counted for /metrics", minimum=0.5, maximum=3600
    )
    sums_s: float = setting(60.0, "seconds between two times that new Calls are summed up", minimum=1, maximum=3600)
    upkeep_s: float = setting(
        3600.0, "seconds between two times that finished files are compressed and old ones given up",
        minimum=10, maximum=86_400,
    )  # fmt: skip
    follow_s: float = setting(
        1.0, "seconds between two looks into the log of an Ollama, where logs.ollama names one",
        minimum=0.1, maximum=3600,
    )  # fmt: skip
    server_s: float = setting(
        15.0, "seconds between two looks at the model server: whether it answers, which models are in memory",
        minimum=1, maximum=3600,
    )  # fmt: skip
    daily: bool = setting(True, "write a page about each day when it is over, into the folder summaries")
    daily_days: int = setting(400, "keep these pages so many days", minimum=1)
    language: Literal["en", "zh"] = setting("en", "language of these pages")
    token: Secret = setting(Secret(""), "what /metrics asks for as `Authorization: Bearer …`; empty asks for nothing")
    beyond_loopback: bool = setting(
        False, "let other machines read /metrics without a token, because the network is private"
    )
