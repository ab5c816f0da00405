"""JSON as it comes and goes: UTF-8, bounded depth, finite numbers; the fields of a request, types checked."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, Never, cast

from ollascope.words.errors import AnswerMalformed, BadUsage, Trouble
from ollascope.words.record import Json

DEPTH: Final = 128
WHITE: Final = " \t\r\n"


def decode(data: bytes | str) -> Json:
    """The value in `data`, with bytes that are not UTF-8 replaced; a ValueError says what is wrong, in Go's words."""
    text = (data.decode("utf-8", "replace") if isinstance(data, bytes) else data).strip(WHITE)
    if "\\u" in text:
        text = _ESCAPES.sub(_paired, text)
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(_go_words(error)) from error
    except RecursionError as error:
        raise ValueError("exceeded max depth") from error
    if end != len(text):
        raise ValueError(f"invalid character {_shown(text[end:])} after top-level value")
    if len(text) > 2 * DEPTH and text.count("[") + text.count("{") > DEPTH:
        _check_depth(value)
    return cast("Json", value)


def encode(value: object) -> bytes:
    """The value as compact JSON; half a surrogate pair becomes the replacement character, as Go writes it."""
    return utf8(_ENCODER.encode(value))


def quote(text: str) -> str:
    """A text as a JSON string."""
    return _ENCODER.encode(text)


def utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def read_object(data: bytes) -> dict[str, Json]:
    """The object in a piece of an answer."""
    try:
        value = decode(data)
    except ValueError as error:
        raise malformed(f"the answer holds something that is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise malformed(f"the answer holds {kind_of(value)} where an object belongs")
    return value


def malformed(message: str) -> AnswerMalformed:
    return AnswerMalformed(message, hint="is this the address of a model server? `ollascope doctor` checks it")


def count(value: object) -> int | None:
    """A number of tokens or bytes as an answer gives it; none when it is not a sensible count."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or isinstance(value, bool) or not isinstance(value, int):
        return None if value is None else _not_a_count(value)
    return value if 0 <= value < 2**63 else None


def measure(value: object) -> float | None:
    """A number that may have a fraction; none when it is absent, negative or beyond all measure."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise malformed(f"the answer holds {kind_of(value)} where a number belongs")
    return float(value) if 0 <= value < 1e300 else None


def words(value: object) -> str:
    """A text of an answer; null counts as empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise malformed(f"the answer holds {kind_of(value)} where a text belongs")


def entries(value: object) -> list[dict[str, Json]]:
    """A list of objects in an answer; null counts as empty."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise malformed("the answer holds something else where a list of objects belongs")
    return value


def entry(value: object) -> dict[str, Json]:
    """An object in an answer; null counts as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise malformed(f"the answer holds {kind_of(value)} where an object belongs")
    return value


def kind_of(value: object) -> str:
    """What JSON calls the type of a value."""
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "null"


class Fields:
    """The fields of one object of a request, taken one by one with their types checked; the rest is passed on."""

    def __init__(self, value: Json, name: str) -> None:
        if not isinstance(value, dict):
            raise refuse(f"json: cannot unmarshal {kind_of(value)} into Go value of type api.{name.partition('.')[0]}")
        self._left: dict[str, Json] = {key: item for key, item in value.items() if item is not None}
        self._name = name

    def take(self, key: str) -> Json:
        """A field of any type."""
        return self._left.pop(key, None)

    def text(self, key: str) -> str | None:
        value = self.take(key)
        return value if value is None or isinstance(value, str) else self._wrong(key, value, "string")

    def flag(self, key: str) -> bool | None:
        value = self.take(key)
        return value if value is None or isinstance(value, bool) else self._wrong(key, value, "bool")

    def whole(self, key: str) -> int | None:
        value = self.take(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63):
            return value
        return self._wrong(key, value, "int")

    def number(self, key: str) -> float | None:
        value = self.take(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300):
            return value
        return self._wrong(key, value, "float64")

    def mapping(self, key: str) -> dict[str, Json] | None:
        value = self.take(key)
        return value if value is None or isinstance(value, dict) else self._wrong(key, value, "map[string]interface {}")

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        items = self._items(key, value, "[]string")
        return tuple(item if isinstance(item, str) else self._wrong(key, item, "string") for item in items)

    def objects(self, key: str) -> tuple["Fields", ...]:
        value = self.take(key)
        items = self._items(key, value, "[]object")
        return tuple(
            Fields(item, f"{self._name}.{key}") if isinstance(item, dict) else self._wrong(key, item, "object")
            for item in items
        )

    def part(self, key: str) -> "Fields":
        """A field that is an object itself; empty when it is absent."""
        return Fields(self.mapping(key) or {}, f"{self._name}.{key}")

    def rest(self) -> dict[str, Json]:
        """What nobody took."""
        return dict(self._left)

    def _items(self, key: str, value: Json, wanted: str) -> Sequence[Json]:
        if value is None:
            return ()
        return value if isinstance(value, list) else self._wrong(key, value, wanted)

    def _wrong(self, key: str, value: object, wanted: str) -> Never:
        field = f"{self._name}.{key}"
        raise refuse(f"json: cannot unmarshal {kind_of(value)} into Go struct field {field} of type {wanted}")


def read_fields(body: bytes, name: str, *, empty: str = "EOF") -> Fields:
    """The fields of a request body; `empty` is what the API says to no body at all."""
    if not body.strip():
        raise refuse(empty)
    try:
        return Fields(decode(body), name)
    except ValueError as error:
        raise refuse(str(error)) from error


def refuse(message: str, *, status: int = 400, kind: type[Trouble] = BadUsage) -> Trouble:
    """A request that breaks the rules of its API, told in the words of the real server."""
    return kind(message, hint="correct the request; the API's documentation names fields and types", status=status)


def kept(values: Mapping[str, Json | None]) -> dict[str, Json]:
    """The fields that are set."""
    return {key: value for key, value in values.items() if value is not None}


_ESCAPES = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (str, "string"),
    (int, "number"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
)


def _paired(match: re.Match[str]) -> str:
    return match[1] or "\\ufffd"


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"cannot unmarshal number {text[:20]}: too large")
    return value


def _no_constant(text: str) -> Never:
    raise ValueError(f"invalid character {text[:1]!r} looking for beginning of value")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)

_PLACES = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after array element or object key:value pair",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}


def _go_words(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :]
    if not rest.strip(WHITE) or error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    place = next((words for start, words in _PLACES.items() if error.msg.startswith(start)), "in JSON")
    return f"invalid character {_shown(rest.lstrip(WHITE))} {place}"


def _shown(text: str) -> str:
    return repr(text.lstrip(WHITE)[:1])


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else cast("list[object]", item))
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise ValueError("exceeded max depth")


def _not_a_count(value: object) -> Never:
    raise malformed(f"the answer holds {kind_of(value)} where a count belongs")
