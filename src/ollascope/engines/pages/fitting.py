"""How much memory a model needs at each context, and whether this machine has it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

from ollascope.apis.models import Card
from ollascope.host.groups import Groups
from ollascope.host.machine import Look, Machine
from ollascope.host.memory import read_memory
from ollascope.words.record import Json

Verdict = Literal["gpu", "split", "memory", "tight", "none", "unknown"]

CONTEXTS: Final = (2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144)
GPU_SHARE: Final = 0.9  # screens and other programs use some of a graphics processor too
EMBEDDINGS: Final = "token_embd.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the need for memory follows from."""

    layers: int
    hidden: int
    ffn: int | None
    heads: int
    kv_heads: tuple[int, ...]  # of each layer
    key: int
    value: int
    vocabulary: int | None
    context: int
    weight_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Bytes by what they are for."""

    weights: int
    cache: int
    rest: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What this machine has, and what of it is free."""

    memory_total: int | None = None
    memory_free: int | None = None
    gpu_total: int = 0
    gpu_free: int = 0

    def without(self, size: int, gpu_ratio: float) -> "Room":
        """The room as if a model of so many bytes, so much of it on the graphics processor, were not loaded."""
        on_gpu = int(size * gpu_ratio)
        free = None if self.memory_free is None else self.memory_free + size - on_gpu
        return replace(self, memory_free=free, gpu_free=self.gpu_free + on_gpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The need at one context, and where it would go."""

    context: int
    taken: Taken
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckon:
    """How the need is reckoned, by whoever knows GGUF files."""

    taken: Callable[[Shape, int], Taken]  # at a context
    longest: Callable[[Shape, int], int]  # the longest context for which so many bytes are enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a model needs at each context, and what of that fits into the room there is; None is not known."""

    room: Room | None = None
    longest: int | None = None
    fits: Sequence[Fit] = ()


def fit(card: Card, size_bytes: int | None, room: Room | None, reckon: Reckon) -> Fitted:
    """The need of a model by its card."""
    shape = shape_of(card, size_bytes)
    if shape is None:
        return Fitted(room=room)
    longest = None if room is None else reckon.longest(shape, room.gpu_free + (room.memory_free or 0))
    return Fitted(room=room, longest=longest, fits=fits_of(shape.context, partial(reckon.taken, shape), room))


def read_room(root: Path) -> Room:
    """The memory of this machine, and that of all its graphics processors."""
    machine = Machine(Look(root=root))
    try:
        memory, gpus = read_memory(root, Groups(root)), machine.gpus()
    finally:
        machine.close()
    total = sum(gpu.memory_total_bytes or 0 for gpu in gpus)
    used = sum(gpu.memory_used_bytes or 0 for gpu in gpus if gpu.memory_total_bytes)
    return Room(
        memory_total=memory.total_bytes, memory_free=memory.available_bytes, gpu_total=total,
        gpu_free=int((total - used) * GPU_SHARE),
    )  # fmt: skip


def shape_of(card: Card, size_bytes: int | None) -> Shape | None:
    """The shape of a model by its card; None where the server does not tell enough of it."""
    info = card.model_info
    family = info.get("general.architecture")
    if not isinstance(family, str) or not size_bytes:
        return None

    def number(name: str) -> int | None:
        return _whole(info.get(f"{family}.{name}"))

    layers, hidden, context = number("block_count"), number("embedding_length"), number("context_length")
    heads = _most(info.get(f"{family}.attention.head_count"))
    if layers is None or hidden is None or context is None or heads is None:
        return None
    head = hidden // heads
    return Shape(
        layers=layers, hidden=hidden, ffn=_most(info.get(f"{family}.feed_forward_length")), heads=heads,
        kv_heads=_each(info.get(f"{family}.attention.head_count_kv"), layers, heads),
        key=number("attention.key_length") or head, value=number("attention.value_length") or head,
        vocabulary=number("vocab_size") or _vocabulary(card.extra.get("tensors")), context=context,
        weight_bytes=size_bytes,
    )  # fmt: skip


def fits_of(trained: int, size: Callable[[int], Taken], room: Room | None) -> list[Fit]:
    """The need at each usual context up to the one that the model was trained for."""
    steps = sorted({*(step for step in CONTEXTS if step < trained), trained})
    return [Fit(context=step, taken=size(step), verdict=judge(size(step).total, room)) for step in steps]


def fit_facts(fitted: Fitted) -> dict[str, Json]:
    """The same for a program."""
    contexts: list[Json] = [{**asdict(one), "bytes": one.taken.total} for one in fitted.fits]
    machine = None if fitted.room is None else asdict(fitted.room)
    return {"machine": machine, "longest_context": fitted.longest, "contexts": contexts}


def judge(need: int, room: Room | None) -> Verdict:
    """Where so many bytes would go."""
    if room is None or room.memory_free is None or room.memory_total is None:
        return "unknown"
    if need <= room.gpu_free:
        return "gpu"
    if room.gpu_free and need <= room.gpu_free + room.memory_free:
        return "split"
    if need <= room.memory_free:
        return "memory"
    return "tight" if need <= room.memory_total + room.gpu_total else "none"


def _vocabulary(tensors: Json) -> int | None:
    """The rows of the table of token embeddings, where the server lists its tensors."""
    for one in tensors if isinstance(tensors, list) else ():
        if isinstance(one, Mapping) and one.get("name") == EMBEDDINGS:
            shape = one.get("shape")
            return _whole(shape[-1]) if isinstance(shape, list) and shape else None
    return None


def _each(value: Json, layers: int, otherwise: int) -> tuple[int, ...]:
    if isinstance(value, list):
        known = [_whole(one) or 0 for one in value]
        return tuple(known) if len(known) == layers else (max(known, default=otherwise),) * layers
    return (_whole(value) or otherwise,) * layers


def _most(value: Json) -> int | None:
    if isinstance(value, list):
        return max((_whole(one) or 0 for one in value), default=0) or None
    return _whole(value)


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**48 else None
