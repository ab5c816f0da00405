"""Any value of a dataclass, as its types allow: for properties that hold for every Result."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from ollascope.bench.result import Result, Tail

FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(max_size=12)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FINITE | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
EXTRA = st.dictionaries(st.sampled_from(["x_one", "x_two"]), PLAIN, max_size=1)
SCALARS = {str: WORDS, int: st.integers(0, 2**53), float: FINITE, bool: st.booleans(), type(None): st.none()}


@cache
def anything(kind):
    """A strategy for a dataclass."""
    if kind is Tail:  # one without any value is not kept: nothing was measured
        return _built(kind).filter(lambda tail: tail != Tail(n=0))
    if kind is Result:
        return _built(kind, schema=st.just(1))
    return _built(kind)


def _built(kind, **given):
    hints = get_type_hints(kind)
    of = {entry.name: EXTRA if entry.name == "extra" else _of(hints[entry.name]) for entry in fields(kind)}
    return st.builds(kind, **{**of, **given})


def _of(hint):
    origin, args = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return st.deferred(lambda: anything(hint))
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        many = args[-1] is Ellipsis
        return st.lists(_of(args[0]), max_size=2).map(tuple) if many else st.tuples(*map(_of, args))
    if origin is Mapping:
        return st.dictionaries(WORDS.filter(lambda name: name), _of(args[1]), max_size=2)
    assert origin in {Union, types.UnionType}, hint
    if any(get_origin(arg) is not None and get_origin(arg) is not tuple for arg in args):
        return PLAIN
    return st.one_of(*map(_of, args))
