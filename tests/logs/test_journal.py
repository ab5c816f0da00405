"""The journal's entries are read through a child that does not outlive its reader."""

import json
import os
import stat
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.logs.journal import Journal, parse_entry
from ollascope.words.errors import Unsupported

ENTRY = {"MESSAGE": "hello", "__CURSOR": "s=1;i=2", "__REALTIME_TIMESTAMP": "1795226154250000"}


@pytest.fixture
def program(tmp_path):
    """A program in the place of journalctl: tells how it was called, then says what it is given."""

    def make(script):
        path = tmp_path / "journalctl"
        path.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/called"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return (str(path),)

    return make


def read_until(journal, count):
    found, end = [], time.monotonic() + 20
    while len(found) < count and time.monotonic() < end:
        found += journal.read(0.05)
    return found


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"MESSAGE": null, "__CURSOR": "x"}', b'{"MESSAGE": "x"}',
     b'{"MESSAGE": [300], "__CURSOR": "x"}', b"[" * 100_000],
)  # fmt: skip
def test_nonsense_is_no_entry(line):
    assert parse_entry(line) is None


@given(st.binary())
def test_any_bytes_are_read_without_an_error(data):
    parse_entry(data)


def test_entry_has_text_place_and_instant():
    entry = parse_entry(json.dumps(ENTRY).encode())
    assert (entry.text, entry.where, entry.at) == ("hello", "s=1;i=2", 1795226154.25)


def test_message_that_is_not_utf8_comes_as_bytes():
    entry = parse_entry(json.dumps(ENTRY | {"MESSAGE": [104, 105, 255]}).encode())
    assert entry.text == "hi�"


def test_program_that_is_not_there_is_named():
    with pytest.raises(Unsupported, match="nowhere/journalctl cannot be started"):
        Journal("ollama", program=("/nowhere/journalctl",))


def test_entries_come_and_the_child_ends_with_its_reader(program, tmp_path):
    journal = Journal("ollama", program=program(f"echo '{json.dumps(ENTRY)}'; exec sleep 60"))
    assert [entry.text for entry in read_until(journal, 1)] == ["hello"]
    pid = journal._child.pid
    journal.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (tmp_path / "called").read_text().split() == [
        "--unit=ollama", "--follow", "--output=json", "--no-pager", "--quiet", "--lines=0"
    ]  # fmt: skip


def test_child_that_does_not_want_to_end_is_ended(program, monkeypatch):
    monkeypatch.setattr("ollascope.logs.journal.PATIENCE_S", 0.05)
    script = f"trap '' TERM; echo '{json.dumps(ENTRY)}'; while :; do sleep 0.05; done"
    journal = Journal("ollama", program=program(script))
    read_until(journal, 1)
    journal.close()
    assert journal.ended


def test_reader_goes_on_from_its_place(program, tmp_path):
    journal = Journal("ollama", "s=1;i=2", program=program(f"echo '{json.dumps(ENTRY)}'"))
    read_until(journal, 1)
    journal.close()
    assert "--cursor=s=1;i=2" in (tmp_path / "called").read_text()


def test_entry_in_two_pieces_is_one(program):
    text = json.dumps(ENTRY)
    journal = Journal("ollama", program=program(f"printf '%s' '{text[:20]}'; sleep 0.05; echo '{text[20:]}'"))
    assert [entry.text for entry in read_until(journal, 1)] == ["hello"]
    journal.close()


def test_child_that_ends_by_itself_is_noticed(program):
    journal = Journal("ollama", program=program("exit 1"))
    journal._child.wait(10)
    assert journal.read() == []
    assert journal.ended
    journal.close()
