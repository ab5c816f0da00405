"""Files on their way to an Ollama: checked, hashed and sent only if it has not got them, with progress."""

import hashlib
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ollascope.apis.errors import read_error
from ollascope.apis.models import Progress
from ollascope.engines.ollama.making.gguf import MAGIC, check_gguf
from ollascope.engines.wire import Exchange, Session
from ollascope.words.errors import FolderUnusable

PIECE: Final = 1 << 20
TELL_BYTES: Final = 16 * PIECE  # how often the progress of hashing is told
LOOK_S: Final = 0.1  # and that of sending
ANSWER_BYTES: Final = 1 << 16
DIGEST: Final = "sha256:"
HINT: Final = "name a file that is there and may be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One file and what it is known by."""

    path: Path
    digest: str
    size: int


def check_file(path: Path) -> None:
    """What is or calls itself a GGUF must be whole; other files are the server's to judge."""
    with _open(path) as file:
        is_gguf = path.suffix.lower() == ".gguf" or file.read(len(MAGIC)) == MAGIC
    if is_gguf:
        check_gguf(path)


def hashing(path: Path) -> Generator[Progress, None, Blob]:
    """The progress of reading the file, which gives the blob."""
    with _open(path) as file:
        total, done, told = path.stat().st_size, 0, 0
        state = hashlib.sha256()
        while piece := file.read(PIECE):
            state.update(piece)
            done += len(piece)
            if done - told >= TELL_BYTES:
                told = done
                yield Progress(status=f"reading {path.name}", total=total, completed=done)
    return Blob(path=path, digest=f"{DIGEST}{state.hexdigest()}", size=done)


def sending(session: Session, blob: Blob) -> Iterator[Progress]:
    """Sends a file that the server has not got."""
    target = f"/api/blobs/{blob.digest}"
    name, size = blob.path.name, blob.size
    known = session.whole("HEAD", target)
    if known.status == 200:
        yield Progress(status=f"{name} is there already", digest=blob.digest, total=size, completed=size)
        return
    if known.status != 404:
        raise read_error(known.status, known.body)
    with _open(blob.path) as file:
        body = _Counting(file, size)
        with session.open("POST", target, body, headers={"Content-Type": "application/octet-stream"}) as exchange:
            for done in _sent(exchange, body):
                yield Progress(status=f"sending {name}", digest=blob.digest, total=size, completed=done)


class _Counting:
    """A file that tells how much of it was taken."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.done = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(PIECE):
            yield piece

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size if size >= 0 else PIECE)
        self.done += len(piece)
        return piece


def _sent(exchange: Exchange, body: _Counting) -> Iterator[int]:
    """How much was sent so far; another thread sends meanwhile, and ends with this generator."""
    told = 0
    with ThreadPoolExecutor(1, "blob") as pool:
        work = pool.submit(_send, exchange)
        try:
            while wait([work], LOOK_S).not_done:
                if body.done != told:
                    told = body.done
                    yield told
        finally:
            exchange.close()
        work.result()
    yield body.done


def _send(exchange: Exchange) -> None:
    head = exchange.begin()
    answer = exchange.read(ANSWER_BYTES)
    if not 200 <= head.status < 300:
        raise read_error(head.status, answer)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FolderUnusable(f"{path} cannot be read: {error.strerror or error}", hint=HINT) from error
