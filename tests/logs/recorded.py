"""The recorded logs and exchanges of real servers, as the tests of this room read them."""

import json
from collections.abc import Iterator
from pathlib import Path

from ollascope.logs.ollama import ACTIONS, OllamaLog, Served

FIXTURES = Path(__file__).parent.parent / "fixtures"
OLLAMA_032 = "ollama-0.32.15"
OLLAMA_024 = "ollama-0.24.0"


def log_lines(folder: str, name: str = "serve.log") -> list[str]:
    return (FIXTURES / "ollama-logs" / folder / name).read_text(encoding="utf-8", errors="replace").split("\n")


def read_log(folder: str, name: str = "serve.log") -> list[Served]:
    return read_lines(log_lines(folder, name))


def read_lines(lines: list[str]) -> list[Served]:
    log = OllamaLog()
    return [served for line in lines for served in log.feed(line)] + log.settle()


def exchanges(folder: str) -> Iterator[tuple[str, dict]]:
    """Every recorded request to a model, by name."""
    for path in sorted((FIXTURES / "transcripts" / folder).glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["request"]["method"] == "POST" and told["request"]["path"] in ACTIONS:
            yield path.stem, told


def final(told: dict) -> dict | None:
    """The last line of a native answer that reached its end."""
    answer = told["response"]
    if not answer or answer["status"] != 200:
        return None
    lines = "".join(text for _, text in answer["pieces"]).strip().splitlines()
    try:
        last = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return last if isinstance(last, dict) and last.get("done") and "eval_count" in last else None
