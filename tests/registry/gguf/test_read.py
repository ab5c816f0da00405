"""The reader of GGUF headers: every bad file is a named error with a hint, every good one is told truly."""

import os
import struct
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.registry.gguf.cursor import HEAD_LIMIT
from ollascope.registry.gguf.kinds import ARRAY, BOOL, F32, STRING, U32
from ollascope.registry.gguf.random import PRESETS, write_random
from ollascope.registry.gguf.read import read_header
from ollascope.registry.gguf.scripted import write_scripted
from ollascope.registry.gguf.write import write_gguf
from ollascope.words.errors import LoadFailed, ModelMissing, StorageTrouble, Trouble
from tests.registry.gguf.crafted import VALUES, head, text, whole

MANY = 2**62


def changed(**values):
    """The good values with some of the architecture's own replaced."""
    return VALUES | {f"llama.{key}": content for key, content in values.items()}


def with_tensor(*tensor):
    return head(VALUES, [tensor]) + bytes(64)


BAD = {
    "nothing": (b"", "is empty"),
    "another format": (b"\x89PNG....", "no GGUF file"),
    "a web page": (b"<!DOCTYPE html><html>", "a web page"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "stand-in"),
    "an archive of PyTorch": (b"PK\x03\x04rest", "PyTorch"),
    "a model of 2023": (b"tjgg\x01\0\0\0", "before 2023"),
    "only the magic": (b"GGUF", "cut short"),
    "a version to come": (b"GGUF" + struct.pack("<IQQ", 4, 0, 0), "newer than 3"),
    "the first version": (b"GGUF" + struct.pack("<III", 1, 0, 0), "too old"),
    "a big-endian file": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
    "absurdly many tensors": (head(counts=(MANY, 4)), "no model has so many"),
    "absurdly many settings": (head(counts=(2, MANY)), "no model has so many"),
    "settings announced, not there": (head(VALUES, [], counts=(0, 9)), "cut short"),
    "an absurdly long name": (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, MANY), "bytes long"),
    "a name that is no text": (head([(b"\xff\xfe", (U32, 1))], []), "no text"),
    "a setting without a name": (head([("", (U32, 1))], []), "no name"),
    "a setting twice": (head([("a", (U32, 1)), ("a", (U32, 1))], []), "twice"),
    "a setting of no known type": (head([("a", (99, 1))], []), "unknown type 99"),
    "an absurdly long text": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IQ", STRING, MANY),
                              "cut short"),
    "an absurdly long list of texts": (head([("a", (ARRAY, (STRING, MANY, b"")))], []), "no model has so many"),
    "an absurdly long list of numbers": (head([("a", (ARRAY, (U32, MANY, b"")))], []), "cut short"),
    "a text in a list that leads out": (head([("a", (ARRAY, (STRING, 1, struct.pack("<Q", MANY))))], []), "cut short"),
    "a list of lists": (head([("a", (ARRAY, (ARRAY, 1, b"")))], []), "unknown type 9"),
    "neither true nor false": (head([("a", (BOOL, 2))], []), "neither true nor false"),
    "no architecture": (head({}, []), "does not name its architecture"),
    "an architecture to steer a terminal": (whole(VALUES | {"general.architecture": (STRING, "\x1b[2J")}), r"x1b\[2J"),
    "no layers": (whole(changed(block_count=(U32, 0))), "block_count is not a whole number from 1"),
    "a context of floats": (whole(changed(context_length=(F32, 1.5))), "context_length is not a whole number"),
    "a size that is a text": (whole(changed(embedding_length=(STRING, "64"))), "embedding_length is not"),
    "no context": (whole({k: v for k, v in VALUES.items() if "context" not in k}), "does not say llama.context_length"),
    "heads for another number of layers": (
        whole(VALUES | {"llama.attention.head_count": (ARRAY, (U32, 3, bytes(12)))}), "each of 2 layers"),
    "a template that is a number": (whole(VALUES | {"tokenizer.chat_template": (U32, 1)}), "is not a text"),
    "a template of two megabytes": (whole(VALUES | {"tokenizer.chat_template": (STRING, "x" * 2**21)}), "too long"),
    "an odd alignment": (whole(VALUES | {"general.alignment": (U32, 24)}), "power of two"),
    "an alignment of 0": (whole(VALUES | {"general.alignment": (U32, 0)}), "power of two"),
    "a tensor twice": (head(VALUES, [("a", (8,), 0, 0), ("a", (8,), 0, 32)]) + bytes(99), "twice"),
    "a tensor on another": (head(VALUES, [("a", (8,), 0, 0), ("b", (8,), 0, 0)]) + bytes(99), "behind the one before"),
    "a tensor of nine dimensions": (with_tensor("a", (1,) * 9, 0, 0), "9 dimensions"),
    "a tensor without numbers": (with_tensor("a", (0, 8), 0, 0), "impossible shape"),
    "a tensor larger than any machine": (with_tensor("a", (2**40, 2**40), 0, 0), "impossible shape"),
    "a tensor of a type to come": (with_tensor("a", (8,), 77, 0), "unknown type 77"),
    "rows that do not fill blocks": (with_tensor("a", (33,), 8, 0), "cannot pack"),
    "a tensor with an absurd name": (with_tensor("a" * 200, (8,), 0, 0), "200 bytes long"),
    "weights cut short": (head(), "cut short: .* of .* bytes are there"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_file_is_a_named_error_with_a_hint(tmp_path, what):
    data, complaint = BAD[what]
    (tmp_path / "bad.gguf").write_bytes(data)
    with pytest.raises(LoadFailed, match=complaint) as caught:
        read_header(tmp_path / "bad.gguf")
    assert "bad.gguf" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_file_that_is_not_there_is_a_missing_model(tmp_path):
    with pytest.raises(ModelMissing, match="no file"):
        read_header(tmp_path / "none.gguf")


def test_folder_and_pipe_are_no_model_files_and_nobody_waits(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path, "a folder"), (tmp_path / "pipe", "no plain file"), (Path("/dev/zero"), "no plain")):
        with pytest.raises(StorageTrouble, match=kind):
            read_header(path)


def test_impossible_path_is_named():
    with pytest.raises(StorageTrouble, match="cannot be read"):
        read_header(Path("a\0b"))


def test_hostile_lengths_cost_no_memory(tmp_path):
    path = tmp_path / "sparse.gguf"
    with path.open("wb") as file:  # announces a text of 40 GB in a file that seems that long
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IQ", STRING, 40 * 2**30))
        file.truncate(41 * 2**30)
    tracemalloc.start()
    with pytest.raises(LoadFailed, match=f"more than {HEAD_LIMIT // 2**20} MB"):
        read_header(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 2**20


@pytest.mark.timeout(30)
def test_endless_lists_of_empty_texts_end(tmp_path):
    path = tmp_path / "sparse.gguf"
    lists = [(f"k{n}", (ARRAY, (STRING, 3_000_000, bytes(24_000_000)))) for n in range(3)]
    path.write_bytes(head(lists, []))
    with pytest.raises(LoadFailed, match="more than"):
        read_header(path)


@given(st.binary(max_size=200))
def test_any_bytes_behind_the_magic_are_trouble_or_a_header(tmp_path_factory, data):
    assert is_told(tmp_path_factory, b"GGUF" + struct.pack("<I", 3) + data)


@given(st.data())
def test_any_mutation_of_a_good_file_is_trouble_or_a_header(tmp_path_factory, data):
    good = bytearray(whole(VALUES | {"a.tokens": (ARRAY, (STRING, 2, text("x") + text("yz")))}))
    end = len(good) - 4096
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, end))
        match data.draw(st.sampled_from(["set", "long", "cut", "insert"])):
            case "set":
                good[at] = data.draw(st.integers(0, 255))
            case "long":
                good[at : at + 8] = struct.pack("<Q", data.draw(st.sampled_from([0, 1, 2**31, 2**32, MANY, 2**64 - 1])))
            case "cut":
                del good[at : at + data.draw(st.integers(1, 50))]
            case "insert":
                good[at:at] = data.draw(st.binary(min_size=1, max_size=20))
    assert is_told(tmp_path_factory, bytes(good))


@given(st.integers(0, 400))
def test_any_cut_of_a_good_header_is_trouble(tmp_path_factory, length):
    data = head()
    path = tmp_path_factory.getbasetemp() / "cut.gguf"
    path.write_bytes(data[: min(length, len(data))])
    with pytest.raises(LoadFailed):
        read_header(path)


def is_told(factory, data):
    """Whether the reader says what is wrong in one line with a hint, or tells a header that can be true."""
    path = factory.getbasetemp() / "mutated.gguf"
    path.write_bytes(data)
    try:
        header = read_header(path)
    except Trouble as trouble:
        return bool(trouble.hint) and trouble.message.isprintable()
    return header.weight_bytes <= header.file_bytes


def test_good_file_by_hand_is_read(tmp_path):
    (tmp_path / "a.gguf").write_bytes(whole())
    header = read_header(tmp_path / "a.gguf")
    assert (header.architecture, header.layers, header.hidden, header.context) == ("llama", 2, 64, 512)
    assert (header.parameters, header.weight_bytes, header.embedding_bytes) == (704, 2816, 2560)
    assert header.template is None
    assert header.heads is None
    assert header.kv_heads == ()


def test_heads_without_groups_keep_keys_of_their_own(tmp_path):
    (tmp_path / "a.gguf").write_bytes(whole(changed(**{"attention.head_count": (U32, 4)})))
    header = read_header(tmp_path / "a.gguf")
    assert (header.heads, header.kv_heads, header.key, header.value) == (4, (4, 4), 16, 16)


@pytest.mark.parametrize(
    ("architecture", "more", "embeds"),
    [("bert", {}, True), ("llama", {}, False), ("llama", {"llama.attention.causal": (BOOL, 0)}, True),
     ("llama", {"llama.pooling_type": (U32, 0)}, False), ("llama", {"llama.pooling_type": (U32, 3)}, True)],
)  # fmt: skip
def test_model_made_for_vectors_is_known(tmp_path, architecture, more, embeds):
    values = {key.replace("llama", architecture): content for key, content in VALUES.items()}
    values["general.architecture"] = (STRING, architecture)
    (tmp_path / "a.gguf").write_bytes(whole(values | more))
    assert read_header(tmp_path / "a.gguf").embeds is embeds


def test_own_model_is_told_whole(untrained):
    header = read_header(untrained)
    assert (header.kind, header.name, header.quantisation, header.version) == ("model", "tiny", "F16", 3)
    assert (header.heads, header.kv_heads, header.key, header.value) == (2, (1, 1), 32, 32)
    assert (header.vocabulary, header.ffn, header.context) == (1024, 192, 4096)
    assert (header.tokenizer, header.pretokenizer, header.embeds, header.pooling) == ("gpt2", "qwen2", False, None)
    assert "<|im_start|>" in header.template
    tensors = gguf.GGUFReader(untrained).tensors
    assert header.parameters == sum(int(tensor.n_elements) for tensor in tensors)
    assert header.weight_bytes == sum(int(tensor.n_bytes) for tensor in tensors)
    assert header.file_bytes == untrained.stat().st_size


def test_model_for_embeddings_says_so(tmp_path):
    write_scripted(tmp_path / "a.gguf", pooling="mean")
    header = read_header(tmp_path / "a.gguf")
    assert (header.embeds, header.pooling) == (True, "mean")


@pytest.mark.parametrize(("weights", "name"), [("f32", "F32"), ("f16", "F16"), ("q8_0", "Q8_0")])
def test_quantisation_is_named(tmp_path, weights, name):
    write_random(tmp_path / "a.gguf", weights=weights, **PRESETS["tiny"])
    assert read_header(tmp_path / "a.gguf").quantisation == name


def test_file_of_the_formats_own_writer_is_read(tmp_path):
    writer = gguf.GGUFWriter(str(tmp_path / "a.gguf"), "gemma3")
    writer.add_name("Gemma\x1b[31m")
    writer.add_block_count(3)
    writer.add_context_length(131_072)
    writer.add_embedding_length(256)
    writer.add_head_count([4, 4, 8])
    writer.add_head_count_kv([1, 0, 2])
    writer.add_sliding_window(512)
    writer.add_token_list([f"t{n}" for n in range(5000)])
    writer.add_license("mit")
    writer.add_tensor("token_embd.weight", np.zeros((5000, 256), np.float16))
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()
    header = read_header(tmp_path / "a.gguf")
    assert (header.name, header.vocabulary, header.license) == (r"Gemma\x1b[31m", 5000, "mit")
    assert (header.heads, header.kv_heads, header.key, header.window) == (8, (1, 0, 2), 32, 512)
    assert (header.quantisation, header.embedding_bytes) == ("F16", 5000 * 256 * 2)


def test_adapter_needs_no_measures(tmp_path):
    write_gguf(tmp_path / "a.gguf", {"general.architecture": "qwen3", "general.type": "adapter"}, [])
    header = read_header(tmp_path / "a.gguf")
    assert (header.kind, header.layers, header.parameters) == ("adapter", None, 0)
