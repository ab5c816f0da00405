"""Records in the wheel which commit it was built from."""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes commit.txt beside the shipped templates."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        target = Path(self.directory) / "commit.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_commit(Path(self.root)), encoding="utf-8")
        build_data["force_include"][str(target)] = "ollascope/_shipped/commit.txt"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        (Path(self.directory) / "commit.txt").unlink(missing_ok=True)


def _commit(root: Path) -> str:
    if not (root / ".git").exists():
        return ""
    asked = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    return asked.stdout if asked.returncode == 0 else ""
