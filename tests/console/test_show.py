"""Tables stay aligned in a pipe, also with wide characters; errors are one line and a hint."""

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.console.show import plain_lines, print_json, size_text, stacked_lines, table, trouble
from ollascope.words.errors import Trouble

CELLS = st.text(alphabet="abc déf模型", max_size=8)


def test_columns_line_up():
    assert plain_lines([["key", "value"], ["a", "1"], ["long key", "2"]]) == [
        "key       value",
        "a         1",
        "long key  2",
    ]


def test_wide_characters_count_as_two():
    assert plain_lines([["模型", "1"], ["ab", "2"]]) == ["模型  1", "ab    2"]


def test_no_rows_are_no_lines():
    assert plain_lines([]) == []


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6))
def test_each_row_is_one_line_without_trailing_blanks(rows):
    lines = plain_lines(rows)
    assert len(lines) == len(rows)
    assert all(line == line.rstrip() for line in lines)


def test_pipe_gets_plain_columns(capsys):
    table(["state"], [["ok"]], {"ok": "green"})
    assert capsys.readouterr().out == "state\nok\n"


def test_json_keeps_chinese_readable(capsys):
    print_json({"模型": None})
    assert capsys.readouterr().out == '{\n  "模型": null\n}\n'


def test_long_hint_is_wrapped_and_indented():
    out = io.StringIO()
    trouble(Trouble("it broke", hint="word " * 60), out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "ollascope: it broke"
    assert len(lines) > 2
    assert all(line.startswith("  ") and len(line) <= 112 for line in lines[1:])


def test_column_that_holds_nothing_is_left_out(capsys):
    table(["state", "hint"], [["ok", ""], ["ok", ""]])
    assert capsys.readouterr().out == "state\nok\nok\n"


def test_rows_wider_than_the_screen_are_stacked_and_wrapped_between_words():
    rows = [["ok", "disk", "a sentence that is much longer than the screen", ""]]
    lines = list(stacked_lines(rows, [2, 4, 46, 0], 32))
    assert lines == ["ok  disk", "    a sentence that is much", "    longer than the screen"]


@given(st.text(st.characters(exclude_categories=())))
def test_json_acts_on_no_terminal_and_says_the_same(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
        print_json([text])
        printed = sys.stdout
        printed.flush()
        written = printed.buffer.getvalue().decode()
    assert json.loads(written) == [text]
    assert written.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (2048, "2.0 KiB"), (300 * 2**10, "300 KiB"),
        (3 * 2**20, "3.0 MiB"), (512 * 2**20, "512 MiB"), (2**30, "1.0 GiB"), (int(11.2 * 2**30), "11.2 GiB"),
        (140 * 2**30, "140.0 GiB"), (2 * 2**40, "2.0 TiB"),
    ],
)  # fmt: skip
def test_sizes_are_readable(count, text):
    assert size_text(count) == text
