"""Small files are read as they are; what cannot be read is absent."""

from pathlib import Path

import pytest

from ollascope.host.files import decimal, names, number, pairs, text, whole
from tests.host.trees import write


@pytest.mark.parametrize("word", ["", "max", "-1", "1.5", "1e3", "０", "²", "9" * 30, "0x10"])
def test_what_is_no_whole_number_is_absent(word):
    assert whole(word) is None


@pytest.mark.parametrize("word", ["", ".", "x", "-1.5", "1.x", "nan", "inf", "1" * 50, "²"])
def test_what_is_no_number_is_absent(word):
    assert decimal(word) is None


def test_numbers_are_read(tmp_path):
    write(tmp_path / "a", 42)
    assert (number(tmp_path / "a"), decimal("26.72"), decimal("3")) == (42, 26.72, 3.0)


def test_absent_files_and_folders_are_empty(tmp_path):
    assert (text(tmp_path / "x"), number(tmp_path / "x"), pairs(tmp_path), names(tmp_path / "x")) == ("", None, {}, [])


def test_endless_file_is_not_read_to_its_end():
    assert len(text(Path("/dev/zero"))) == 1 << 20


def test_bytes_that_are_no_text_do_no_harm(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff\xfe 1\nb: 2 kB\nc\n")
    assert pairs(tmp_path / "a")["b"] == 2


def test_names_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("cpu10", "cpu2", "cpu1", "other"):
        (tmp_path / name).mkdir()
    assert names(tmp_path, "cpu") == ["cpu1", "cpu2", "cpu10"]
