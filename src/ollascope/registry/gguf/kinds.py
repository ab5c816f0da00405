"""The types of the GGUF format: of metadata values, of tensors, and the names of whole-file quantisations."""

import struct
from dataclasses import dataclass

MAGIC = b"GGUF"
ALIGNMENT = 32

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)

NUMBERS = {  # metadata type -> how struct packs it
    U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d",
}  # fmt: skip

NUMBER_SIZES = {kind: struct.calcsize("<" + code) for kind, code in NUMBERS.items()}

FILE_MARKS = (  # how files start that are taken for GGUF: their first bytes in small letters, what they are, a hint
    (
        b"version https://git-lfs",
        "the stand-in that Git leaves for a large file",
        "fetch it with: git lfs pull",
    ),
    (b"<!doctype", "a web page", "the download went wrong: fetch the file again and look at the address"),
    (b"<html", "a web page", "the download went wrong: fetch the file again and look at the address"),
    (b"tjgg", "a model of llama.cpp before 2023", "convert the model again with a current llama.cpp"),
    (b"fmgg", "a model of llama.cpp before 2023", "convert the model again with a current llama.cpp"),
    (b"lmgg", "a model of llama.cpp before 2023", "convert the model again with a current llama.cpp"),
    (b"pk\x03\x04", "an archive, as PyTorch saves models", "convert it to GGUF with llama.cpp's convert_hf_to_gguf.py"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a tensor type packs its numbers: `numbers` of them in a block of `size` bytes."""

    number: int
    name: str
    numbers: int
    size: int

    def bytes_of(self, count: int) -> int:
        """The bytes that `count` numbers take; `count` is a multiple of the block."""
        return count // self.numbers * self.size


_TENSORS = (
    (0, "f32", 1, 4), (1, "f16", 1, 2), (2, "q4_0", 32, 18), (3, "q4_1", 32, 20), (6, "q5_0", 32, 22),
    (7, "q5_1", 32, 24), (8, "q8_0", 32, 34), (9, "q8_1", 32, 36), (10, "q2_k", 256, 84), (11, "q3_k", 256, 110),
    (12, "q4_k", 256, 144), (13, "q5_k", 256, 176), (14, "q6_k", 256, 210), (15, "q8_k", 256, 292),
    (16, "iq2_xxs", 256, 66), (17, "iq2_xs", 256, 74), (18, "iq3_xxs", 256, 98), (19, "iq1_s", 256, 50),
    (20, "iq4_nl", 32, 18), (21, "iq3_s", 256, 110), (22, "iq2_s", 256, 82), (23, "iq4_xs", 256, 136),
    (24, "i8", 1, 1), (25, "i16", 1, 2), (26, "i32", 1, 4), (27, "i64", 1, 8), (28, "f64", 1, 8),
    (29, "iq1_m", 256, 56), (30, "bf16", 1, 2), (34, "tq1_0", 256, 54), (35, "tq2_0", 256, 66),
    (39, "mxfp4", 32, 17), (40, "nvfp4", 64, 36), (41, "q1_0", 128, 18),
)  # fmt: skip
KINDS = {number: Kind(number=number, name=name, numbers=n, size=size) for number, name, n, size in _TENSORS}
KIND_NAMED = {kind.name: kind for kind in KINDS.values()}

FILE_TYPES = {  # general.file_type -> the name people know
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
    39: "NVFP4", 40: "Q1_0",
}  # fmt: skip
POOLINGS = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}
