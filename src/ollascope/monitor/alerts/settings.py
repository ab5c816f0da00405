"""Section `alerts`: where the rules lie and how often they are judged."""

from dataclasses import dataclass
from pathlib import Path

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Where the rules lie and how often they are judged."""

    file: Path | None = setting(None, "YAML file with rules, channels and how notices are grouped; null: no rules")
    every_s: float = setting(15.0, "seconds between two times that everything is judged", minimum=1, maximum=3600)
    anomalies: bool = setting(True, "judge what stands out of its own past, without any rule")
    stale_s: float = setting(
        3600.0, "an alert of which nothing is known for so long ends", minimum=60, maximum=7 * 86_400
    )
    history: int = setting(1000, "how many past events are kept", minimum=1, maximum=100_000)
