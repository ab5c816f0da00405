"""What comes with a question: text from standard input, images and a schema from files; checked before it is sent."""

import base64
import json
from pathlib import Path
from typing import BinaryIO, Final

from ollascope.logs.form import printable
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

MOST_TEXT: Final = 16 << 20
MOST_IMAGE: Final = 64 << 20
MOST_SCHEMA: Final = 1 << 20
IMAGES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
SCHEMA_HINT: Final = 'a JSON schema is an object, as {"type": "object", "properties": {"city": {"type": "string"}}}'


def read_piped(stream: BinaryIO) -> str:
    """The text on standard input, to its end."""
    data = stream.read(MOST_TEXT + 1)
    if len(data) > MOST_TEXT:
        raise BadUsage(
            f"standard input has more than {MOST_TEXT >> 20} MiB", hint="no model reads that much: send a part of it"
        )
    return text_of(data, "standard input", hint="give text; an image goes with --image FILE")


def read_image(path: Path) -> str:
    """An image as it travels."""
    data = _bytes(path, MOST_IMAGE)
    if not (data.startswith(IMAGES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        raise BadUsage(f"{_named(path)} is no image", hint="images are PNG, JPEG, WebP, GIF or BMP files")
    return base64.b64encode(data).decode()


def read_schema(path: Path) -> dict[str, Json]:
    """The JSON schema that an answer has to keep."""
    text = text_of(_bytes(path, MOST_SCHEMA), _named(path), hint=SCHEMA_HINT)
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise BadUsage(f"{_named(path)} is no JSON, {where}", hint=SCHEMA_HINT) from error
    except (RecursionError, ValueError) as error:
        raise BadUsage(f"{_named(path)} is no JSON that can be read", hint=SCHEMA_HINT) from error
    if not isinstance(schema, dict):
        raise BadUsage(f"{_named(path)} holds no JSON object", hint=SCHEMA_HINT)
    return schema


def read_text(path: Path, most: int) -> str:
    """A text file of at most so many bytes."""
    return text_of(_bytes(path, most), _named(path), hint="give a text file")


def text_of(data: bytes, what: str, *, hint: str) -> str:
    """Bytes that must be text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadUsage(f"{what} is no UTF-8 text (byte {error.start})", hint=hint) from error
    if "\0" in text:
        raise BadUsage(f"{what} is no text: it holds a NUL byte", hint=hint)
    return text


def checked(text: str, what: str) -> str:
    """Words of the command line, which may hold bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadUsage(f"{what} is no UTF-8 text", hint="is the terminal set to UTF-8?") from error
    return text


def _bytes(path: Path, most: int) -> bytes:
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not there" if not path.exists() else "is no plain file"
            raise BadUsage(f"{_named(path)} {what}", hint="name a file that is there and may be read")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadUsage(f"{_named(path)} cannot be read: {why}", hint="name a file that may be read") from error
    if not data:
        raise BadUsage(f"{_named(path)} is empty", hint="name a file with something in it")
    if len(data) > most:
        raise BadUsage(f"{_named(path)} has more than {most >> 20} MiB", hint="name a smaller file")
    return data


def _named(path: Path) -> str:
    return printable(str(path))
