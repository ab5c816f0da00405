"""Calls of a run come into the ledger once, with what belongs to them, and a disk that has no room is told."""

import pytest

from ollascope.bench.recording import record
from ollascope.ledger.reading import read_calls
from ollascope.ledger.select import COUNTED, Where
from ollascope.ledger.settings import Ledger
from ollascope.words.errors import StorageTrouble
from tests.bench.running.test_merging import line

NOON = 1_763_726_400.0


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "results" / "r"
    path.mkdir(parents=True)
    return path


def write(folder, *numbers):
    text = "".join(line(number, float(number), sent_at=NOON + number, run="r") for number in numbers)
    (folder / "calls.jsonl").write_text(text)


def recorded(folder, **where):
    return [call.id for call in read_calls(folder.parent.parent / "ledger", Where(**where))]


def test_calls_of_a_run_are_in_the_ledger_and_do_not_count(folder, tmp_path):
    write(folder, 1, 2, 3)
    record(folder, tmp_path, Ledger())
    assert recorded(folder, run="r", source="bench") == ["1", "2", "3"]
    assert recorded(folder, counted=COUNTED) == []


def test_run_that_went_on_is_recorded_once(folder, tmp_path):
    write(folder, 1, 2)
    record(folder, tmp_path, Ledger())
    write(folder, 1, 2, 3)
    for _ in range(2):
        record(folder, tmp_path, Ledger())
    assert recorded(folder) == ["1", "2", "3"]


def test_run_over_midnight_lies_in_two_days(folder, tmp_path):
    write(folder, 1, 86_400)
    record(folder, tmp_path, Ledger())
    assert len(list((tmp_path / "ledger").glob("*/calls-*"))) == 2
    assert recorded(folder) == ["1", "86400"]


def test_run_without_calls_and_lines_that_are_none_leave_nothing(folder, tmp_path):
    record(folder, tmp_path, Ledger())
    (folder / "calls.jsonl").write_text("nonsense\n{}\n")
    record(folder, tmp_path, Ledger())
    assert not (tmp_path / "ledger").exists()


@pytest.mark.timeout(60)
def test_ledger_that_cannot_be_written_is_told(folder, tmp_path):
    write(folder, 1)
    (tmp_path / "ledger").write_text("a file")
    with pytest.raises(StorageTrouble, match="could not be added"):
        record(folder, tmp_path, Ledger())
    (tmp_path / "ledger").unlink()
    record(folder, tmp_path, Ledger())
    assert recorded(folder) == ["1"]
