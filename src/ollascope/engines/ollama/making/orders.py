"""Orders about models as a whole: pull and create with their progress, copy, delete, load, unload."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.apis.body import encode, kept
from ollascope.apis.errors import read_error
from ollascope.apis.models import Order, Progress, ProgressReader, write_order
from ollascope.apis.ollama_request import valid_name
from ollascope.engines.ollama.making.blobs import DIGEST, check_file, hashing, sending
from ollascope.engines.ollama.mistakes import Kind, Names, explained, refused
from ollascope.engines.wire import Patience, Session
from ollascope.words.errors import BadUsage, Trouble
from ollascope.words.record import Json

QUIET_S: Final = 3600.0  # checking the digest of a large model, or quantising it, goes on in silence
ERROR_BYTES: Final = 1 << 16
FILES: Final = ("files", "adapters", "draft_files")


class Orders:
    """Gives orders to one server; `names` tells its models when one was not found."""

    def __init__(self, session: Session, patience: Patience, names: Names) -> None:
        self._session = session
        self._patient = replace(patience, idle_s=max(QUIET_S, patience.idle_s), answer_s=patience.first_s)
        self._names = names

    def pull(self, order: Order) -> Iterator[Progress]:
        """Loads a model from its registry; given again after an end in the middle it goes on there."""
        _check_name(order.model)
        yield from self._steps("/api/pull", order, "pull")

    def create(self, order: Order) -> Iterator[Progress]:
        """Makes a model of another, of files, of both; files named by their path are checked and sent first."""
        _check_name(order.model)
        extra: dict[str, Json] = dict(order.extra)
        for kind in FILES:
            if files := extra.get(kind):
                extra[kind] = yield from self._sent(files)
        yield from self._steps("/api/create", replace(order, extra=extra), "create")

    def copy(self, source: str, model: str) -> None:
        """One more name for a model."""
        self._done("POST", "/api/copy", write_order(Order(model=model, source=source)), source)

    def delete(self, model: str) -> None:
        """Takes a name away, and what no other name needs."""
        self._done("DELETE", "/api/delete", encode({"model": model}), model)

    def keep(
        self, model: str, keep_alive: str | float | None, context: int | None = None, path: str = "/api/generate"
    ) -> None:
        """Loads a model for so long, or unloads it where that is 0; a request that says nothing does no more."""
        nothing: dict[str, Json] = {"input": []} if path == "/api/embed" else {"stream": False}
        options: dict[str, Json] | None = None if context is None else {"num_ctx": context}
        body = encode({"model": model, **nothing, **kept({"keep_alive": keep_alive, "options": options})})
        self._done("POST", path, body, model)

    def _done(self, method: str, path: str, body: bytes, model: str) -> None:
        answer = self._session.whole(method, path, body, patience=self._patient)
        if not 200 <= answer.status < 300:
            raise refused(answer.status, answer.body, model, "order", self._names)

    def _sent(self, files: Json) -> Generator[Progress, None, dict[str, Json]]:
        """The digests by which the server knows these files."""
        if not isinstance(files, Mapping):
            raise BadUsage("files are given as names and paths", hint="such as {'model.gguf': '/path/model.gguf'}")
        known: dict[str, Json] = {}
        for name, value in files.items():
            said = str(value)
            known[name] = said
            if not said.startswith(DIGEST):
                check_file(Path(said))
                blob = yield from hashing(Path(said))
                yield from sending(self._session, blob)
                known[name] = blob.digest
        return known

    def _steps(self, path: str, order: Order, kind: Kind) -> Iterator[Progress]:
        try:
            yield from self._progress(path, write_order(order))
        except Trouble as trouble:
            told = explained(trouble, order.model, kind, self._names)
            if told is trouble:
                raise
            raise told from trouble

    def _progress(self, path: str, body: bytes) -> Iterator[Progress]:
        with self._session.open("POST", path, body, patience=self._patient) as exchange:
            head = exchange.begin()
            if not 200 <= head.status < 300:
                raise read_error(head.status, exchange.read(ERROR_BYTES))
            reader = ProgressReader()
            for data in exchange:
                yield from reader.feed(data)
            yield from reader.finish()


def _check_name(model: str) -> None:
    """A wrong name is told before anything is sent."""
    if not valid_name(model):
        raise BadUsage(f"{model!r} is no name of a model", hint="a name is like llama3.2 or library/qwen3:0.6b")
