"""The error tree: every class complete, every code its own, the drawing true."""

import re

import pytest

from ollascope.words import errors
from ollascope.words.errors import Trouble, every_error

TREE = list(every_error())
DRAWN = re.compile(r"^([│ ├└─]*)(\w+)\s{2,}(.+)$", re.MULTILINE)


def drawn_depths():
    return {name: len(marks) // 3 for marks, name, _ in DRAWN.findall(errors.__doc__)}


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_error_says_code_status_and_whether_to_try_again(error):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    assert 400 <= error.status < 600
    assert isinstance(error.retryable, bool)
    assert error.exit_code in {1, 2, 3, 130}
    assert error.__doc__


def test_codes_are_unique():
    codes = [error.code for error in TREE]
    assert sorted(set(codes)) == sorted(codes)


def test_drawing_shows_every_error_at_its_depth():
    assert drawn_depths() == {error.__name__: error.__mro__.index(Trouble) for error in TREE}


def test_hint_cannot_be_left_out():
    with pytest.raises(TypeError):
        Trouble("it broke")


def test_kinds_that_model_work_needs_are_in_the_tree():
    assert {"load-failed", "inference-failed", "out-of-memory", "quantisation-failed"} <= {e.code for e in TREE}
