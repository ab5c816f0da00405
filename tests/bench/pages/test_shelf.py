"""The list of runs: read again when a run came, ended or went, and shown page by page."""

from ollascope.bench.pages.shelf import Shelf, page_of
from ollascope.bench.shown import Listed, json_of
from tests.bench.shown.made import result


def keep(data, run):
    folder = data / "results" / run
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json_of(result(run=run)))
    return folder


def test_no_folder_is_no_run(tmp_path):
    assert Shelf(tmp_path).read() == ()


def test_run_that_comes_or_goes_is_seen(tmp_path):
    shelf = Shelf(tmp_path)
    first = keep(tmp_path, "20261121-1")
    assert [one.id for one in shelf.read()] == ["20261121-1"]
    keep(tmp_path, "20261121-2")
    assert len(shelf.read()) == 2
    (first / "result.json").write_text("{}")
    assert {one.id: one.state for one in shelf.read()}["20261121-1"] == "broken"
    (first / "result.json").unlink()
    first.rmdir()
    assert [one.id for one in shelf.read()] == ["20261121-2"]


def test_nothing_is_read_twice(tmp_path):
    keep(tmp_path, "20261121-1")
    shelf = Shelf(tmp_path)
    assert shelf.read() is shelf.read()


def test_starts_are_no_runs(tmp_path):
    (tmp_path / "results" / ".started" / "x").mkdir(parents=True)
    assert Shelf(tmp_path).read() == ()


def test_pages_follow_each_other_without_a_gap(tmp_path):
    every = tuple(Listed(id=str(number), folder=tmp_path, state="ended") for number in range(7))
    seen, after = [], ""
    while True:
        shown, after = page_of(every, after, 3)
        seen += shown
        if not after:
            break
    assert tuple(seen) == every
    assert page_of(every, "unknown", 3)[0] == every[:3]
    assert page_of((), "", 3) == ((), "")
