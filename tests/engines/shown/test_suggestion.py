"""A model to begin with, by this machine or by a machine of files."""

from pathlib import Path

from ollascope.engines.shown.suggestion import suggest


def test_machine_that_tells_nothing_gets_no_suggestion(tmp_path):
    found = suggest(tmp_path)
    assert found is None or found.place == "gpu"


def test_suggestion_for_this_machine_says_its_size():
    found = suggest(Path("/"))
    assert found is None or "to download" in found.text
