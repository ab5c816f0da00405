"""The models the fake has, and orders about them: copy, delete, pull, push, create; files sent to it."""

import difflib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ollascope.apis.body import refuse
from ollascope.apis.errors import missing
from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.apis.ollama_request import valid_name
from ollascope.engines.fake.cards import SIZE, Entry, card, digest_of, in_memory, told
from ollascope.engines.fake.decide import Skills, skills
from ollascope.engines.fake.hall import Seat
from ollascope.words.errors import DiskFull, LoadFailed, ModelMissing, QuantisationFailed

QUANTISATIONS: Final = ("F32", "F16", "Q4_K_S", "Q4_K_M", "Q8_0")
MAGIC: Final = b"GGUF"
MOST_BLOBS: Final = 1000
MOST_MODELS: Final = 1000
LONGEST_NAME: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A file that was sent: only how it begins is kept."""

    size: int
    start: bytes


class Library:
    """The models of one fake."""

    def __init__(self, names: tuple[str, ...], wall: Callable[[], int] = time.time_ns) -> None:
        self._wall = wall
        self.blobs: dict[str, Blob] = {}
        now = wall()
        self._entries = {
            full: Entry(name=full, able=skills(name), since_ns=now) for name in names if (full := full_name(name))
        }

    def find(self, name: str) -> Entry:
        """The model of that name; the error names those that look like it."""
        entry = self._entries.get(full_name(name))
        if entry is None:
            raise missing(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…", self._near(name))
        return entry

    def _near(self, name: str) -> list[str]:
        if len(name) > LONGEST_NAME:
            return []
        plain = {full.removesuffix(":latest"): full for full in self._entries}
        near = difflib.get_close_matches(name.removesuffix(":latest"), plain, n=3, cutoff=0.75)
        return [plain[each] for each in near]

    def models(self) -> list[Model]:
        """What /api/tags tells, the newest first."""
        entries = sorted(self._entries.values(), key=lambda entry: -entry.since_ns)
        return [told(entry) for entry in entries]

    def loaded(self, seats: list[Seat], now_ns: int) -> list[Model]:
        """What /api/ps tells."""
        entries = {seat.model: self._entries.get(seat.model) for seat in seats}
        return [in_memory(entry, seat, now_ns, self._wall()) for seat in seats if (entry := entries[seat.model])]

    def model(self, name: str) -> Model:
        """What a list tells of one model, by the name that was asked for."""
        return replace(told(self.find(full_name(name))), name=name)

    def card(self, name: str, *, verbose: bool = False) -> Card:
        """What /api/show tells."""
        return card(self.find(full_name(name)), verbose=verbose)

    def copy(self, source: str, model: str) -> None:
        try:
            entry = self.find(source)
        except ModelMissing as error:
            raise ModelMissing(error.message.replace("'", '"'), hint=error.hint) from error
        self._add(model, entry.able, entry.system)

    def delete(self, name: str) -> str:
        """Removes a model; its full name."""
        entry = self.find(name)
        del self._entries[entry.name]
        return entry.name

    def pull(self, order: Order) -> Iterator[Progress]:
        """A download: whatever is asked for exists, but for names with absent or nothing in them."""
        yield Progress(status="pulling manifest")
        if "absent" in order.model or "nothing" in order.model:
            raise ModelMissing("pull model manifest: file does not exist", hint="check the name", status=500)
        digest = digest_of(order.model)
        for done in (0, SIZE // 2, SIZE):
            yield Progress(status=f"pulling {digest[:12]}", digest=f"sha256:{digest}", total=SIZE, completed=done)
        yield from (Progress(status=status) for status in ("verifying sha256 digest", "writing manifest"))
        self._add(order.model, skills(order.model))
        yield Progress(status="success")

    def push(self, order: Order) -> Iterator[Progress]:
        """An upload to nowhere."""
        self.find(order.model)
        digest = digest_of(order.model)
        yield Progress(status="retrieving manifest")
        for done in (0, SIZE):
            yield Progress(status=f"pushing {digest[:12]}", digest=f"sha256:{digest}", total=SIZE, completed=done)
        yield Progress(status="pushing manifest")
        yield Progress(status="success")

    def create(self, order: Order) -> Iterator[Progress]:
        """A model made from another, or from files that were sent before."""
        source, files = order.extra.get("from"), order.extra.get("files")
        if isinstance(source, str) and source:
            yield from self._create_from(order, source)
        elif isinstance(files, dict):
            yield Progress(status="parsing GGUF")
            for digest in files.values():
                self._check_file(str(digest))
            yield from self._write(order, skills(order.model))
        else:
            raise refuse("neither 'from' or 'files' was specified")

    def take_blob(self, digest: str, start: bytes, size: int, found: str) -> None:
        """A file has arrived; what it holds must be what its name says."""
        if found != digest:
            raise refuse(f'digest mismatch, expected "{digest}", got "{found}"')
        if len(self.blobs) >= MOST_BLOBS:
            del self.blobs[next(iter(self.blobs))]
        self.blobs[digest] = Blob(size=size, start=start[: len(MAGIC)])

    def _create_from(self, order: Order, source: str) -> Iterator[Progress]:
        try:
            able = self.find(source).able
        except ModelMissing:
            able = skills(source)
            pulled = self.pull(replace(order, model=source))
            yield from (step for step in pulled if not step.success)
        yield from self._write(order, able)

    def _check_file(self, digest: str) -> None:
        blob = self.blobs.get(digest)
        if blob is None:
            path = digest.replace(":", "-")
            raise refuse(f"open /models/blobs/{path}: no such file or directory")
        if blob.start != MAGIC:
            raise LoadFailed("supplied file was not in GGUF format", hint="send a GGUF file", status=400)

    def _write(self, order: Order, able: Skills) -> Iterator[Progress]:
        quantize = order.extra.get("quantize")
        if isinstance(quantize, str) and quantize and quantize.upper() not in QUANTISATIONS:
            known = ", ".join(QUANTISATIONS)
            message = f"unsupported quantization type {quantize.upper()} - supported types are {known}"
            raise QuantisationFailed(message, hint="choose a type the server knows", status=400)
        yield Progress(status="verifying conversion")
        for layer in ("weights", "template", "config"):
            yield Progress(status=f"creating new layer sha256:{digest_of(order.model + layer)}")
        yield Progress(status="writing manifest")
        system = order.extra.get("system")
        self._add(order.model, able, system if isinstance(system, str) else None)
        yield Progress(status="success")

    def _add(self, name: str, able: Skills, system: str | None = None) -> None:
        full = full_name(name)
        if len(self._entries) >= MOST_MODELS:
            raise DiskFull(f"more than {MOST_MODELS} models", hint="delete some first")
        self._entries[full] = Entry(name=full, able=able, since_ns=self._wall(), system=system)


def full_name(name: str) -> str:
    """The name with its tag; none is `latest`."""
    return name if ":" in name.rpartition("/")[2] or not valid_name(name) else f"{name}:latest"
