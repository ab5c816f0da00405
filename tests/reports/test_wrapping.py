"""Sentences are broken into lines that fit, and nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.reports.wrapping import width_of, wrapped

TEXT = st.text(alphabet="ab 字。， ", max_size=80)


@given(TEXT, st.integers(min_value=12, max_value=40))
def test_nothing_but_blanks_is_lost(text, width):
    told = wrapped(text, width, first="- ", rest="  ")
    assert "".join("".join(told)[1:].split()) == "".join(text.split())


@given(TEXT, st.integers(min_value=12, max_value=40))
def test_lines_fit_but_for_a_mark_that_may_not_begin_one(text, width):
    for line in wrapped(text, width, first="- ", rest="  "):
        assert width_of(line.rstrip("。，")) <= width


def test_word_that_fits_on_no_line_is_cut():
    assert wrapped("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_first_line_and_the_others_have_their_own_beginnings():
    assert wrapped("one two three four", 10, first="- ", rest="  ") == ["- one two", "  three", "  four"]


def test_chinese_letter_counts_as_two_and_a_mark_never_begins_a_line():
    assert wrapped("一二三，四五六", 6) == ["一二三，", "四五六"]


def test_nothing_is_one_empty_line():
    assert wrapped("", 10) == [""]


def test_number_stays_with_its_unit():
    assert wrapped("it took 10.5 s", 12) == ["it took", "10.5 s"]
