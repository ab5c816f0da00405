"""Does this build compute right on this processor? Tried once in a process of its own, then remembered."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ollascope.engines.llamacpp.asking import PROGRAM, Outcome, ask
from ollascope.engines.llamacpp.installed import Installed, need_installed
from ollascope.engines.llamacpp.recipe import PACKAGE
from ollascope.host.files import text
from ollascope.processes.files import private_folder, trouble, write_whole
from ollascope.words.errors import LoadFailed, RecordInvalid
from ollascope.words.record import Json, dumps, loads

MEMORY = "engine-probe.json"  # in the data folder
LIMIT_S = 60.0  # a fraction of a second of work, on a machine that may be busy compiling
FORMAT = "1"
TELLING = frozenset({"vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags", "Features"})
REBUILD = "build it for this processor: `ollascope engine build --fresh`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """A tiny model of quantised weights whose answer is known."""

    write: Callable[[Path], None]
    prompt: str
    answer: str
    tokens: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of one build on one processor.

    `guard` tells whoever loads a model to set `use_extra_bufts=False`; a broken build must not be used at all.
    """

    state: Literal["right", "guarded", "broken"]
    reason: str  # what went wrong without the guard, or with it
    mark: str  # of the build and the processor
    took_s: float
    extra: Mapping[str, Json] = field(default_factory=dict)

    @property
    def guard(self) -> bool:
        return self.state == "guarded"

    def insist(self) -> None:
        """Refuse a build that must not be used."""
        if self.state == "broken":
            raise LoadFailed(f"{PACKAGE} does not compute right on this processor: {self.reason}", hint=REBUILD)


def probe(
    exam: Exam,
    memory: Path | None = None,
    *,
    here: Installed | None = None,
    limit_s: float = LIMIT_S,
    program: Sequence[str] = PROGRAM,
) -> Verdict:
    """The remembered verdict on the build that is installed, or that of an exam held now."""
    here = here or need_installed()
    if memory and (known := recall(memory, here)):
        return known
    verdict, final = _examine(exam, mark_of(here), limit_s, program)
    if memory and final:
        private_folder(memory.parent)
        try:
            write_whole(memory, (dumps(verdict) + "\n").encode())
        except OSError as error:
            raise trouble(memory, error) from error
    return verdict


def recall(memory: Path, here: Installed, *, root: Path = Path("/")) -> Verdict | None:
    """What is remembered of this very build on this very processor."""
    try:
        known = loads(Verdict, memory.read_bytes())
    except (OSError, RecordInvalid):
        return None
    return known if known.mark == mark_of(here, root) else None


def mark_of(here: Installed, root: Path = Path("/")) -> str:
    """Changes with the build, its place and the processor."""
    found = hashlib.sha256(f"{FORMAT}\n{here.version}\n{here.folder}\n{here.mark}\n".encode())
    for line in text(root / "proc/cpuinfo").split("\n\n", 1)[0].splitlines():
        if line.partition(":")[0].strip() in TELLING:
            found.update(line.encode())
    return found.hexdigest()[:16]


def _examine(exam: Exam, mark: str, limit_s: float, program: Sequence[str]) -> tuple[Verdict, bool]:
    """The verdict, and whether it is one to remember: a machine that was too busy may have time later."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ollascope-probe-") as folder:
        model = Path(folder) / "exam.gguf"
        exam.write(model)
        bare = _try(exam, model, guard=False, limit_s=limit_s, program=program)
        guarded = None if _is_right(bare, exam) else _try(exam, model, guard=True, limit_s=limit_s, program=program)
    state: Literal["right", "guarded", "broken"] = "right"
    if guarded:
        state = "guarded" if _is_right(guarded, exam) else "broken"
    reason = "" if guarded is None else _told(bare if state == "guarded" else guarded, exam)
    verdict = Verdict(state=state, reason=reason, mark=mark, took_s=round(time.monotonic() - began, 3))
    return verdict, "hung" not in {bare.ending, guarded.ending if guarded else ""}


def _try(exam: Exam, model: Path, *, guard: bool, limit_s: float, program: Sequence[str]) -> Outcome:
    return ask(
        {"model": os.fspath(model), "prompt": exam.prompt, "tokens": exam.tokens, "guard": guard},
        limit_s=limit_s, program=program,
    )  # fmt: skip


def _is_right(outcome: Outcome, exam: Exam) -> bool:
    return outcome.ending == "answered" and outcome.said == exam.answer


def _told(outcome: Outcome, exam: Exam) -> str:
    if outcome.ending == "answered":
        return f"said {outcome.said[:60]!r} instead of {exam.answer[:60]!r}"
    return outcome.said
