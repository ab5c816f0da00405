"""Sections as their fields: keys, variables and the types that settings know."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ollascope.settings.fields import fields_of, leaves, resolve, variable
from ollascope.wire import SECTIONS
from ollascope.words.setting import setting, subsection


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """Within."""

    deep: int = setting(1, "m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """Around."""

    first: Path | None = setting(None, "m")
    inner: Inner = subsection(Inner, "m")
    last: tuple[str, ...] = setting((), "m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A type that no setting can have."""

    table: Mapping[str, int] | None = setting(None, "m")


def test_leaves_go_through_subsections_in_order() -> None:
    found = list(leaves({"outer": Outer}))
    assert [entry.key for entry in found] == ["outer.first", "outer.inner.deep", "outer.last"]
    assert [entry.variable for entry in found][1] == "OLLASCOPE__OUTER__INNER__DEEP"
    assert [entry.shape.form for entry in fields_of(Outer)] == ["path", "section", "texts"]
    assert found[0].shape.optional


def test_type_that_settings_do_not_know_is_a_bug_that_names_the_field() -> None:
    with pytest.raises(TypeError, match=r"Odd\.table"):
        fields_of(Odd)


def test_every_variable_of_the_program_leads_back_to_its_key() -> None:
    keys = [entry.key for entry in leaves(resolve(SECTIONS))]
    assert len({variable(key) for key in keys}) == len(keys)
    assert all("__" not in key for key in keys)


def test_every_setting_of_the_program_says_what_it_means() -> None:
    for entry in leaves(resolve(SECTIONS)):
        assert len(entry.rule.meaning) > 10
        assert not entry.rule.meaning.endswith(".")
