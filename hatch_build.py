"""What is built records its commit (a wheel from a source archive takes the archive's) and carries the documents."""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RECORD = "commit.txt"


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes commit.txt into the source archive's top; in a wheel beside the shipped templates, with the documents."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        target = Path(self.directory) / RECORD
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_commit(Path(self.root)), encoding="utf-8")
        place = RECORD if self.target_name == "sdist" else f"ollascope/_shipped/{RECORD}"
        build_data["force_include"][str(target)] = place
        if self.target_name == "wheel":  # the dashboard shows them; pictures would be most of the bytes
            for path in Path(self.root, "docs").glob("*.md"):
                build_data["force_include"][str(path)] = f"ollascope/_shipped/docs/{path.name}"

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
