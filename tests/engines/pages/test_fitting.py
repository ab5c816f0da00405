"""The memory that models need, and whether it is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.models import Card
from ollascope.engines.pages.fitting import Reckon, Room, Taken, fit, fit_facts, fits_of, judge, shape_of

GIB = 2**30
INFO = {
    "general.architecture": "qwen3", "qwen3.block_count": 36, "qwen3.embedding_length": 4096,
    "qwen3.context_length": 40960, "qwen3.attention.head_count": 32, "qwen3.attention.head_count_kv": 8,
    "qwen3.attention.key_length": 128, "qwen3.attention.value_length": 128, "qwen3.feed_forward_length": 12288,
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [key for key in INFO if not key.endswith(("_kv", "_forward_length", "key_length", "value_length"))]
)
def test_card_that_tells_too_little_has_no_shape(name):
    assert shape_of(Card(model_info={key: value for key, value in INFO.items() if key != name}), 5 * GIB) is None


@pytest.mark.parametrize("value", ["36", -1, 0, 1.5, True, None, [], {}, 2**60])
def test_odd_values_are_not_believed(value):
    assert shape_of(Card(model_info=INFO | {"qwen3.block_count": value}), 5 * GIB) is None


def test_model_of_unknown_size_has_no_shape():
    assert shape_of(Card(model_info=INFO), None) is None


def test_shape_follows_from_the_card():
    tensors = [{"name": "output.weight", "shape": [4096, 7]}, {"name": "token_embd.weight", "shape": [4096, 151936]}]
    shape = shape_of(Card(model_info=INFO, extra={"tensors": tensors}), 5 * GIB)
    assert shape is not None
    assert (shape.layers, shape.key, shape.vocabulary, shape.context) == (36, 128, 151936, 40960)
    assert shape.kv_heads == (8,) * 36


def test_heads_of_each_layer_are_taken_as_they_are_told():
    shape = shape_of(Card(model_info=INFO | {"qwen3.attention.head_count_kv": [8, 0] * 18}), GIB)
    assert shape is not None
    assert shape.kv_heads == (8, 0) * 18


def test_place_is_judged_by_what_is_free():
    room = Room(memory_total=32 * GIB, memory_free=16 * GIB, gpu_total=24 * GIB, gpu_free=8 * GIB)
    verdicts = [judge(need * GIB, room) for need in (8, 20, 30, 60)]
    assert verdicts == ["gpu", "split", "tight", "none"]
    assert judge(GIB, Room(memory_total=8 * GIB, memory_free=4 * GIB)) == "memory"
    assert judge(GIB, None) == "unknown"
    assert judge(GIB, Room()) == "unknown"


@given(st.integers(1, 2**22))
def test_contexts_grow_and_end_with_the_trained_one(trained):
    found = fits_of(trained, lambda context: Taken(weights=1, cache=context, rest=1), None)
    contexts = [one.context for one in found]
    assert contexts == sorted(set(contexts))
    assert contexts[-1] == trained


def test_program_gets_the_same_as_the_page():
    reckon = Reckon(taken=lambda _, context: Taken(weights=5, cache=context, rest=1), longest=lambda *_: 9000)
    room = Room(memory_total=32 * GIB, memory_free=10 * GIB)
    told = fit_facts(fit(Card(model_info=INFO), 5 * GIB, room, reckon))
    assert (told["longest_context"], told["machine"]["memory_free"]) == (9000, 10 * GIB)
    assert told["contexts"][0]["bytes"] == 2048 + 6
    nothing = fit_facts(fit(Card(), 5 * GIB, None, reckon))
    assert nothing == {"machine": None, "longest_context": None, "contexts": []}


def test_what_a_model_takes_itself_is_free_for_it():
    room = Room(memory_total=32 * GIB, memory_free=10 * GIB, gpu_total=24 * GIB, gpu_free=4 * GIB)
    assert room.without(8 * GIB, 0.75) == Room(
        memory_total=32 * GIB, memory_free=12 * GIB, gpu_total=24 * GIB, gpu_free=10 * GIB
    )
