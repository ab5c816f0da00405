"""The secrets that channels keep in files, and the hint that all of them give."""

from pathlib import Path

from ollascope.settings.files import LARGEST_SECRET, read
from ollascope.words.errors import BadSettings, RequestRefused

HINT = "`ollascope alerts test` sends a notice and tells what comes of it"


def secret_of(path: Path) -> str:
    """The one line of a secret's file; read anew each time, so that it can be changed."""
    try:
        text = read(path, largest=LARGEST_SECRET).decode("utf-8").strip()
    except (BadSettings, UnicodeDecodeError) as error:
        why = error.message if isinstance(error, BadSettings) else "is not text"
        raise RequestRefused(f"the secret's file {path} {why}", hint="put the secret into it, on one line") from error
    if not text or any(letter < " " for letter in text):
        raise RequestRefused(f"the secret's file {path} does not hold one line", hint="put the secret into it")
    return text
