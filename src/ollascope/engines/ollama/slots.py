"""How many requests the Ollama of this machine serves at once, as far as its processes and its service tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ollascope.engines.ollama.service import Run, find_processes, read_environment, read_service, run
from ollascope.engines.ollama.state import read_launch
from ollascope.engines.ollama.versions import Version
from ollascope.host.processes import Known

ONE_SINCE: Final[Version] = (0, 11, 0)  # before, Ollama chose between one and four by itself
PARALLEL: Final = "OLLAMA_NUM_PARALLEL"
QUEUE: Final = "OLLAMA_MAX_QUEUE"
USUAL_QUEUE: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Requests served at once, and how many may wait for a model to be loaded; None is not known.

    Those that wait for a slot of a loaded model are not bounded.
    """

    parallel: int | None = None
    queue: int | None = None
    source: str = ""


def read_slots(root: Path, version: Version | None, ask: Run = run) -> Slots:
    """By the command lines of runners, else by what the server was started with, else by its service."""
    processes = find_processes(root)
    environment, source = _environment(root, processes, ask)
    queue = _number(environment, QUEUE, USUAL_QUEUE)
    told = {launch.parallel for process in processes if (launch := read_launch(process)) is not None}
    if len(told) == 1:
        return Slots(parallel=told.pop(), queue=queue, source="the command line of its runner")
    usual = 1 if version is not None and version >= ONE_SINCE else None
    parallel = _number(environment, PARALLEL, usual)
    return Slots(parallel=parallel, queue=queue, source=source if parallel is not None else "")


def _environment(root: Path, processes: Sequence[Known], ask: Run) -> tuple[Mapping[str, str] | None, str]:
    for process in processes:
        if process.role == "server" and (found := read_environment(root, process)) is not None:
            return found, "what it was started with"
    service = read_service(root, ask)
    return (service.environment, "its service") if service is not None else (None, "")


def _number(environment: Mapping[str, str] | None, name: str, usual: int | None) -> int | None:
    if environment is None:
        return None
    said = environment.get(name, "").strip("\"' ")
    return int(said) if said.isascii() and said.isdigit() and 0 < int(said) < 10**9 else usual
