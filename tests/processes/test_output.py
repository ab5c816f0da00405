"""What a child prints: bounded on disk and in memory, whatever it prints."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.processes.output import LINES, TAIL, WIDTH, Output

LIMIT = 1000


@pytest.fixture
def output(tmp_path):
    made = Output(tmp_path / "child.out", LIMIT, pytest.fail)
    yield made
    made.close()


def kept(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def test_what_is_printed_is_kept_for_this_user_alone(output, tmp_path):
    output.take(b"hello\n")
    output.take(b"world\n")
    assert (tmp_path / "child.out").read_bytes() == b"hello\nworld\n"
    assert (tmp_path / "child.out").stat().st_mode & 0o777 == 0o600


def test_oldest_goes_first_and_the_limit_is_kept(output, tmp_path):
    for number in range(1000):
        output.take(f"line {number:03}\n".encode())
        assert kept(tmp_path) <= LIMIT
    text = (tmp_path / "child.out.1").read_text() + (tmp_path / "child.out").read_text()
    assert text.splitlines()[-1] == "line 999"
    assert text.splitlines() == [f"line {number:03}" for number in range(1000)][-len(text.splitlines()) :]


def test_later_start_goes_on_where_the_earlier_ended(tmp_path):
    for text in (b"first\n", b"second\n"):
        output = Output(tmp_path / "child.out", LIMIT, pytest.fail)
        output.take(text)
        output.close()
    assert (tmp_path / "child.out").read_bytes() == b"first\nsecond\n"


def test_last_words_are_the_last_lines_that_are_not_empty(output):
    output.take("".join(f"{number}\n\n" for number in range(100)).encode())
    assert output.last() == tuple(str(number) for number in range(80, 100))


def test_last_words_of_an_earlier_start_are_forgotten(output):
    output.take(b"old\n")
    output.forget()
    output.take(b"new")
    assert output.last() == ("new",)


@given(st.lists(st.binary(max_size=400), max_size=30))
def test_whatever_is_printed_the_last_words_stay_few_and_short(pieces):
    output = Output(Path(os.devnull), 1 << 30, lambda _error: None)
    for piece in pieces:
        output.take(piece)
    output.close()
    assert len(output.last()) <= LINES
    assert all(0 < len(line) <= WIDTH for line in output.last())


def test_memory_is_bounded(output):
    output.take(b"x" * 10_000_000)
    assert len(output._tail) == TAIL


def test_full_disk_is_told_once_and_the_last_words_are_still_known(tmp_path):
    (tmp_path / "child.out").symlink_to("/dev/full")
    told = []

    class Followed(Output):
        def _open(self):  # a private file is never a link; here the link is the disk that is full
            self._descriptor, self._size = os.open("/dev/full", os.O_WRONLY), 0

    output = Followed(tmp_path / "child.out", LIMIT, told.append)
    for _ in range(5):
        output.take(b"important\n")
    output.close()
    assert [error.strerror for error in told] == ["No space left on device"]
    assert output.last() == ("important",) * 5


def test_folder_that_is_gone_is_told_once(tmp_path):
    told = []
    output = Output(tmp_path / "gone" / "child.out", LIMIT, told.append)
    output.take(b"a\n")
    output.take(b"b\n")
    assert (len(told), output.last()) == (1, ("a", "b"))


def test_log_that_is_a_link_is_not_followed(tmp_path):
    told = []
    (tmp_path / "child.out").symlink_to(tmp_path / "mine")
    output = Output(tmp_path / "child.out", LIMIT, told.append)
    output.take(b"a\n")
    assert len(told) == 1
    assert not (tmp_path / "mine").exists()
