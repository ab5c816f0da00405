"""What is fuzzed and from where: the tables, and the kept corpus of inputs that once reached something new."""

import ast
from collections.abc import Callable
from pathlib import Path

from tests.pipe.crooked_answers import ROWS as ANSWERS
from tests.pipe.crooked_answers import Script
from tests.pipe.crooked_requests import ROWS as REQUESTS
from tests.pipe.crooked_requests import Sends
from tests.pipe.fuzz.harness import Bench, check_answers, check_requests, some_cuts

FOLDER = Path(__file__).parent
LONGEST = 2500


def check_request_stream(bench: Bench, data: bytes) -> None:
    check_requests(bench, data, some_cuts(data))


def check_answer_stream(bench: Bench, data: bytes) -> None:
    """The first byte says whether the answer is to HEAD."""
    stream = data[1:]
    check_answers(bench, stream, "HEAD" if data[:1] == b"H" else "GET", some_cuts(stream))


CHECKS: dict[str, Callable[[Bench, bytes], None]] = {"requests": check_request_stream, "answers": check_answer_stream}


def seeds(target: str) -> list[bytes]:
    """The rows of the table that are short enough."""
    if target == "requests":
        found = [joined(row.sends) for row in REQUESTS]
    else:
        found = [row.method[:1].encode() + joined(row.script) for row in ANSWERS]
    return [one for one in found if 1 < len(one) <= LONGEST]


def joined(sends: Sends | Script) -> bytes:
    """The bytes without the pauses; nothing for a flood."""
    if callable(sends):
        return b""
    return sends if isinstance(sends, bytes) else b"".join(part for part in sends if isinstance(part, bytes))


def read_corpus(target: str) -> list[bytes]:
    """One bytes literal a line."""
    path = FOLDER / f"{target}.corpus"
    return [ast.literal_eval(line) for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []


def write_corpus(target: str, inputs: set[bytes], most: int = 100_000) -> None:
    """The shortest first, `most` bytes in all."""
    lines: list[str] = []
    for line in sorted((f"{one!r}\n" for one in inputs), key=lambda line: (len(line), line)):
        most -= len(line)
        if most < 0:
            break
        lines.append(line)
    (FOLDER / f"{target}.corpus").write_text("".join(lines), encoding="ascii")
