"""Which model to begin with: the largest Qwen3 that this machine's memory or graphics processor holds with ease."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ollascope.host.memory import Memory
from ollascope.words.sample import Gpu

CONTEXT: Final = 4096  # what Ollama sets aside for a conversation where it is not told otherwise
BUFFERS_BYTES: Final = 600 * 10**6  # what computing takes beside weights and context
GPU_SHARE: Final = 0.9  # screens and other programs use some of a graphics processor too
MEMORY_SHARE: Final = 0.6  # the rest is for everything else that runs here


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size of a model: the figures of its library page, and what a token of context takes at 16 bits."""

    model: str
    download_bytes: int
    token_bytes: int
    quick: bool = True  # quick enough without a graphics processor

    @property
    def needs_bytes(self) -> int:
        return self.download_bytes + self.token_bytes * CONTEXT + BUFFERS_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A model that fits, where it would run, and why, as a sentence."""

    model: str
    download_bytes: int
    needs_bytes: int
    place: Literal["gpu", "cpu"]
    text: str


# Sizes as ollama.com/library/qwen3 tells them; context: 2 x layers x key-value heads x 128 x 2 bytes.
SIZES: Final = (
    Size(model="qwen3:0.6b", download_bytes=523 * 10**6, token_bytes=114_688),
    Size(model="qwen3:1.7b", download_bytes=1_400 * 10**6, token_bytes=114_688),
    Size(model="qwen3:4b", download_bytes=2_500 * 10**6, token_bytes=147_456),
    Size(model="qwen3:8b", download_bytes=5_200 * 10**6, token_bytes=147_456),
    Size(model="qwen3:14b", download_bytes=9_300 * 10**6, token_bytes=163_840, quick=False),
    Size(model="qwen3:30b", download_bytes=19_000 * 10**6, token_bytes=98_304),
    Size(model="qwen3:32b", download_bytes=20_000 * 10**6, token_bytes=262_144, quick=False),
)
MOST_WITHOUT_GPU: Final = 6_000 * 10**6  # a first download should not take an evening


def recommend(memory: Memory, gpus: Sequence[Gpu]) -> Suggestion | None:
    """The size to begin with; none where not even the smallest fits, or nothing is known of this machine."""
    on_gpu = _largest(_graphics_bytes(gpus), SIZES)
    if on_gpu is not None and on_gpu is not SIZES[0]:
        return _suggestion(on_gpu, "gpu")
    small = tuple(size for size in SIZES if size.quick and size.download_bytes <= MOST_WITHOUT_GPU)
    in_memory = _largest(int((memory.available_bytes or 0) * MEMORY_SHARE), small)
    if on_gpu is not None and (in_memory is None or in_memory is SIZES[0]):
        return _suggestion(on_gpu, "gpu")
    return None if in_memory is None else _suggestion(in_memory, "cpu")


def _graphics_bytes(gpus: Sequence[Gpu]) -> int:
    """What the processor with the most free memory would give; a model spread over several is slower."""
    free = [(gpu.memory_total_bytes or 0) - (gpu.memory_used_bytes or 0) for gpu in gpus]
    return int(max(free, default=0) * GPU_SHARE)


def _largest(room_bytes: int, sizes: Sequence[Size]) -> Size | None:
    return next((size for size in reversed(sizes) if size.needs_bytes <= room_bytes), None)


def _suggestion(size: Size, place: Literal["gpu", "cpu"]) -> Suggestion:
    where = "the graphics processor" if place == "gpu" else "the memory of this machine"
    sizes = f"{_told(size.download_bytes)} to download, {_told(size.needs_bytes)} when it runs"
    return Suggestion(
        model=size.model,
        download_bytes=size.download_bytes,
        needs_bytes=size.needs_bytes,
        place=place,
        text=f"{size.model} fits {where}: {sizes}",
    )


def _told(count: int) -> str:
    return f"{count / 10**6:.0f} MB" if count < 10**9 else f"{count / 10**9:.1f} GB"
