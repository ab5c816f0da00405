"""The writer of GGUF files, judged by the reader of the format's authors."""

import errno

import gguf
import numpy as np
import pytest
from gguf.quants import quantize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ollascope.registry.gguf.encode import encode
from ollascope.registry.gguf.write import Tensor, write_gguf
from ollascope.words.errors import DiskFull, StorageTrouble

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(
    TEXT, st.booleans(), st.integers(0, 2**64 - 1), st.floats(width=32, allow_nan=False),
    st.lists(TEXT, min_size=1, max_size=5), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=5),
)  # fmt: skip


def tensor(name, array, kind="f32"):
    return Tensor(name=name, shape=array.shape, kind=kind, data=lambda: encode(array, kind))


def failing(error):
    def data():
        raise error

    return Tensor(name="a", shape=(4,), kind="f32", data=data)


def test_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageTrouble, match=r"missing/a\.gguf cannot be written: No such file") as caught:
        write_gguf(tmp_path / "missing" / "a.gguf", {}, [])
    assert "make its folder" in caught.value.hint


def test_full_disk_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"old")
    with pytest.raises(DiskFull, match="No space left"):
        write_gguf(path, {}, [failing(OSError(errno.ENOSPC, "No space left on device"))])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_tensor_of_another_size_than_announced_is_a_bug(tmp_path):
    wrong = Tensor(name="a", shape=(4,), kind="f32", data=lambda: bytes(15))
    with pytest.raises(ValueError, match="15 bytes where 16"):
        write_gguf(tmp_path / "a.gguf", {}, [wrong])


@given(metadata=st.dictionaries(st.text("abc.", min_size=1, max_size=9), VALUES, max_size=6))
def test_every_value_is_read_back_by_the_formats_own_reader(tmp_path_factory, metadata):
    path = tmp_path_factory.mktemp("values") / "a.gguf"
    write_gguf(path, {"general.architecture": "x"} | metadata, [tensor("t", np.ones(3, np.float32))])
    fields = gguf.GGUFReader(path).fields
    assert {key: fields[key].contents() for key in metadata} == metadata


@given(st.lists(arrays(np.float32, st.tuples(st.integers(1, 5), st.sampled_from([32, 64]))), min_size=1, max_size=4),
       st.sampled_from(["f32", "f16", "q8_0"]))  # fmt: skip
def test_every_tensor_is_read_back_by_the_formats_own_reader(tmp_path_factory, all_numbers, kind):
    path = tmp_path_factory.mktemp("tensors") / "a.gguf"
    with np.errstate(all="ignore"):
        tensors = [tensor(f"t{n}", numbers, kind) for n, numbers in enumerate(all_numbers)]
        write_gguf(path, {"general.architecture": "x"}, tensors)
        wanted = [encode(numbers, kind) for numbers in all_numbers]
    found = gguf.GGUFReader(path).tensors
    assert [read.data.tobytes() for read in found] == wanted
    assert [tuple(reversed(read.shape.tolist())) for read in found] == [numbers.shape for numbers in all_numbers]


@given(arrays(np.float32, (4, 64), elements=st.floats(-1000, 1000, width=32)))
def test_numbers_too_small_for_a_step_are_nothing(numbers):
    packed = np.frombuffer(encode(numbers * np.float32(1e-38), "q8_0"), np.uint8)
    assert not packed.any()


ORDINARY = st.just(0.0) | st.floats(2**-60, 1000, width=32) | st.floats(-1000, -(2**-60), width=32)


@given(arrays(np.float32, (4, 64), elements=ORDINARY))
def test_q8_0_is_what_the_formats_authors_make(numbers):
    ours = np.frombuffer(encode(numbers, "q8_0"), np.uint8)
    with np.errstate(all="ignore"):
        theirs = quantize(numbers, gguf.GGMLQuantizationType.Q8_0)
    assert np.array_equal(ours, theirs.ravel())


def test_tensors_are_made_one_at_a_time(tmp_path):
    made = []

    def data(number):
        made.append((number, (next(tmp_path.glob(".a.gguf*"))).stat().st_size))
        return bytes(1 << 20)

    tensors = [
        Tensor(name=f"t{n}", shape=(1 << 18,), kind="f32", data=lambda n=n: data(n)) for n in range(3)
    ]  # fmt: skip
    write_gguf(tmp_path / "a.gguf", {}, tensors)
    assert [number for number, _ in made] == [0, 1, 2]
    assert made[2][1] >= 1 << 20
