"""Traces: the forms that others write, and what is wrong with a file, by its line."""

import json
from array import array
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.bench.shapes import read_trace
from ollascope.words.errors import BadUsage

WRONG = {
    "an empty file": ("", "no request"),
    "only a header": ("at_s,tokens_in\n", "no request"),
    "no times": ('{"tokens_in": 5}\n', "names no time"),
    "no JSON": ('{"at_s": 1}\n{"at_s": \n', "line 2: no JSON"),
    "a list of JSON": ('[{"at_s": 1}]\n', "line 1: a list of JSON"),
    "a row that is no object": ('{"at_s": 1}\n5\n', "line 2"),
    "a time that is missing": ('{"at_s": 1}\n{"other": 2}\n', "line 2: at_s is not there"),
    "a time that is no number": ("at_s\n0\nsoon\n", "line 3: at_s is 'soon'"),
    "a time that is not finite": ("at_s\n0\nnan\n", "line 3: at_s is 'nan'|line 3: at_s is nan"),
    "a flag for a time": ('{"at_s": true}\n', "line 1: at_s is 'True'"),
    "times that go backwards": ("at_s\n5\n7\n6.5\n", "line 4: its time lies 0.5 s before"),
    "milliseconds taken for seconds": ("timestamp\n0\n9000000000\n", "line 3: .* days after"),
    "tokens that are no count": ("at_s,tokens_in\n0,1.5\n", "line 2: tokens_in is 1.5"),
    "negative tokens": ("at_s,tokens_out\n0,-1\n", "line 2: tokens_out is -1"),
    "too many cells": ("at_s,tokens_in\n0,1\n1,2,3\n", "line 3: 3 cells where 2 columns"),
    "tokens that are missing": ('{"at_s": 0, "tokens_in": 1}\n{"at_s": 1}\n', "line 2: tokens_in is not there"),
    "a date that is none": ("TIMESTAMP\n2023-11-16 18:17:03\nyesterday\n", "line 3: TIMESTAMP is 'yesterday'"),
}


def written(folder, text, name="trace.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("what", WRONG)
def test_wrong_file_is_named_with_its_line_and_a_hint(what, tmp_path):
    text, complaint = WRONG[what]
    with pytest.raises(BadUsage, match=complaint) as caught:
        read_trace(written(tmp_path, text))
    assert caught.value.hint


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadUsage, match="there is no file"):
        read_trace(tmp_path / "absent.csv")


def test_folder_is_no_trace(tmp_path):
    with pytest.raises(BadUsage, match="is a folder"):
        read_trace(tmp_path)


def test_bytes_that_are_no_text_are_named_with_their_place(tmp_path):
    with pytest.raises(BadUsage, match="line 2: byte 3 is 0xff") as caught:
        read_trace(written(tmp_path, b"at_s\n0.\xff\n"))
    assert "UTF-8" in caught.value.hint


def test_endless_line_is_refused(tmp_path):
    with pytest.raises(BadUsage, match="line 1: longer than"):
        read_trace(written(tmp_path, b"{" + b" " * 5_000_000))


def test_own_form(tmp_path):
    rows = [{"at_s": 10.5, "tokens_in": 100, "tokens_out": 20}, {"at_s": 12, "tokens_in": 7, "tokens_out": 0}]
    found = read_trace(written(tmp_path, "\n".join(map(json.dumps, rows)), "own.jsonl"))
    assert found.due == array("d", [0, 1.5])
    assert (list(found.tokens_in), list(found.tokens_out)) == ([100, 7], [20, 0])
    assert (found.name, found.form) == ("own.jsonl", "seconds")


def test_mooncake_counts_milliseconds(tmp_path):
    text = (
        '{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}\n'
        '{"timestamp": 30535, "input_length": 6472, "output_length": 26, "hash_ids": [46]}\n'
    )
    found = read_trace(written(tmp_path, text))
    assert list(found.due) == pytest.approx([0, 3.053])
    assert (list(found.tokens_in), list(found.tokens_out)) == ([6955, 6472], [52, 26])
    assert found.form == "milliseconds"


def test_burstgpt_counts_seconds(tmp_path):
    text = (
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        "5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,1087,230,1317,API log\n"
    )
    found = read_trace(written(tmp_path, text))
    assert list(found.due) == [0, 40]
    assert (list(found.tokens_in), list(found.tokens_out)) == ([472, 1087], [18, 230])


@pytest.mark.parametrize("zone", ["", "+00:00"])
def test_azure_writes_dates(zone, tmp_path):
    text = (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        f"2023-11-16 18:17:03.9799600{zone},4808,10\n2023-11-16 18:17:04.0319600{zone},3180,8\n"
    )
    found = read_trace(written(tmp_path, text))
    assert list(found.due) == pytest.approx([0, 0.052], abs=1e-6)
    assert list(found.tokens_out) == [10, 8]
    assert found.form == "dates"


@pytest.mark.parametrize("name", ["timestamp_ms", "at_ms", "Arrival Time MS"])
def test_name_of_a_column_says_milliseconds(name, tmp_path):
    assert list(read_trace(written(tmp_path, f"{name}\n0\n1500\n")).due) == [0, 1.5]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_lengths_may_be_absent_and_marks_differ(mark, tmp_path):
    found = read_trace(written(tmp_path, f"\ufeffmodel{mark}time\r\nx{mark}1\r\n\r\nx{mark}3\r\n"))
    assert list(found.due) == [0, 2]
    assert not found.tokens_in
    assert not found.tokens_out


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30))
def test_both_forms_tell_the_same(tmp_path_factory, rows):
    folder, rows = tmp_path_factory.mktemp("traces"), sorted(rows)
    lines = [json.dumps({"at_ms": at, "prompt_tokens": tokens}) for at, tokens in rows]
    table = ["at_ms,prompt_tokens", *(f"{at},{tokens}" for at, tokens in rows)]
    one = read_trace(written(folder, "\n".join(lines), "a.jsonl"))
    two = read_trace(written(folder, "\n".join(table), "a.csv"))
    assert (one.due, one.tokens_in) == (two.due, two.tokens_in)
    assert list(one.tokens_in) == [tokens for _, tokens in rows]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = written(tmp_path_factory.mktemp("bytes"), content)
    with suppress(BadUsage):
        assert len(read_trace(path).due) > 0
