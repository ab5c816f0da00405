"""Records in what is built which commit it was built from; a wheel made from a source archive takes the archive's."""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RECORD = "commit.txt"


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes commit.txt: into the source archive's top, beside the shipped templates in a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        target = Path(self.directory) / RECORD
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_commit(Path(self.root)), encoding="utf-8")
        place = RECORD if self.target_name == "sdist" else f"ollascope/_shipped/{RECORD}"
        build_data["force_include"][str(target)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        (Path(self.directory) / RECORD).unlink(missing_ok=True)


def _commit(root: Path) -> str:
    if (root / RECORD).is_file():
        return (root / RECORD).read_text(encoding="utf-8")
    if not (root / ".git").exists():
        return ""
    asked = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    return asked.stdout if asked.returncode == 0 else ""
