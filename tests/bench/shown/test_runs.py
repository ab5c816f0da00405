"""Runs are listed whatever state they are in, and found by id, beginning, `last`, file or folder."""

import json
import os
from dataclasses import replace

import pytest

from ollascope.bench import folder as names
from ollascope.bench.asked import Asked
from ollascope.bench.shown.document import json_of
from ollascope.bench.shown.runs import find, listing, result_at, runs
from ollascope.words.errors import BadUsage, RecordInvalid
from ollascope.words.record import dumps
from tests.bench.shown.made import bad, result, sweep


def nobody(_folder):
    return False


def write(data, one, **files):
    """A run's folder as it is after its end, or with these files."""
    place = data / "results" / one.run
    place.mkdir(parents=True)
    (place / names.ASKED).write_text(dumps(one.asked))
    for name, text in (files or {"result": json_of(one)}).items():
        (place / f"{name}.json").write_text(text)
    return place


@pytest.fixture
def data(tmp_path):
    for number, one in enumerate((result(), sweep(), bad())):
        place = write(tmp_path, replace(one, started_at=1000.0 + number))
        os.utime(place / names.ASKED, (1000.0 + number, 1000.0 + number))
    return tmp_path


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}', '{"schema": 9, "delivered": {}}', "\x00\x80"])
def test_broken_result_is_listed_as_broken_and_says_why(tmp_path, text):
    write(tmp_path, result(), result=text)
    (one,) = runs(tmp_path, nobody)
    assert one.state == "broken"
    assert one.text
    with pytest.raises(RecordInvalid, match=r"result\.json"):
        result_at(find(tmp_path, "last"))


def test_broken_folders_are_listed_and_stop_nothing(data):
    results = data / "results"
    (results / "empty").mkdir()
    (results / "a-file").write_text("x")
    (results / "odd").mkdir()
    (results / "odd" / names.ASKED).write_text('{"target": 3}')
    (results / "folder-as-file").mkdir()
    (results / "folder-as-file" / names.RESULT).mkdir()
    (results / "loop").mkdir()
    (results / "loop" / names.ASKED).symlink_to(results / "loop" / names.ASKED)
    found = {one.id: one for one in runs(data, nobody)}
    assert {name for name, one in found.items() if one.state == "broken"} == {"empty", "odd", "folder-as-file", "loop"}
    assert len(found) == 7


def test_without_any_run_the_list_is_empty_and_last_says_what_makes_one(tmp_path):
    assert runs(tmp_path, nobody) == []
    with pytest.raises(BadUsage, match="no run yet") as caught:
        find(tmp_path, "last")
    assert "ollascope quick" in caught.value.hint


@pytest.mark.parametrize("text", ["nothing", "", "a\0b", "~/x", "x" * 5000])
def test_what_is_not_there_is_told(data, text):
    with pytest.raises(BadUsage, match="no run and no file"):
        find(data, text)


def test_name_nearly_right_is_told_the_right_one(data):
    with pytest.raises(BadUsage) as caught:
        find(data, "20261121-110000-swep")
    assert "20261121-110000-sweep" in caught.value.hint


def test_beginning_that_several_have_is_told_all_of_them(data):
    with pytest.raises(BadUsage, match="3 runs begin") as caught:
        find(data, "20261121-1")
    assert "20261121-110000-sweep" in caught.value.hint


def test_run_is_found_by_id_beginning_last_file_and_folder(data):
    sweeps = data / "results" / sweep().run
    assert find(data, sweep().run) == sweeps
    assert find(data, "20261121-1100") == sweeps
    assert find(data, "last").name == bad().run
    assert find(data, str(sweeps / names.RESULT)) == sweeps / names.RESULT
    assert find(data, str(sweeps)) == sweeps


def test_id_that_begins_another_id_is_that_run(data):
    write(data, replace(result(), run=f"{result().run}-2"))
    assert find(data, result().run).name == result().run


def test_result_is_read_from_a_folder_and_from_a_file(data):
    assert result_at(find(data, sweep().run)).parts == sweep().parts
    assert result_at(data / "results" / bad().run / names.RESULT).verdict == "INVALID"


def test_run_without_a_result_leads_to_resume(tmp_path):
    place = write(tmp_path, result(), about="{}")
    with pytest.raises(RecordInvalid, match="no result yet") as caught:
        result_at(place)
    assert f"bench resume {result().run}" in caught.value.hint


def test_list_tells_the_latest_first_with_its_figures(data):
    last, middle, first = runs(data, nobody)
    assert (last.id, last.state, last.verdict, last.demo) == (bad().run, "partial", "INVALID", True)
    assert middle.id == sweep().run
    assert middle.load == "1, 2, 4, 8 users at once, each for 10 s · each begins when the one before has ended"
    assert (first.state, first.ttft_p50_s, first.requests_per_s, first.model) == ("ended", 0.12, 15.9, "qwen3:0.6b")
    assert json.dumps(listing([last, middle, first]))


def test_run_under_way_and_run_that_was_killed_are_told_apart(tmp_path):
    going = write(tmp_path, result(), about="{}")
    write(tmp_path, sweep(), about="{}")
    states = {one.id: one.state for one in runs(tmp_path, lambda folder: folder == going)}
    assert states == {result().run: "running", sweep().run: "stopped"}


def test_run_that_is_resumed_counts_as_running_although_it_has_a_result(data):
    assert {one.state for one in runs(data, lambda _: True)} == {"running"}


def test_run_whose_request_cannot_be_read_is_broken_while_it_runs(tmp_path):
    place = write(tmp_path, result(), about="{}")
    (place / names.ASKED).write_text("{")
    assert [one.state for one in runs(tmp_path, lambda _: True)] == ["broken"]


def test_asked_is_read_as_it_was_written(tmp_path):
    write(tmp_path, replace(result(), asked=Asked(target=result().asked.target, load=result().asked.load, name="mine")))
    assert runs(tmp_path, nobody)[0].name == "mine"
