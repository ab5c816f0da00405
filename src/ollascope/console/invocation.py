"""What the person said before the command's name."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The options that hold for every command."""

    settings_file: Path | None = None
    data_folder: Path | None = None
    assignments: tuple[str, ...] = ()  # each `section.field=value`
    quiet: bool = False
    verbose: bool = False
