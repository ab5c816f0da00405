"""A growing file is read whole, each line once: over rotation, truncation, restarts and any bytes."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.logs.follow import LONGEST_LINE, Tail
from ollascope.words.errors import StorageTrouble


@pytest.fixture
def log(tmp_path):
    return tmp_path / "server.log"


def add(path, text):
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def texts(tail):
    found = []
    while entries := tail.read():
        found += [entry.text for entry in entries]
    return found


def test_file_that_is_not_there_is_waited_for(log):
    tail = Tail(log)
    assert tail.read() == []
    add(log, "a\n")
    assert texts(tail) == ["a"]


def test_folder_is_refused_by_name(tmp_path):
    with pytest.raises(StorageTrouble, match="is not a file"):
        Tail(tmp_path).read()


def test_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageTrouble, match="is not a file"):
        Tail(tmp_path / "pipe").read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_named(log):
    add(log, "a\n")
    log.chmod(0)
    with pytest.raises(StorageTrouble, match="cannot be read"):
        Tail(log).read()


def test_half_line_waits_for_its_end(log):
    add(log, "one\ntw")
    tail = Tail(log)
    assert texts(tail) == ["one"]
    add(log, "o\nthree")
    assert texts(tail) == ["two"]


def test_half_letter_waits_for_its_end(log):
    letter = "模".encode()
    add(log, letter[:2])
    tail = Tail(log)
    assert texts(tail) == []
    add(log, letter[2:] + b"\n")
    assert texts(tail) == ["模"]


def test_binary_garbage_is_a_line_like_any_other(log):
    add(log, b"\x00\xff\xfe\x80\nafter\r\n")
    assert texts(Tail(log)) == ["\x00���", "after"]


def test_huge_line_is_cut_and_the_next_one_is_whole(log):
    add(log, b"x" * (3 * LONGEST_LINE) + b"\nafter\n")
    tail = Tail(log)
    first, after = texts(tail)
    assert (len(first), after, tail.cut_lines) == (LONGEST_LINE, "after", 1)


def test_huge_line_without_an_end_takes_no_memory(log):
    tail = Tail(log)
    for _ in range(12):
        add(log, b"x" * LONGEST_LINE)
        tail.read()
    add(log, "\nafter\n")
    assert texts(tail)[-1] == "after"
    assert tail.cut_lines == 1


def test_rotation_loses_nothing(log):
    add(log, "a\n")
    tail = Tail(log)
    assert texts(tail) == ["a"]
    add(log, "b\nhalf")
    log.rename(log.with_name("server.log.1"))
    add(log, "c\n")
    assert texts(tail) == ["b", "half", "c"]


def test_rotation_with_a_gap_before_the_new_file_loses_nothing(log):
    add(log, "a\n")
    tail = Tail(log)
    texts(tail)
    log.rename(log.with_name("server.log.1"))
    assert texts(tail) == []
    add(log, "b\n")
    assert texts(tail) == ["b"]


def test_emptied_file_is_read_from_its_beginning(log):
    add(log, "long enough\nto be beyond\n")
    tail = Tail(log)
    texts(tail)
    log.write_bytes(b"new\n")
    assert texts(tail) == ["new"]
    assert tail.restarts == 1


def test_emptied_file_that_has_grown_beyond_our_place_is_noticed(log):
    add(log, "a\n")
    tail = Tail(log)
    texts(tail)
    log.write_bytes(b"entirely other\nlines\n")
    assert texts(tail) == ["entirely other", "lines"]


def test_reader_from_the_end_sees_only_what_is_new(log):
    add(log, "old\nhalf of an old line")
    tail = Tail(log, from_end=True)
    assert texts(tail) == []
    add(log, " ends\nnew\n")
    assert texts(tail) == ["new"]


def test_reader_goes_on_where_one_before_it_was(log):
    add(log, "a\nb\nc\n")
    entries = Tail(log).read()
    assert texts(Tail(log, entries[1].where)) == ["b", "c"]


def test_reader_goes_on_in_a_file_that_was_rotated_meanwhile(log):
    add(log, "a\nb\n")
    where = Tail(log).read()[1].where
    log.rename(log.with_name("server.log.2"))
    add(log, "c\n")
    log.rename(log.with_name("server.log.1"))
    add(log, "d\n")
    for age, path in enumerate([log, log.with_name("server.log.1"), log.with_name("server.log.2")]):
        os.utime(path, (1e9 - age, 1e9 - age))
    assert texts(Tail(log, where)) == ["b", "c", "d"]


def test_place_in_a_file_that_is_gone_begins_the_new_one(log):
    add(log, "a\nb\n")
    where = Tail(log).read()[1].where
    log.unlink()
    add(log, "something else\n")
    tail = Tail(log, where)
    assert texts(tail) == ["something else"]
    assert tail.restarts == 1


@pytest.mark.parametrize("where", ["", "1:2:3", "a:b:c:d:e", "1:2:-3:4:5", "1:2:3:4:5", "9" * 400])
def test_nonsense_for_a_place_is_no_place(log, where):
    add(log, "a\n")
    assert texts(Tail(log, where)) == ["a"]


PIECES = st.lists(st.binary(max_size=12), max_size=12)


@settings(max_examples=60)
@given(pieces=PIECES, rotate_after=st.integers(0, 12), stop_after=st.integers(0, 12))
def test_every_whole_line_comes_once_whatever_happens_between(tmp_path_factory, pieces, rotate_after, stop_after):
    folder = tmp_path_factory.mktemp("tail")
    log = folder / "server.log"
    log.touch()
    tail, found = Tail(log), []
    for place, piece in enumerate(pieces):
        add(log, piece)
        found += [entry.text for entry in tail.read()]
        if place == rotate_after:
            add(log, b"\n")
            found += texts(tail)
            log.rename(folder / "server.log.1")
            log.touch()
    add(log, b"\nlast\n")
    found += texts(tail)
    tail.close()
    whole = b"".join(
        piece + (b"\n" if place == rotate_after else b"") for place, piece in enumerate(pieces)
    ) + b"\nlast\n"  # fmt: skip
    assert found == [line.removesuffix(b"\r").decode("utf-8", "replace") for line in whole.split(b"\n")[:-1]]


def test_file_that_was_cut_short_but_begins_alike_is_read_again(log):
    beginning = "the same first line " * 20
    add(log, f"{beginning}\nmuch\nmore\n")
    tail = Tail(log)
    texts(tail)
    log.write_text(f"{beginning}\nnew\n")
    assert texts(tail) == [beginning, "new"]
