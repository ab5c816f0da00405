"""The YAML walk: lines, what is refused, and bounds on depth and time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.settings.document import DEEPEST, Branch, Leaf, Pair, Row, parse, text_of
from ollascope.settings.findings import Mistakes


def read(text: str) -> tuple[Branch, list[str]]:
    mistakes = Mistakes()
    page = parse(text, "f", mistakes)
    return page, [str(finding) for finding in mistakes.listed()]


def test_every_key_and_value_has_its_line() -> None:
    page, mistakes = read('a:\n  b: 1\n\n  c:\n    - x\n    - "y"\n')
    assert mistakes == []
    assert page == Branch(line=2 - 1, pairs=(
        Pair(line=1, key="a", node=Branch(line=2, pairs=(
            Pair(line=2, key="b", node=Leaf(line=2, text="1")),
            Pair(line=4, key="c", node=Row(line=5, items=(
                Leaf(line=5, text="x"), Leaf(line=6, text="y", quoted=True)
            ))),
        ))),
    ))  # fmt: skip


def test_no_document_and_only_comments_are_an_empty_map() -> None:
    for text in ("", "# a\n", "---\n", "null\n", "%YAML 1.2\n---\n"):
        assert read(text) == (Branch(line=1, pairs=()), [])


def test_depth_up_to_the_bound_is_read_and_no_further() -> None:
    inner = DEEPEST - 1
    assert read("a: " + "[" * inner + "]" * inner)[1] == []
    assert "is nested more than" in read("a: " + "[" * (inner + 1) + "]" * (inner + 1))[1][0]


def test_first_of_two_equal_keys_is_kept() -> None:
    page, mistakes = read("a: 1\nb: 2\na: 3\n")
    assert [pair.node for pair in page.pairs] == [Leaf(line=1, text="1"), Leaf(line=2, text="2")]
    assert mistakes == ['f:3: the key "a" stands on line 1 already — keep one of the two']


def test_quoted_merge_sign_is_a_key_like_any_other() -> None:
    assert read('"<<": 1')[0].pairs[0].key == "<<"


def test_refused_parts_are_told_one_by_one() -> None:
    _, mistakes = read("a: &x 1\nb: *x\nc: !!int 2\n<<: 3\n[d]: 4\n&y e: 5\n*x : 6\n")
    assert [mistake.split(": ")[0] for mistake in mistakes] == [f"f:{line}" for line in range(1, 8)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n b: 2\n", "f:2: a colon where no key can stand"),
        ("a: @x\n", "f:1: a value begins with a character that means something else to YAML"),
        ("a: {b: 1\n", "f:1: a bracket or brace that is not closed"),
        ("a: 'x\n", "f:1: a quote that is not closed"),
        ("a: 1\nb\nc: 2\n", "f:2: a key without a colon"),
        ("- a\nb: 1\n", "f:2: does not fit the lines above it"),
        ("a: 1\n- b\n", "f:2: does not fit the lines above it"),
        ("a: - b\n", "f:1: a list entry where none can stand"),
        ("a: 1\n\tb: 2\n", "f:2: a tab where only blanks are allowed"),
        ("a: >%\n", "f:1: is not valid YAML here"),
        ('a: "\\U00110000"\n', "f:1: is not valid YAML after this line"),
        ('a: "\\UFFFFFFFF"\n', "f:1: is not valid YAML after this line"),
        ("%YAML 1." + "9" * 10_000 + "\n---\n", "f:1: is not valid YAML after this line"),
        ("%YAML 2.0\n---\n", "f:1: is not valid YAML here"),
        ("!sk-canary1234567!x a: 1", "f:1: is not valid YAML here — "),
    ],
)
def test_broken_yaml_is_told_in_plain_words(text: str, told: str) -> None:
    page, mistakes = read(text)
    assert page.pairs == ()
    assert len(mistakes) == 1
    assert mistakes[0].startswith(told)
    assert "canary" not in mistakes[0]


N = 250_000


@pytest.mark.parametrize(
    "text",
    ["[" * N, "{" * N, "- " * (N // 2), "? " * (N // 2), "a: 1\n" * (N // 5), "[a]: 1\n" * (N // 7), "'" * N,
     "a: [" + "1," * (N // 2) + "]", "&a " * (N // 3), "*a\n" * (N // 3), "---\n" * (N // 4), "%" * N, "\t" * N,
     "a: &a [x]\n" + "b: &b [*a,*a,*a,*a,*a]\n" * 5000, "x" * N + ": 1", "a: |\n" + " x\n" * (N // 3), "#" * N],
    ids=range(17),
)  # fmt: skip
@pytest.mark.slow
def test_largest_files_of_any_form_end_in_time(text: str) -> None:
    began = time.monotonic()
    read(text)
    assert time.monotonic() - began < 40  # each takes 2 s at most


@given(st.recursive(st.text("abc", min_size=1, max_size=3), lambda inner: st.lists(inner, max_size=4), max_leaves=20))
def test_nested_lists_are_read_as_they_were_written(tree: object) -> None:
    page, mistakes = read(f"k: {_flow(tree)}")
    assert mistakes == []
    assert _plain(page.pairs[0].node) == tree


def _flow(tree: object) -> str:
    return f"[{', '.join(map(_flow, tree))}]" if isinstance(tree, list) else str(tree)


def _plain(node: object) -> object:
    return [_plain(item) for item in node.items] if isinstance(node, Row) else node.text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a\n\xff", "f:2: is not UTF-8: byte 0xff"),
        (b"a\r\nb\r\xc3(", "f:3: is not UTF-8: byte 0xc3"),
        (b"\xff\xfea\0", "f:1: is UTF-16"),
        ("ä\nb\x07".encode(), "f:2: has the control character U+0007"),
        ("a\n\ufffe".encode(), "f:2: has the control character U+FFFE"),
        (b"a\0", "f:1: has the control character U+0000"),
        (b"\xed\xa0\x80", "f:1: is not UTF-8"),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_line(data: bytes, told: str) -> None:
    mistakes = Mistakes()
    assert text_of(data, "f", mistakes) == ""
    assert str(mistakes.found[0]).startswith(told)
