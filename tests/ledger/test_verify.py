"""Verifying tells what is wrong with which file, and whether the sums are those of the Calls."""

import pytest

from ollascope.ledger.reading import read_calls
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.rollups import open_rollups
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.settings import Ledger
from ollascope.ledger.verify import verify, verify_sums
from ollascope.ledger.writer import Writer
from ollascope.words.sample import Sample


def path_of(ledger):
    (path,) = ledger.glob("*/calls-*")
    return path


def only(ledger, noon):
    (verdict,) = verify(ledger, noon)
    return verdict


def test_sound_ledger_has_no_problems(ledger, write, make_call, noon):
    write(make_call(), make_call(), Sample(at=noon))
    roll_up(ledger)
    seal(ledger)
    verdicts = list(verify(ledger, noon))
    assert [(one.kind, one.records, one.problems, one.notes) for one in verdicts] == [
        ("calls", 2, (), ()), ("samples", 1, (), ())
    ]  # fmt: skip
    assert verify_sums(ledger, verdicts) == []


DAMAGE = {
    "no records": lambda content: content + b'{"id":5}\n',
    "torn": lambda content: content[:-9],
    "no first line": lambda content: content.split(b"\n", 1)[1],
    "format 9": lambda content: content.replace(b'"format":1', b'"format":9', 1),
    "belong to another day": lambda content: content + content.splitlines()[1].replace(b"17637", b"17537") + b"\n",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_wrong_is_told(ledger, write, make_call, noon, what):
    write(make_call(), make_call())
    path = path_of(ledger)
    path.write_bytes(DAMAGE[what](path.read_bytes()))
    verdict = only(ledger, noon)
    assert what in " ".join((*verdict.problems, *verdict.notes))


def test_damaged_sealed_file_is_told(ledger, write, make_call, noon):
    write(*(make_call() for _ in range(1000)))
    seal(ledger)
    path = path_of(ledger)
    path.write_bytes(path.read_bytes()[:-50])
    assert only(ledger, noon).problems == ("damaged inside: what follows is lost",)


def test_copies_strays_and_the_future_are_told(ledger, write, make_call, noon):
    write(make_call(sent_at=noon + 3 * 86_400))
    path = path_of(ledger)
    (path.parent / "calls-copy.jsonl").write_bytes(path.read_bytes())
    stray = ledger / "2025-01-01" / path.name
    stray.parent.mkdir()
    stray.write_bytes(path.read_bytes())
    told = {one.path.parent.name + one.path.name[:10]: (one.problems, one.notes) for one in verify(ledger, noon)}
    assert "another day" in told["2025-01-01calls-2025"][0][0]
    assert any("future" in note for note in told["2025-11-24calls-2025"][1])
    assert any("copy" in note for _, notes in told.values() for note in notes)


def test_segment_being_written_is_told(ledger, origin, make_call, noon):
    with Writer(ledger, Ledger(), origin) as writer:
        writer.call(make_call())
        writer.flush()
        assert only(ledger, noon).notes == ("being written",)


def test_sums_that_differ_from_the_calls_are_told(ledger, write, make_call, noon):
    write(make_call(), make_call())
    roll_up(ledger)
    with open_rollups(ledger, write=True) as connection:
        connection.execute("UPDATE cells SET calls = calls + 1")
    assert verify_sums(ledger, verify(ledger, noon)) == ["2025-11-21: the sums hold 3 Calls, the files 2"]


def test_day_that_is_not_summed_to_its_end_is_no_difference(ledger, write, make_call, noon):
    write(make_call())
    roll_up(ledger)
    write(make_call())
    assert verify_sums(ledger, verify(ledger, noon)) == []


def test_verifying_changes_nothing(ledger, write, make_call, noon):
    write(make_call())
    before = path_of(ledger).read_bytes()
    list(verify(ledger, noon))
    assert path_of(ledger).read_bytes() == before
    assert len(list(read_calls(ledger))) == 1
