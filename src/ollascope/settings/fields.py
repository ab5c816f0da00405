"""What the sections declare: every field with its key, its type in our terms, its rule and its default."""

import importlib
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from ollascope.words.setting import Rule, Secret, rules

Form = Literal["bool", "int", "float", "str", "path", "choice", "secret", "texts", "things", "section"]

_FORMS: dict[object, Form] = {
    bool: "bool", int: "int", float: "float", str: "str", Path: "path", Secret: "secret"
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The type of a field: its form, whether it may be null, the words of a choice, the class of a section within."""

    form: Form
    optional: bool = False
    choices: tuple[str | int, ...] = ()
    inside: type = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a section; `key` is its dotted name."""

    key: str
    name: str
    shape: Shape
    rule: Rule
    default: object

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return variable(self.key)


def variable(key: str) -> str:
    """The environment variable of a key."""
    return "OLLASCOPE__" + key.upper().replace(".", "__")


def resolve(sections: Mapping[str, str]) -> dict[str, type]:
    """The classes that a table of sections names as `module:Class`."""
    found: dict[str, type] = {}
    for name, path in sections.items():
        module, _, cls = path.partition(":")
        found[name] = cast("type", vars(importlib.import_module(module))[cls])
    return found


def leaves(classes: Mapping[str, type]) -> Iterator[Field]:
    """Every field that holds a value, through the subsections, in the order they were declared."""
    for name, cls in classes.items():
        yield from _leaves(cls, f"{name}.")


def fields_of(cls: type, prefix: str = "") -> tuple[Field, ...]:
    """The direct fields of a section, subsections among them."""
    return _fields_of(cls, prefix)


def _leaves(cls: type, prefix: str) -> Iterator[Field]:
    for entry in fields_of(cls, prefix):
        if entry.shape.form == "section":
            yield from _leaves(entry.shape.inside, f"{entry.key}.")
        else:
            yield entry


@cache
def _fields_of(cls: Any, prefix: str) -> tuple[Field, ...]:
    hints, declared = get_type_hints(cls), rules(cls)
    return tuple(
        Field(
            key=prefix + entry.name,
            name=entry.name,
            shape=_shape(hints[entry.name], f"{cls.__name__}.{entry.name}"),
            rule=declared[entry.name],
            default=None if entry.default is MISSING else entry.default,
        )
        for entry in fields(cls)
    )


def _shape(hint: Any, where: str) -> Shape:
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        rest = [arg for arg in args if arg is not type(None)]
        inner = _shape(rest[0], where)
        if len(rest) == 1 and inner.form not in {"texts", "things", "section"}:
            return Shape(form=inner.form, optional=True, choices=inner.choices)
    elif origin is Literal:
        return Shape(form="choice", choices=args)
    elif origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        if args[0] is str:
            return Shape(form="texts")
        if is_dataclass(args[0]):
            return Shape(form="things", inside=cast("type", args[0]))
    elif is_dataclass(hint):
        return Shape(form="section", inside=cast("type", hint))
    elif hint in _FORMS:
        return Shape(form=_FORMS[hint])
    raise TypeError(f"{where}: settings have no fields of the type {hint}")
