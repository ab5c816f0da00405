"""Where an engine is, told to its user alone and believed only while it runs."""

import os
import time
from dataclasses import replace

import pytest

from ollascope.engines.llamacpp.announced import Announced, announce, find_announced, withdraw
from ollascope.processes.identity import identify


@pytest.fixture
def told():
    who = identify(os.getpid(), time.time())
    return Announced(who=who, url="http://127.0.0.1:20000", model="demo:latest", demo=True)


def test_nothing_is_found_where_nothing_was_told(tmp_path):
    assert find_announced(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"url": 5}', b"\xff" * 100, b'{"who": null}'])
def test_file_that_cannot_be_read_fools_nobody(tmp_path, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "engine.json").write_bytes(text)
    assert find_announced(tmp_path) is None


def test_what_runs_is_found(tmp_path, told):
    announce(tmp_path, told)
    assert find_announced(tmp_path) == told
    assert (tmp_path / "run" / "engine.json").stat().st_mode & 0o777 == 0o600


def test_one_that_was_killed_is_not_believed(tmp_path, told):
    announce(tmp_path, replace(told, who=replace(told.who, started="before")))
    assert find_announced(tmp_path) is None


def test_who_ends_takes_back_only_its_own_word(tmp_path, told):
    announce(tmp_path, told)
    withdraw(tmp_path, replace(told.who, pid=1))
    assert find_announced(tmp_path) == told
    withdraw(tmp_path, told.who)
    withdraw(tmp_path, told.who)
    assert not (tmp_path / "run" / "engine.json").exists()
