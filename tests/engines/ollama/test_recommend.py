"""The model to begin with fits, and is the largest that does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.ollama.recommend import GPU_SHARE, MEMORY_SHARE, SIZES, recommend
from ollascope.host.memory import Memory
from ollascope.words.sample import Gpu

GB = 10**9


def memory(free_gb: float) -> Memory:
    return Memory(total_bytes=int(free_gb * 2 * GB), available_bytes=int(free_gb * GB))


def gpu(total_gb: float, used_gb: float = 0) -> Gpu:
    return Gpu(index=0, memory_total_bytes=int(total_gb * GB), memory_used_bytes=int(used_gb * GB))


@pytest.mark.parametrize(("free_gb", "gpus", "model"), [
    (1, (), None), (3, (), "qwen3:0.6b"), (6, (), "qwen3:1.7b"), (8, (), "qwen3:4b"), (16, (), "qwen3:8b"),
    (512, (), "qwen3:8b"), (32, (gpu(8),), "qwen3:8b"), (32, (gpu(12.9),), "qwen3:14b"),
    (32, (gpu(25.8),), "qwen3:32b"),
    (32, (gpu(25.8, 2),), "qwen3:30b"), (32, (gpu(25.8, 21.8),), "qwen3:1.7b"), (32, (gpu(2),), "qwen3:8b"),
    (1, (gpu(2),), "qwen3:0.6b"), (16, (Gpu(index=0),), "qwen3:8b"), (4, (gpu(4), gpu(80)), "qwen3:32b"),
])  # fmt: skip
def test_size_fits_the_machine(free_gb, gpus, model):
    found = recommend(memory(free_gb), gpus)
    assert (found.model if found else None) == model


def test_suggestion_names_download_and_need():
    found = recommend(memory(8), ())
    assert found is not None
    assert found.text == "qwen3:4b fits the memory of this machine: 2.5 GB to download, 3.7 GB when it runs"
    assert (found.download_bytes, found.place) == (2_500_000_000, "cpu")


def test_machine_of_which_nothing_is_known_gets_none():
    assert recommend(Memory(), ()) is None


def test_sizes_grow():
    assert [size.download_bytes for size in SIZES] == sorted(size.download_bytes for size in SIZES)
    assert [size.needs_bytes for size in SIZES] == sorted(size.needs_bytes for size in SIZES)


@given(st.floats(0, 600), st.lists(st.floats(0, 200), max_size=4))
def test_suggestion_always_fits(free_gb, totals):
    found = recommend(memory(free_gb), [gpu(total) for total in totals])
    if found is not None:
        room = max(totals) * GB * GPU_SHARE if found.place == "gpu" else free_gb * GB * MEMORY_SHARE
        assert found.needs_bytes <= room + 1


@given(st.floats(0, 600), st.floats(0, 600))
def test_more_memory_never_gives_a_smaller_model(one, other):
    small, large = (recommend(memory(free_gb), ()) for free_gb in sorted((one, other)))
    assert (small.needs_bytes if small else 0) <= (large.needs_bytes if large else 0)
