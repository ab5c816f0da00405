"""What the front asks about models, answered from a folder of GGUF files; changes only in a folder of our own."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.serve.llamacpp import cards
from ollascope.serve.llamacpp.blobs import Blobs
from ollascope.serve.llamacpp.house.folder import ENDING, Entry, Folder, mark_of, name_of
from ollascope.serve.llamacpp.house.house import House
from ollascope.serve.llamacpp.house.listing import full_name
from ollascope.words.errors import BadUsage, ModelMissing, RequestRefused, Trouble, Unsupported

VERSION = "0.32.15"  # of the Ollama whose manners this server has
ELSEWHERE = "Ollama does; or put a GGUF file into the folder that is served"


class FolderModels:
    """The models of a folder; `blobs` only where the folder is our own and may be changed."""

    version = VERSION

    def __init__(
        self, folder: Folder, house: House, blobs: Blobs | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._house = house
        self._blobs = blobs
        self._clock = clock

    @property
    def orders(self) -> tuple[str, ...]:
        """What can be done here; `create` is not: it takes no more than a file, which the folder has anyway."""
        return ("show", "load", "unload") if self._blobs is None else ("show", "load", "unload", "copy", "delete")

    def tags(self) -> list[Model]:
        """The newest first."""
        entries = self._folder.entries()
        return sorted(map(self._listed, entries), key=lambda model: model.modified_at or "", reverse=True)

    def ps(self) -> list[Model]:
        now, wall = self._clock(), time.time_ns()
        told = []
        for room in self._house.loaded():
            try:
                entry = self._folder.find(room.wanted.name)
                header, digest = self._folder.header(entry), self._folder.digest(entry)
            except Trouble:  # its file has gone; it is in memory all the same, but nothing is known of it
                continue
            told.append(cards.in_memory(room, header, digest, now, wall))
        return told

    def card(self, order: Order) -> Card:
        entry = self._folder.find(order.model)
        return cards.card(entry, self._folder.header(entry), mark_of(entry.path)[1])

    def find(self, name: str) -> Model:
        found = self._listed(self._folder.find(name))
        return Model(name=name, modified_at=found.modified_at)

    def copy(self, source: str, model: str) -> None:
        """A second name for the same bytes."""
        try:
            entry = self._folder.find(source)
        except ModelMissing as error:
            raise ModelMissing(error.message.replace("'", '"'), hint=error.hint) from error
        self._own("copy").link(entry.path, self._file_for(model))

    def delete(self, name: str) -> None:
        entry = self._folder.find(name)
        blobs = self._own("delete")
        if entry.listed.file is not None or entry.path.parent != self._folder.place:
            raise RequestRefused(
                f"{name} is named in models.yaml", hint="take it out there, and remove its file by hand"
            )
        self._house.unload(entry.name)
        blobs.remove(entry.path)

    async def carry_out(self, action: str, order: Order) -> AsyncIterator[Progress]:
        if action != "create":
            raise Unsupported(f"this server does not {action} models", hint=ELSEWHERE, status=501)
        files, more = order.extra.get("files"), sorted(order.extra.keys() - {"files", "name"})
        if not isinstance(files, dict) or len(files) != 1 or more:
            what = f"`{more[0]}`" if more else "anything but one GGUF file"
            raise Unsupported(f"this server does not create a model from {what}", hint=ELSEWHERE, status=501)
        blobs, target = self._own("create"), self._file_for(order.model)
        yield Progress(status="parsing GGUF")
        await blobs.place(str(next(iter(files.values()))), target)
        yield Progress(status="writing manifest")
        yield Progress(status="success")

    def has_blob(self, digest: str) -> bool:
        return self._blobs is not None and self._blobs.has(digest)

    async def take_blob(self, digest: str, pieces: AsyncIterator[bytes]) -> None:
        await self._own("take").take(digest, pieces)

    def _listed(self, entry: Entry) -> Model:
        size, modified_ns = mark_of(entry.path)
        return cards.listed(entry, self._folder.header(entry), self._folder.digest(entry), size, modified_ns)

    def _own(self, action: str) -> Blobs:
        if self._blobs is None:
            raise RequestRefused(
                f"this server does not {action} models: the folder that it serves is not its own",
                hint="change the files yourself: the folder is looked at again with each request",
            )
        return self._blobs

    def _file_for(self, model: str) -> Path:
        """Where a new model's file goes: its name is the model's."""
        plain = full_name(model).removesuffix(":latest")
        path = self._folder.place / f"{plain}{ENDING}"
        if "/" in plain or ":" in plain or name_of(path) != full_name(model):
            raise BadUsage(
                f'"{model}" cannot be the name of a file here',
                hint="write letters, digits, `.`, `_` and `-`",
            )
        if path.exists():
            raise BadUsage(f'"{model}" is there already', hint="delete it first, or choose another name")
        return path
