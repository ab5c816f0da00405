"""Who is in memory, and who has to make room for a model that is wanted; decisions only, no effects."""

from collections.abc import Sequence
from dataclasses import dataclass

from ollascope.words.errors import OutOfMemory

MIB = 1024 * 1024
GIB = 1024 * MIB
TOGETHER = "is all that the models may take together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the models together may take, how many there may be, and how many requests may wait."""

    bytes: int
    most: int = 0  # models in memory; 0 is as many as fit
    depth: int = 512  # requests that wait for a slot or a load


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One model in memory as it stands: how much it takes, whether somebody uses it, and since when nobody does."""

    name: str
    bytes: int
    used: float
    busy: bool = False


def make_place(name: str, need: int, standing: Sequence[Stand], limits: Limits, free: int | None) -> tuple[str, ...]:
    """Whom to unload so that `need` bytes fit: those nobody uses first, the longest unused first.

    Raises OutOfMemory, and nobody is to be unloaded, where that would not be enough. `free` is what the machine has
    left now, control groups counted; what they leave to files in memory that can be dropped is free.
    """
    if need > limits.bytes:
        raise too_large(name, need, limits.bytes, TOGETHER)
    if free is not None and need > free + sum(each.bytes for each in standing):
        raise too_large(name, need, free, "is free on this machine")
    leaving: list[Stand] = []
    staying = sorted(standing, key=lambda each: (each.busy, each.used))
    while not _fits(need, staying, limits, None if free is None else free + sum(each.bytes for each in leaving)):
        leaving.append(staying.pop(0))
    return tuple(each.name for each in leaving)


def too_large(name: str, need: int, room: int, what: str) -> OutOfMemory:
    """The model and its context do not fit, and that is known before anything is loaded."""
    return OutOfMemory(
        f"{name} needs {size_text(need)} with its context, and {size_text(room)} {what}",
        hint="take a smaller context (num_ctx), fewer slots, a smaller model or a stronger quantisation",
    )


def size_text(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{max(1, round(count / MIB))} MiB"


def _fits(need: int, staying: Sequence[Stand], limits: Limits, free: int | None) -> bool:
    if not staying:
        return True
    if limits.most and len(staying) >= limits.most:
        return False
    return need + sum(each.bytes for each in staying) <= limits.bytes and (free is None or need <= free)
