"""Files of other programs, read line by line within bounds; what is wrong with them is named by its line."""

import errno
from collections.abc import Iterator
from pathlib import Path

from ollascope.words.errors import BadUsage

LONGEST_LINE = 4_000_000  # bytes: a conversation with long answers


def read_lines(path: Path, most_bytes: int) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers, without their ends; a byte order mark is skipped."""
    size = file_size(path)
    if size > most_bytes:
        raise BadUsage(
            f"{path} has {size:,} bytes, more than the {most_bytes:,} that are read",
            hint="give a part of it, as made by `head -n 100000`",
        )
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise too_long(path, number)
                yield number, decode(path, number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    except OSError as error:
        raise unreadable(path, error) from error


def read_whole(path: Path, most_bytes: int) -> str:
    """All of a UTF-8 file."""
    return "\n".join(line for _, line in read_lines(path, most_bytes))


def file_size(path: Path) -> int:
    """How many bytes a file has; it must be there and be a file."""
    try:
        if path.is_dir():
            raise BadUsage(f"{path} is a folder", hint="give a file in it")
        if not path.is_file():
            raise BadUsage(f"there is no file {path}", hint="check its name; it is looked for from the current folder")
        return path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error


def wrong_line(path: Path, number: int, what: str, hint: str) -> BadUsage:
    """The mistake that names a line."""
    return BadUsage(f"{path} line {number}: {what}", hint=hint)


def too_long(path: Path, number: int) -> BadUsage:
    """The mistake of a line that no program wrote for this."""
    return wrong_line(path, number, f"longer than {LONGEST_LINE:,} bytes", "check that the file has one record a line")


def decode(path: Path, number: int, line: bytes) -> str:
    """One line as text; a byte that is no UTF-8 is named with its place."""
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} is 0x{line[error.start]:02x}, which is no UTF-8"
        raise wrong_line(path, number, what, "save the file as UTF-8, as with `iconv -f GB18030 -t UTF-8`") from error


def unreadable(path: Path, error: OSError) -> BadUsage:
    """A file that the system does not give."""
    why = "reading it is not allowed" if error.errno in {errno.EACCES, errno.EPERM} else str(error.strerror or error)
    return BadUsage(f"{path}: {why}", hint="check the file and its permissions")
