"""The file of sums: what happens when it is damaged, foreign, not there or not to be written."""

import threading

import pytest

from ollascope.ledger.rolling import roll_up
from ollascope.ledger.rollups import FILE, discard, every_group, has_rollups, open_rollups
from ollascope.words.errors import FolderUnusable, RecordInvalid, Trouble


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


def test_whoever_reads_while_the_file_is_made_finds_none_or_a_whole_one(tmp_path):
    over, troubles = threading.Event(), []
    folders = [tmp_path / str(number) for number in range(100)]

    def read():
        while not over.is_set():
            for folder in folders:
                try:
                    if has_rollups(folder):
                        with open_rollups(folder) as connection:
                            every_group(connection)
                except Trouble as trouble:
                    troubles.append(trouble)

    reader = threading.Thread(target=read)
    reader.start()
    for folder in folders:
        with open_rollups(folder, write=True):
            pass
    over.set()
    reader.join()
    assert troubles == []
    assert not [path.name for path in folders[0].iterdir() if path.name.startswith(".")]
