"""Rules, channels and grouping as values: what a rules file says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ollascope.monitor.measures import Bound
from ollascope.words.alerts import Severity

Sort = Literal["threshold", "absence", "burn", "anomaly"]
Each = Literal["", "model", "backend"]
ChannelKind = Literal["webhook", "mail", "slack", "feishu", "dingtalk", "wecom", "command"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
EVERY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what makes it hold, for how long, and what the alert then says."""

    name: str
    sort: Sort
    severity: Severity | None = None
    for_s: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    bound: Bound | None = None
    until: float | None = None  # what holds already ends only beyond this
    over_s: float = 300.0
    each: Each = ""
    model: str | None = None
    least: int = 1  # requests below which a threshold says nothing
    what: str = EVERY  # of absence: requests or samples; of burn: an objective; of anomaly: a signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to tell people, and which alerts go there."""

    name: str
    kind: ChannelKind
    severity: Severity = "info"
    match: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    url_file: Path | None = None
    host: str = ""
    port: int = 25
    security: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password_file: Path | None = None
    sender: str = ""
    to: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Which alerts share a notice, and how many notices there may be."""

    group_by: tuple[str, ...] = ("name",)
    wait_s: float = 10.0
    repeat_s: float = 4 * 3600.0
    most_per_hour: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All that a rules file says."""

    rules: tuple[Rule, ...] = ()
    channels: tuple[Channel, ...] = ()
    grouping: Grouping = field(default_factory=Grouping)
