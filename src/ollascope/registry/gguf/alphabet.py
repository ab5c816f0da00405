"""The byte-level alphabet of Qwen's and GPT-2's tokens: every byte has a printable character that stands for it."""

from collections.abc import Mapping

_PRINTABLE = frozenset([*range(33, 127), *range(161, 173), *range(174, 256)])


def _letters() -> Mapping[int, str]:
    spare = iter(range(256, 512))
    return {byte: chr(byte if byte in _PRINTABLE else next(spare)) for byte in range(256)}


LETTER_OF = _letters()
BYTE_OF = {letter: byte for byte, letter in LETTER_OF.items()}


def spelled(piece: str | bytes) -> str:
    """A piece of text, or the bytes of one, as a vocabulary spells it."""
    return "".join(LETTER_OF[byte] for byte in (piece.encode() if isinstance(piece, str) else piece))


def unspelled(token: str) -> bytes:
    """The bytes that a token of the vocabulary stands for."""
    return bytes(BYTE_OF[letter] for letter in token)
