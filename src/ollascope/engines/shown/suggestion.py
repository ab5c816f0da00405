"""A model to begin with, by what this machine has."""

from pathlib import Path

from ollascope.engines.ollama.recommend import Suggestion, recommend
from ollascope.host.groups import Groups
from ollascope.host.machine import Look, Machine
from ollascope.host.memory import read_memory


def suggest(root: Path) -> Suggestion | None:
    """The size that this machine's memory or graphics processor holds with ease; none where none does."""
    machine = Machine(Look(root=root))
    try:
        return recommend(read_memory(root, Groups(root)), machine.gpus())
    finally:
        machine.close()
