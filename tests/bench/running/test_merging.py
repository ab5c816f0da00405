"""The workers' files become one, in the order of sending."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.running.merging import merge, shots, unmerge
from ollascope.words.errors import StorageTrouble


def line(shot, at_s, **more):
    return json.dumps({"id": f"{shot}", "sent_at": 1.0, "source": "bench", "outcome": "ok", "end_s": 0.5, **more,
                       "shot": shot, "at_s": at_s}, separators=(",", ":")) + "\n"  # fmt: skip


def order(path):
    return [json.loads(text)["shot"] for text in path.read_text().splitlines()]


def test_half_a_line_is_left_out(tmp_path):
    (tmp_path / "calls-0.jsonl").write_text(line(1, 2.0) + line(0, 1.0)[:-20])
    merge(tmp_path)
    assert order(tmp_path / "calls.jsonl") == [1]


def test_nothing_to_merge_is_no_file(tmp_path):
    merge(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_keeps_the_workers_files(tmp_path):
    (tmp_path / "calls-0.jsonl").write_text(line(0, 1.0))
    (tmp_path / "calls.jsonl.new").mkdir()
    with pytest.raises(StorageTrouble):
        merge(tmp_path)
    assert order(tmp_path / "calls-0.jsonl") == [0]


@given(st.lists(st.lists(st.floats(0, 1e5), max_size=20), min_size=1, max_size=12))
def test_every_call_is_there_once_in_the_order_of_sending(tmp_path_factory, times):
    folder = tmp_path_factory.mktemp("run")
    number, sent = 0, []
    for worker, ats in enumerate(times):
        with (folder / f"calls-{worker}.jsonl").open("w") as file:
            for at_s in ats:
                file.write(line(number, at_s))
                sent.append((at_s, number))
                number += 1
    merge(folder)
    found = [json.loads(text) for text in (folder / "calls.jsonl").read_text().splitlines()]
    assert [one["at_s"] for one in found] == sorted(at_s for at_s, _ in sent)
    assert sorted(one["shot"] for one in found) == list(range(number))
    assert list(folder.glob("calls-*")) == []


def test_merged_run_is_taken_apart_to_go_on(tmp_path):
    (tmp_path / "calls-0.jsonl").write_text(line(1, 2.0) + line(0, 1.0))
    merge(tmp_path)
    (tmp_path / "calls-3.jsonl").write_text(line(0, 1.0))  # an end in the middle of merging leaves such a file
    unmerge(tmp_path)
    assert order(tmp_path / "calls-0.jsonl") == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["calls-0.jsonl"]


def test_half_a_line_is_cut_off_before_more_is_appended(tmp_path):
    path = tmp_path / "calls-0.jsonl"
    path.write_text(line(0, 1.0) + '{"id": "1", "se')
    unmerge(tmp_path)
    with path.open("a") as file:
        file.write(line(2, 3.0))
    assert order(path) == [0, 2]


def test_shots_that_were_given_up_count_as_not_asked(tmp_path):
    cut = line(1, 2.0, outcome="cancelled")
    (tmp_path / "calls-0.jsonl").write_text(line(0, 1.0) + cut + "garbage\n" + line(2, 4.0, outcome="timeout"))
    assert list(shots(tmp_path)) == [(0, 1.5), (2, 4.5)]


def test_files_are_for_nobody_else(tmp_path):
    (tmp_path / "calls-0.jsonl").write_text(line(0, 1.0))
    merge(tmp_path)
    assert (tmp_path / "calls.jsonl").stat().st_mode & 0o777 == 0o600
