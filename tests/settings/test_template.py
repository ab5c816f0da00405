"""The template is complete, says what may stand where, and loads back to the values it was rendered from."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.settings.document import Leaf, parse
from ollascope.settings.findings import Mistakes
from ollascope.settings.load import Sources, load
from ollascope.settings.template import SERVER, render, scalar
from ollascope.wire import SECTIONS
from ollascope.words.setting import Secret, setting, subsection


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is let in."""

    rpm: int = setting(60, "requests a minute", minimum=1)
    burst: int | None = setting(None, "requests at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One model server."""

    url: str = setting("http://127.0.0.1:11434", "its address")
    token: Secret | None = setting(None, "what it asks for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A section with every type."""

    name: str = setting('yes: "odd" # text', "a name that needs quotes; very " + "long " * 40)
    place: Path = setting(Path("/srv/a b"), "a place")
    mode: Literal["fast", "slow"] = setting("slow", "which")
    token: Secret = setting(Secret(""), "for the door")
    tags: tuple[str, ...] = setting(("a, b", "null"), "words")
    backends: tuple[Backend, ...] = setting((), "where models run")
    limits: Limits = subsection(Limits, "how much is let in")
    share: float = setting(1e-9, "how much")


DEMO = {"demo": f"{__name__}:Demo"}


def test_every_type_loads_back_to_its_default(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(render(DEMO))
    settings = load(DEMO, Sources(file=tmp_path / "s.yaml"))
    assert settings.of(Demo) == Demo()
    unset = {entry.key for entry in settings.entries() if entry.origin.layer == "default"}
    assert unset == {"demo.token"}  # a secret has only its file's name here


def test_template_says_meaning_range_and_default_of_every_key() -> None:
    lines = render(DEMO).splitlines()
    assert "    # Requests a minute. Takes a whole number, 1 or more. Default: 60." in lines
    assert "    rpm: 60" in lines
    assert "  # Which. Takes fast or slow. Default: slow." in lines
    assert "  token_file: null" in lines
    assert any("set OLLASCOPE__DEMO__TOKEN in the environment" in line for line in lines)


def test_example_of_a_list_can_be_used_by_removing_the_comment_signs(tmp_path: Path) -> None:
    text = render(DEMO).replace("  backends: []\n", "")
    text = re.sub(r"  # Each entry:\n  #(   - .*)\n  #(     .*)\n", r"  backends:\n  \1\n  \2\n", text)
    (tmp_path / "s.yaml").write_text(text)
    assert load(DEMO, Sources(file=tmp_path / "s.yaml")).of(Demo).backends == (Backend(),)


def test_template_is_plain_text_of_moderate_width() -> None:
    for line in render(DEMO).splitlines():
        assert line == line.rstrip()
        assert "\t" not in line
        assert len(line) <= 125


def test_server_template_gives_a_reason_for_each_value_that_differs() -> None:
    local, server = render(SECTIONS, "local").splitlines(), render(SECTIONS, "server").splitlines()
    for key, change in SERVER.items():
        name = key.rpartition(".")[2]
        assert any(line.strip() == f"{name}: {scalar(change.value)}" for line in server)
        assert not any(line.strip() == f"{name}: {scalar(change.value)}" for line in local)
        assert any(line.strip().startswith(f"# Here {scalar(change.value)}: ") for line in server)


def test_change_of_a_key_that_is_gone_is_a_bug() -> None:
    with pytest.raises(LookupError, match=r"data\.folder"):
        render(DEMO, "server")


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_written_so_that_it_is_read_back(text: str) -> None:
    mistakes = Mistakes()
    page = parse(f"k: {scalar(text)}\nl: [{scalar((text,))}]\n", "f", mistakes)
    node = page.pairs[0].node
    assert mistakes.found == []
    assert isinstance(node, Leaf)
    assert (node.text, node.empty) == (text, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [("yes", '"yes"'), ("No", '"No"'), ("null", '"null"'), ("", '""'), ("1", '"1"'), ("12:30", '"12:30"'), ("a", "a"),
     ("a b", '"a b"'), ("/a/b", "/a/b"), ("127.0.0.1", "127.0.0.1"), ("::1", '"::1"'), ("a\n", '"a\\x0a"'),
     (True, "true"), (None, "null"), (("a", "b"), "[a, b]"), (1.0, "1.0"), ("2024-01-01", '"2024-01-01"'),
     ("~", '"~"'), ("-", '"-"'), ("=", '"="')],
)  # fmt: skip
def test_texts_that_other_readers_take_for_something_else_are_quoted(value: object, text: str) -> None:
    assert scalar(value) == text
