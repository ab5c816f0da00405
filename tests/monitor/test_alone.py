"""One monitor for a data folder."""

import os

import pytest

from ollascope.monitor.alone import NAME, alone
from ollascope.words.errors import StorageTrouble


def test_second_one_is_told_who_was_first(tmp_path):
    with alone(tmp_path), pytest.raises(StorageTrouble, match=f"process {os.getpid()}"), alone(tmp_path):
        pass


def test_next_one_may_follow(tmp_path):
    for _ in range(2):
        with alone(tmp_path):
            assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageTrouble, match="file"), alone(tmp_path / "file"):
        pass


def test_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageTrouble), alone(tmp_path):
        pass
    assert not (tmp_path / "elsewhere").exists()
