"""The file of sums: what happens when it is damaged, foreign, not there or not to be written."""

import pytest

from ollascope.ledger.rolling import roll_up
from ollascope.ledger.rollups import FILE, discard, has_rollups, open_rollups
from ollascope.words.errors import FolderUnusable, RecordInvalid


def test_damaged_file_is_told_and_can_be_discarded(ledger, write, make_call):
    write(make_call())
    roll_up(ledger)
    (ledger / FILE).write_bytes(b"no database, but long enough to be taken for one" * 100)
    for for_writing in (False, True):
        with pytest.raises(RecordInvalid, match="damaged") as caught, open_rollups(ledger, write=for_writing):
            pass
        assert "rebuild" in caught.value.hint
    discard(ledger)
    assert not has_rollups(ledger)
    assert roll_up(ledger).calls == 1


def test_file_of_another_version_is_told(ledger):
    with open_rollups(ledger, write=True) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordInvalid, match="schema 99"), open_rollups(ledger):
        pass


def test_file_that_is_not_there_is_told(ledger):
    with pytest.raises(FolderUnusable), open_rollups(ledger):
        pass


def test_file_is_closed_to_others(ledger):
    with open_rollups(ledger, write=True):
        pass
    assert (ledger / FILE).stat().st_mode & 0o777 == 0o600
