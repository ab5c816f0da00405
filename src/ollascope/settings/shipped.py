"""Where the files that come with the program lie: beside the checkout, or inside the installed package."""

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
INSTALLED = PACKAGE / "_shipped"
CHECKOUT = PACKAGE.parent.parent


def shipped(name: str) -> Path:
    """The folder `templates`, `config`, `models` or `docs` as it came with the program."""
    inside = INSTALLED / name
    return inside if inside.is_dir() else CHECKOUT / name


def commit() -> str | None:
    """The commit this program was built from, where it is known."""
    recorded = INSTALLED / "commit.txt"
    if recorded.is_file():
        return recorded.read_text(encoding="utf-8").strip() or None
    if not (CHECKOUT / ".git").exists():
        return None
    try:
        asked = subprocess.run(
            ["git", "-C", str(CHECKOUT), "rev-parse", "--short=12", "HEAD"],
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None if asked.returncode == 0 else None
