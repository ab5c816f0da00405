"""The worker's files: whole lines only, whatever the disk does."""

import resource
import signal
from array import array
from dataclasses import replace

import pytest

from ollascope.bench.client.journal import Journal, line_of
from ollascope.ledger.codec import decode_call
from ollascope.words import record
from ollascope.words.call import Call
from ollascope.words.errors import FolderUnusable
from tests.bench.client.runs import calls, gaps


def made(number):
    return Call(id=f"c{number}", sent_at=1.0, source="bench", outcome="ok", gaps=((800, 2),), model="m")


def add(journal, *numbers):
    for number in numbers:
        journal.add(made(number), {"shot": number, "at_s": 0.5})


@pytest.fixture
def full_disk():
    """Files may not grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def bound(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if size is None else size, before[1]))

    yield bound
    bound(None)
    signal.signal(signal.SIGXFSZ, handler)


def test_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FolderUnusable, match="none"):
        Journal(tmp_path / "none", 0)


def test_half_a_line_of_an_earlier_end_is_cut_off(tmp_path):
    (tmp_path / "calls-3.jsonl").write_bytes(line_of(made(1), {"shot": 1}) + b'{"id":"half')
    (tmp_path / "gaps-3.f32").write_bytes(array("f", [1.0]).tobytes() + b"xx")
    journal = Journal(tmp_path, 3)
    add(journal, 2)
    journal.add_gaps(array("f", [2.0]))
    assert journal.close() == ()
    assert [call.id for call in calls(tmp_path, 3)] == ["c1", "c2"]
    assert list(gaps(tmp_path, 3)) == [1.0, 2.0]


@pytest.mark.parametrize("room", range(0, 400, 37))
def test_what_a_full_disk_does_not_take_is_kept_and_written_later(tmp_path, full_disk, room):
    journal = Journal(tmp_path, 0)
    add(journal, *range(4))
    journal.add_gaps(array("f", [0.5] * 200))
    full_disk(room)
    journal.flush()
    assert journal.trouble is not None
    data = (tmp_path / "calls-0.jsonl").read_bytes()
    assert not data or data.endswith(b"\n")
    assert data.count(b"\n") + journal.unwritten == 4
    add(journal, 4)
    full_disk(None)
    journal.flush()
    assert (journal.trouble, journal.unwritten) == (None, 0)
    assert journal.close() == ()
    assert [call.id for call in calls(tmp_path)] == [f"c{number}" for number in range(5)]
    assert len(gaps(tmp_path)) == 200


def test_what_could_not_be_written_is_handed_over(tmp_path, full_disk):
    journal = Journal(tmp_path, 0)
    size = len(line_of(made(0), {"shot": 0, "at_s": 0.5}))
    full_disk(2 * size + 10)
    add(journal, *range(4))
    lost = journal.close()
    full_disk(None)
    assert [decode_call(line.encode()).id for line in lost] == ["c2", "c3"]
    assert [call.id for call in calls(tmp_path)] == ["c0", "c1"]


def test_gaps_beyond_the_most_are_left_out(tmp_path):
    journal = Journal(tmp_path, 0, most_gaps=5)
    journal.add_gaps(array("f", [1.0] * 3))
    journal.add_gaps(array("f", [2.0] * 3))
    journal.add_gaps(array("f", [3.0]))
    journal.close()
    assert list(gaps(tmp_path)) == [1.0] * 3 + [2.0] * 2
    again = Journal(tmp_path, 0, most_gaps=6)
    again.add_gaps(array("f", [4.0] * 3))
    again.close()
    assert len(gaps(tmp_path)) == 6


def test_line_is_what_the_whole_call_would_be(tmp_path):
    extra = {"shot": 7, "at_s": 1.25, "why": "no “good” answer"}
    assert record.loads(Call, line_of(made(1), extra)) == replace(made(1), extra=extra)
    assert line_of(made(1), {}) == line_of(made(1), {}).rstrip(b"\n") + b"\n"


def test_files_are_ours_alone(tmp_path):
    Journal(tmp_path, 0).close()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
