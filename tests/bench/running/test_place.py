"""The folder of a run: ids, one writer, files that are whole."""

import subprocess
import sys

import pytest

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.running.place import discard_unused, held, is_held, make_folder, run_id, save_json, under_way
from ollascope.words.errors import BadUsage, DiskFull, FolderUnusable

ASKED = Asked(target=Target(url="http://x", model="qwen3:0.6b"), load=Load(levels=(Level(users=1),)))
NOON = 1_763_726_400.0  # 2025-11-21T12:00:00Z


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "x" * 101, ".hidden"])
def test_id_that_could_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(BadUsage):
        make_folder(tmp_path, name)


def test_results_that_are_a_file_are_named(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(FolderUnusable):
        make_folder(tmp_path, "run")


def test_id_sorts_by_time_and_says_what_was_measured():
    assert run_id(ASKED, NOON) == "20251121-120000-qwen3-0.6b"
    assert run_id(ASKED, NOON) < run_id(ASKED, NOON + 1)


@pytest.mark.parametrize("model", ["模型", "///", "../../etc", ":latest", "a" * 200, ""])
def test_any_model_gives_an_id_that_can_be_a_folder(tmp_path, model):
    named = run_id(Asked(target=Target(url="http://x", model=model), load=ASKED.load), NOON)
    assert make_folder(tmp_path, named).parent == tmp_path / "results"


def test_taken_id_gets_a_number_unless_it_was_wanted_exactly(tmp_path):
    assert [make_folder(tmp_path, "run").name for _ in range(3)] == ["run", "run-2", "run-3"]
    with pytest.raises(FolderUnusable):
        make_folder(tmp_path, "run", exactly=True)


def test_folders_are_closed_to_others(tmp_path):
    folder = make_folder(tmp_path, "run")
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]


def test_second_writer_is_refused_and_told_how_to_end_the_first(tmp_path):
    folder = make_folder(tmp_path, "run")
    with held(folder), pytest.raises(FolderUnusable) as caught, held(folder):
        pass
    assert "bench stop run" in caught.value.hint


def test_run_is_held_as_long_as_its_process_lives(tmp_path):
    folder = make_folder(tmp_path, "run")
    (folder / "live.json").write_text("{}")
    holding = (
        "import sys, time, pathlib\nfrom ollascope.bench.running.place import held\n"
        "with held(pathlib.Path(sys.argv[1])):\n    print('here', flush=True)\n    time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", holding, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "here\n"
        assert is_held(folder)
        assert under_way(tmp_path) == ["run"]
    finally:
        child.kill()
        child.communicate()
    assert not is_held(folder)
    assert under_way(tmp_path) == []


def test_folder_without_a_call_is_removed_and_one_with_calls_stays(tmp_path):
    unused, used = make_folder(tmp_path, "unused"), make_folder(tmp_path, "used")
    for folder in (unused, used):
        (folder / "asked.json").write_text("{}")
        (folder / "calls-0.jsonl").write_text("")
    (used / "calls-1.jsonl").write_text("{}\n")
    discard_unused(unused)
    discard_unused(used)
    assert not unused.exists()
    assert (used / "asked.json").exists()


def test_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.json"
    save_json(path, {"a": 1})
    (tmp_path / "result.json.new").symlink_to("/dev/full")
    with pytest.raises((DiskFull, FolderUnusable)):
        save_json(path, {"a": 2})
    assert '"a": 1' in path.read_text()
