"""GGUF bytes put together by hand, right or wrong in one place, to see what the reader says."""

import struct

from ollascope.registry.gguf.kinds import ARRAY, BOOL, F32, STRING, U32

VALUES = {
    "general.architecture": (STRING, "llama"),
    "llama.block_count": (U32, 2),
    "llama.embedding_length": (U32, 64),
    "llama.context_length": (U32, 512),
}
TENSORS = [("token_embd.weight", (64, 10), 0, 0), ("output_norm.weight", (64,), 0, 2560)]  # name, shape, type, place
ENOUGH = bytes(4096)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    if kind == STRING:
        return struct.pack("<I", kind) + text(content)
    if kind == ARRAY:  # the type of its items, how many are announced, their bytes
        inner, count, data = content
        return struct.pack("<IIQ", kind, inner, count) + data
    code = {U32: "I", F32: "f", BOOL: "B"}.get(kind, "Q")
    return struct.pack("<I" + code, kind, content)


def entry(name, shape, kind, place):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, place)


def head(values=VALUES, tensors=TENSORS, *, counts=None):
    """Everything from the magic to the last tensor's line; `counts` announces other numbers than there are."""
    announced = counts or (len(tensors), len(values))
    items = values.items() if isinstance(values, dict) else values
    return b"".join(
        [b"GGUF", struct.pack("<IQQ", 3, *announced)]
        + [text(key) + value(*content) for key, content in items]
        + [entry(*tensor) for tensor in tensors]
    )


def whole(values=VALUES, tensors=TENSORS):
    """A file that the reader accepts, unless the arguments say otherwise."""
    start = head(values, tensors)
    return start + bytes(-len(start) % 32) + ENOUGH
