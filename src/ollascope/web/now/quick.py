"""A quick look at the model server by one click: a process of its own, one at a time, and what it said."""

import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from ollascope.words.errors import BadUsage

LONGEST_S: Final = 300.0  # a quick look takes under a minute; whatever takes so long hangs
LAST_WAIT_S: Final = 5.0
LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was seen with so many users at once."""

    users: int
    ok: int
    failed: int
    requests_per_s: float | None
    tokens_per_s: float | None
    ttft_p50_s: float | None
    ttft_p95_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """How the quick look of this process stands."""

    running: bool = False
    model: str = ""
    demo: bool = False
    steps: tuple[Step, ...] = ()
    limit: str = ""
    advice: str = ""
    trouble: str = ""


class QuickLooks:
    """Starts quick looks, one at a time."""

    def __init__(self, program: Sequence[str]) -> None:
        self._command = [*program, "--quiet", "quick", "--json"]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.last: Quick | None = None

    def begin(self) -> None:
        """Start one; a second one beside it would measure the first."""
        with self._lock:
            if self._process is not None:
                raise BadUsage("a quick look is on its way already", hint="its result comes within a minute")
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(
                self._command, stdin=quiet, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=False
            )
            self.last = Quick(running=True)
        threading.Thread(target=self._follow, args=(self._process,), name="quick", daemon=True).start()

    def close(self) -> None:
        """End what runs."""
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(LAST_WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def _follow(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            out, err = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        self.last = read_quick(out[:LARGEST]) if process.returncode == 0 else Quick(trouble=_last_words(err))
        with self._lock:
            self._process = None


def read_quick(text: bytes) -> Quick:
    """What a quick look said, as far as it can be read."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Quick(trouble="it said nothing that can be read")
    limit = told.get("limit") or {}
    return Quick(
        model=str(told.get("model") or ""),
        demo=bool(told.get("demo")),
        steps=tuple(_step(each) for each in told.get("users") or ()),
        limit=str(limit.get("text") or ""),
        advice=str(told.get("next") or ""),
    )


def _step(told: dict[str, object]) -> Step:
    ttft = told.get("ttft_s")
    times = ttft if isinstance(ttft, dict) else {}
    return Step(
        users=_count(told.get("users")),
        ok=_count(told.get("ok")),
        failed=_count(told.get("failed")),
        requests_per_s=_number(told.get("requests_per_s")),
        tokens_per_s=_number(told.get("output_tokens_per_s")),
        ttft_p50_s=_number(times.get("p50")),
        ttft_p95_s=_number(times.get("p95")),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _last_words(err: bytes) -> str:
    """The first line of an error: the hint under it is for a terminal."""
    lines = [line for line in err.decode("utf-8", "replace").splitlines() if line.startswith("ollascope:")]
    return lines[-1].removeprefix("ollascope:").strip()[:500] if lines else "it ended without a word"
