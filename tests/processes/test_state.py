"""The file that tells other programs how the children stand."""

import os
import time
from dataclasses import replace

import pytest

from ollascope.processes.hold import FOLDER
from ollascope.processes.identity import identify
from ollascope.processes.restart import Life
from ollascope.processes.state import (
    NAME,
    Report,
    Standing,
    own_ports,
    read_report,
    remove_report,
    told_of,
    write_report,
)  # fmt: skip
from ollascope.words.errors import RecordInvalid


@pytest.fixture
def report(tmp_path):
    (tmp_path / FOLDER).mkdir()
    children = {
        "gateway": Standing(state="ready", since=2.0, pid=812, port=11435, address="http://127.0.0.1:11435"),
        "engine": Standing(state="failed", since=3.0, port=5000, reason="ended", words=("no", "模型")),
    }
    return Report(supervisor=identify(os.getpid(), time.time()), children=children, settled=True)


def test_report_comes_back_as_it_was(tmp_path, report):
    write_report(tmp_path, report)
    assert read_report(tmp_path) == report
    assert (tmp_path / FOLDER / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [NAME]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"supervisor": 1, "children": {}, "settled": true}', "\xff\xfe", "[" * 50_000,
             '{"children": {}}'],
)  # fmt: skip
def test_damaged_report_is_told_with_its_file(tmp_path, report, text):
    (tmp_path / FOLDER / NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(RecordInvalid, match=NAME) as caught:
        read_report(tmp_path)
    assert "ollascope up" in caught.value.hint
    assert own_ports(tmp_path) == {}


def test_report_of_a_dead_supervisor_is_none(tmp_path, report):
    write_report(tmp_path, replace(report, supervisor=replace(report.supervisor, started="another/1")))
    assert read_report(tmp_path) is None
    assert own_ports(tmp_path) == {}


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_no_report_is_no_error(tmp_path, folder):
    assert read_report(tmp_path / folder) is None
    assert own_ports(tmp_path / folder) == {}


def test_run_folder_that_is_a_file_has_no_report(tmp_path):
    (tmp_path / FOLDER).write_text("")
    assert read_report(tmp_path) is None


def test_own_ports_are_those_of_children_that_run(tmp_path, report):
    write_report(tmp_path, report)
    assert own_ports(tmp_path) == {11435: "gateway (pid 812)"}


def test_removed_report_may_be_removed_again(tmp_path, report):
    write_report(tmp_path, report)
    remove_report(tmp_path)
    remove_report(tmp_path)
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.parametrize("state", ["waiting", "starting", "ending", "stopped"])
def test_steps_on_the_way_are_not_told(state):
    assert told_of("engine", Life(state=state), "", ()) is None


def test_child_given_up_is_told_with_its_reason_and_its_words():
    event = told_of("engine", Life(state="failed", crashes=(1.0,), reason="ended with exit code 1"), "", ("no",))
    assert (event.kind, event.text, event.words) == (
        "failed", "given up after 1 start: ended with exit code 1", ("no",),
    )  # fmt: skip
