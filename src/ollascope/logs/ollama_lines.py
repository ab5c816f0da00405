"""One line of an Ollama log as a fact: a request that was served, a step of the runner, or something worth a flag."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal

Kind = Literal["started", "cached", "sampling", "prefilled", "decoded", "total", "shifted", "released", "cancelled",
               "refused"]  # fmt: skip

LONGEST = 16_384  # what is worth reading stands at the beginning of a line
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
BEFORE = re.compile(  # what a journal, a container or llama-server writes before the line proper
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s\[]+(?:\[\d+\])?: "
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) "
    r"|\d+\.\d\d\.\d{3}\.\d{3} [A-Z] )"
)
SERVED = re.compile(
    r"\[GIN\] (\d{4})/(\d\d)/(\d\d) - (\d\d):(\d\d):(\d\d) \|\s*(\d{3}) \|\s*([\d.a-zµμ]+) \|\s*(\S+) \|\s*"
    r"([A-Z]+)\s+\"((?:[^\"\\]|\\.)*)\""
)
TOLD = re.compile(r"time=(\S+) level=([A-Z]+) source=(\S+) msg=(\"(?:[^\"\\]|\\.)*\"|\S+)(.*)")
SLOT = re.compile(r"slot\s+\S+: id\s+(\d+) \| task (\d+) \| (.*)")
CANCEL = re.compile(r"srv\s+stop: cancel task, id_task = (\d+)")
REFUSED = re.compile(r"srv\s+send_error: task id = (\d+), error: (.*)")
SPAN = re.compile(r"([\d.]+)(ns|µs|μs|us|ms|s|m|h)")
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
STEPS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"new prompt, .*task\.n_tokens = (\d+)"), "started"),
    (re.compile(r"cached n_tokens = (\d+)"), "cached"),
    (re.compile(r"init sampler\b.*total = (\d+)"), "sampling"),
    (re.compile(r"prompt eval time =\s*([\d.]+) ms /\s*(\d+) tokens"), "prefilled"),
    (re.compile(r"\s*eval time =\s*([\d.]+) ms /\s*(\d+) tokens"), "decoded"),
    (re.compile(r"\s*total time =\s*([\d.]+) ms /\s*(\d+) tokens"), "total"),
    (re.compile(r"slot context shift"), "shifted"),
    (re.compile(r"stop processing: n_tokens = (\d+)"), "released"),
)
FLAGS = (  # how a message begins, what it means, and what must stand in the rest of the line
    ("truncating input prompt", "prompt-truncated", ""),
    ("requested context size too large for model", "context-clamped", ""),
    ("invalid option provided", "option-ignored", ""),
    ("client connection closed before llama-server finished loading", "load-aborted", ""),
    ("do load request", "load-aborted", "context canceled"),
    ("llama-server process no longer running", "runner-killed", ""),
    ("llama runner process no longer running", "runner-killed", ""),
    ("aborting completion request due to client closing the connection", "client-left", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A request that was answered; `at` is the second of the log's clock, or None where it is no date."""

    at: float | None
    status: int
    duration_s: float
    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message of Ollama itself; `flag` is what it means for a request, `kept` the tokens that a cut prompt has."""

    at: float | None
    zone: tzinfo | None
    message: str
    flag: str = ""
    kept: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something the runner did for one of its tasks; `slot` is -1 where it does not say which."""

    kind: Kind
    slot: int
    task: int
    tokens: int = 0
    seconds: float = 0.0


Fact = Access | Told | Step


def read_line(line: str, zone: tzinfo | None = None) -> Fact | None:
    """What a line tells, or None for the many that tell nothing about a request."""
    bare = ESCAPES.sub("", line[:LONGEST]).rstrip("\r\n")
    if found := BEFORE.match(bare):
        bare = bare[found.end() :]
    reader = next((reader for start, reader in _READERS if bare.startswith(start)), None)
    return reader(bare, zone) if reader else None


def span_seconds(said: str) -> float | None:
    """A duration as Go writes it: 854.2µs, 1.5s, 2m0s."""
    parts = SPAN.findall(said)
    if not parts or "".join(number + unit for number, unit in parts) != said:
        return None
    try:
        return sum(float(number) * UNITS[unit] for number, unit in parts)
    except ValueError:  # 1.2.3s
        return None


def _access(line: str, zone: tzinfo | None) -> Access | None:
    found = SERVED.match(line)
    if found is None:
        return None
    *when, status, span, _client, method, path = found.groups()
    duration_s = span_seconds(span)
    if duration_s is None:
        return None
    at = _instant([int(part) for part in when], zone)
    return Access(at=at, status=int(status), duration_s=duration_s, method=method, path=path.partition("?")[0])


def _told(line: str, _zone: tzinfo | None) -> Told | None:
    found = TOLD.match(line)
    if found is None:
        return None
    said, _level, _source, message, rest = found.groups()
    message = message.strip('"')
    try:
        moment: datetime | None = datetime.fromisoformat(said)
    except ValueError:
        moment = None
    at = moment.timestamp() if moment is not None and moment.tzinfo is not None else None
    flag = next((flag for start, flag, also in FLAGS if message.startswith(start) and also in rest), "")
    kept = re.search(r"\bnew=(\d+)", rest) if flag == "prompt-truncated" else None
    return Told(at=at, zone=moment.tzinfo if moment else None, message=message, flag=flag,
                kept=int(kept.group(1)) if kept else None)  # fmt: skip


def _slot(line: str, _zone: tzinfo | None) -> Step | None:
    found = SLOT.match(line)
    if found is None:
        return None
    slot, task, said = int(found.group(1)), int(found.group(2)), found.group(3)
    for pattern, kind in STEPS:
        if step := pattern.match(said):
            numbers = step.groups()
            if len(numbers) == 2:
                seconds = _milliseconds(numbers[0])
                return Step(kind=kind, slot=slot, task=task, seconds=seconds, tokens=int(numbers[1]))
            return Step(kind=kind, slot=slot, task=task, tokens=int(numbers[0]) if numbers else 0)
    return None


def _server(line: str, _zone: tzinfo | None) -> Step | None:
    if found := CANCEL.match(line):
        return Step(kind="cancelled", slot=-1, task=int(found.group(1)))
    if found := REFUSED.match(line):
        return Step(kind="refused", slot=-1, task=int(found.group(1)))
    return None


_READERS: tuple[tuple[str, Callable[[str, tzinfo | None], Fact | None]], ...] = (
    ("[GIN]", _access), ("time=", _told), ("slot ", _slot), ("srv ", _server)
)  # fmt: skip


def _instant(when: list[int], zone: tzinfo | None) -> float | None:
    """The log's own zone where it is known, else that of this machine."""
    year, month, day, hour, minute, second = when
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone or UTC)
        return moment.timestamp() if zone else moment.replace(tzinfo=None).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _milliseconds(said: str) -> float:
    try:
        return float(said) / 1000
    except ValueError:
        return 0.0
