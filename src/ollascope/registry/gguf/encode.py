"""Packs float numbers as tensors of type f32, f16 or q8_0; needs numpy."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Weights = Literal["f32", "f16", "q8_0"]
Floats = NDArray[np.float32]

BLOCK = 32
TINY = 1e-30
FILE_TYPE: Mapping[Weights, int] = {"f32": 0, "f16": 1, "q8_0": 7}


def kind_for(shape: tuple[int, ...], weights: Weights) -> Weights:
    """The type of one tensor in a file of these weights: vectors stay f32, as every engine expects."""
    return "f32" if len(shape) == 1 else weights


def encode(numbers: Floats, kind: Weights) -> bytes:
    """The bytes of a tensor of that type."""
    match kind:
        case "f32":
            return numbers.astype("<f4").tobytes()
        case "f16":
            return numbers.astype("<f2").tobytes()
        case "q8_0":
            return _q8_0(numbers)


def _q8_0(numbers: Floats) -> bytes:
    """Blocks of 32 numbers: a half-precision step, then 32 multiples of it."""
    blocks = numbers.reshape(-1, BLOCK)
    step = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    step[step < TINY] = 0  # half precision has nothing so small, and its inverse would have no number
    with np.errstate(divide="ignore"):
        inverse = np.where(step == 0, np.float32(0), np.float32(1) / step)
    scaled = blocks * inverse
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int8)  # halves away from zero
    packed = np.empty((len(blocks), 2 + BLOCK), np.uint8)
    packed[:, :2] = step.astype("<f2").view(np.uint8)
    packed[:, 2:] = rounded.view(np.uint8)
    return packed.tobytes()
