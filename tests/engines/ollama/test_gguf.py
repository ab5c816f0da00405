"""A file that is no whole GGUF is refused with what is wrong; a whole one is not."""

import struct
from contextlib import suppress

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollascope.engines.ollama.making.gguf import BLOCKS, check_gguf
from ollascope.words.errors import FolderUnusable, LoadFailed

MOST_BYTES = {40, 41}  # types that are younger than this table


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small model as the library of llama.cpp writes it."""
    path = tmp_path_factory.mktemp("gguf") / "whole.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_array("tokenizer.ggml.tokens", ["a", "bb", "ccc"])
    writer.add_array("tokenizer.ggml.scores", [0.5, 1.5])
    writer.add_custom_alignment(64)
    writer.add_tensor("token_embd.weight", np.ones((4, 32), dtype=np.float32))
    writer.add_tensor("output.weight", np.ones((3, 5), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def refused(folder, data: bytes) -> str:
    path = folder / "x.gguf"
    path.write_bytes(data)
    with pytest.raises(LoadFailed) as caught:
        check_gguf(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_whole_file_passes(tmp_path, whole):
    path = tmp_path / "x.gguf"
    path.write_bytes(whole)
    check_gguf(path)


def test_sizes_of_all_types_are_those_of_the_library():
    told = {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items() if int(kind) not in MOST_BYTES}
    assert {**told, 9: (32, 36)} == BLOCKS  # of Q8_1 the library counts what files never hold


def test_empty_file_is_refused(tmp_path):
    assert "empty" in refused(tmp_path, b"")


def test_text_is_refused(tmp_path):
    assert "no GGUF" in refused(tmp_path, b"this is not a model")


def test_version_that_nobody_reads_is_refused(tmp_path, whole):
    assert "version is 1" in refused(tmp_path, b"GGUF\x01\0\0\0" + whole[8:])
    assert "version is 50331648" in refused(tmp_path, b"GGUF\0\0\0\x03" + whole[8:])


def test_file_cut_within_its_weights_is_refused(tmp_path, whole):
    end = len(whole) - (-30 % 64)  # the last tensor is 30 bytes, and padded
    assert "ends at byte" in refused(tmp_path, whole[: end - 1])


def test_name_whose_length_lies_is_refused(tmp_path, whole):
    assert "ends at byte" in refused(tmp_path, whole[:24] + b"\xff" * 8 + whole[32:])


def test_list_whose_length_lies_is_refused(tmp_path):
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k"
    assert "list of" in refused(tmp_path, head + struct.pack("<IIQ", 9, 8, 1 << 62))


def test_counts_beyond_all_measure_are_refused(tmp_path):
    assert "tensors" in refused(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 1 << 40, 1))


def test_lists_without_end_are_refused(tmp_path):
    nested = b"".join(struct.pack("<IQ", 9, 1) for _ in range(40))
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 9)
    assert "unknown type 9" in refused(tmp_path, head + nested)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FolderUnusable):
        check_gguf(tmp_path / "absent.gguf")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_before_the_weights_ends_in_a_verdict(tmp_path, whole, data):
    at = data.draw(st.integers(0, 400))
    junk = data.draw(st.binary(min_size=1, max_size=16))
    path = tmp_path / "x.gguf"
    path.write_bytes(whole[:at] + junk + whole[at + len(junk) :])
    with suppress(LoadFailed):
        check_gguf(path)


@given(cut=st.integers(0, 320))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_anywhere_before_the_weights_is_refused(tmp_path, whole, cut):
    refused(tmp_path, whole[:cut])
