"""The processes of a data folder, as a page shows them."""

import os

from ollascope.checks.pages.children import STATES, TONES, family
from ollascope.processes.identity import identify
from ollascope.processes.state import Report, Standing, write_report


def report(data, **children):
    (data / "run").mkdir(parents=True)
    write_report(data, Report(supervisor=identify(os.getpid(), 5.0), children=children, settled=True))


def test_report_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text("{")
    assert "cannot be read" in family(tmp_path, ["monitor"]).trouble


def test_without_a_supervisor_there_is_no_family(tmp_path):
    found = family(tmp_path, ["monitor"])
    assert (found.supervisor, found.children, found.trouble) == (None, (), "")


def test_wanted_child_that_is_not_told_of_does_not_run(tmp_path):
    report(tmp_path, engine=Standing(state="ready", since=1.0, pid=3))
    found = family(tmp_path, ["monitor"])
    assert [(each.name, each.state, each.tone) for each in found.children] == [
        ("monitor", "not running", "problem"), ("engine", "ready", "ok"),
    ]  # fmt: skip


def test_what_a_child_waits_for_goes_before_why_it_ended(tmp_path):
    report(tmp_path, engine=Standing(state="waiting", since=1.0, reason="it ended with 1", held="is being built"))
    assert family(tmp_path, []).children[0].reason == "is being built"


def test_every_state_has_a_tone():
    assert set(STATES) == {*TONES, "not running"}
