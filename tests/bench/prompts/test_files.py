"""Prompts from files: every form, and what is wrong with a file, by its place."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.bench.prompts import files
from ollascope.bench.prompts.files import read_questions
from ollascope.words.errors import BadUsage

TALK = [
    {"from": "system", "value": "Be short."},
    {"from": "human", "value": "One?"},
    {"from": "gpt", "value": "1"},
    {"from": "human", "value": "Two?"},
    {"from": "gpt", "value": "2"},
]
WRONG = {
    "an empty file": ("a.txt", "", "no prompt"),
    "only blank lines": ("a.txt", "\n \n", "no prompt"),
    "no JSON": ("a.jsonl", '{"prompt": "a"}\n{"prompt": \n', "line 2: no JSON"),
    "a record without a prompt": (
        "a.jsonl",
        '{"prompt": "a"}\n{"name": 1, "age": 2}\n',
        "line 2: a record with name, age",
    ),
    "a prompt that is a number": ("a.jsonl", '{"prompt": 5}\n', "line 1: a record with prompt"),
    "an empty prompt": ("a.jsonl", '{"prompt": " "}\n', "line 1"),
    "a number": ("a.jsonl", "5\n", "line 1: a int"),
    "nobody asks": ("a.jsonl", '{"messages": [{"role": "assistant", "content": "a"}]}\n', "line 1"),
    "messages that are none": ("a.jsonl", '{"messages": [1, null]}\n', "line 1"),
    "a broken list": ("a.json", '[{"prompt": "a"},', "no JSON"),
    "a wrong entry": ("a.json", '[{"prompt": "a"}, {"b": 1}]', "entry 2: a record with b"),
    "no column": ("a.csv", "name,age\nx,1\n", "no column named prompt; it has name, age"),
    "an empty table": ("a.csv", "", "no column named prompt"),
    "too few cells": ("a.csv", "id,prompt\n1,a\n2\n", "line 3: 1 cells"),
    "an open quote": ("a.csv", 'prompt\n"a\n', "no row of CSV"),
}


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def turns(folder, name, text):
    return [question.turns for question in read_questions(written(folder, name, text))[0]]


@pytest.mark.parametrize("what", WRONG)
def test_wrong_file_is_named_with_its_place_and_a_hint(what, tmp_path):
    name, text, complaint = WRONG[what]
    with pytest.raises(BadUsage, match=complaint) as caught:
        read_questions(written(tmp_path, name, text))
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.json"])
def test_bytes_that_are_no_text_are_named_with_their_place(name, tmp_path):
    with pytest.raises(BadUsage, match="line 2: byte 2 is 0xb0"):
        read_questions(written(tmp_path, name, b'{"prompt": "a"}\nb\xb0\n' if "j" in name else b"prompt\nb\xb0\n"))


def test_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    with pytest.raises(BadUsage, match="more than the 10 that are read"):
        read_questions(written(tmp_path, "a.txt", "a" * 11))


def test_plain_text_has_a_prompt_a_line(tmp_path):
    assert turns(tmp_path, "a.txt", "\ufeffOne?\r\n\r\n  Two? \n") == [("One?",), ("Two?",)]


def test_records_name_their_prompt_in_several_ways(tmp_path):
    lines = [{"prompt": "a"}, {"text": "b"}, {"id": 1, "question": "c"}]
    assert turns(tmp_path, "a.jsonl", "\n\n".join(map(json.dumps, lines))) == [("a",), ("b",), ("c",)]


def test_lists_hold_texts_or_records(tmp_path):
    assert turns(tmp_path, "a.json", '\n[\n "a", {"prompt": "b"}]') == [("a",), ("b",)]


def test_form_is_seen_where_the_name_does_not_tell(tmp_path):
    assert turns(tmp_path, "asked", '{"prompt": "a"}\n') == [("a",)]
    assert turns(tmp_path, "other", "Just a line.\n") == [("Just a line.",)]


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")])
def test_tables_may_have_quoted_lines_and_other_marks(name, mark, tmp_path):
    text = f'id{mark}Prompt\n1{mark}"a{mark} b\nc"\n\n2{mark}d\n'
    assert turns(tmp_path, name, text) == [(f"a{mark} b\nc",), ("d",)]


@pytest.mark.parametrize("name", ["share.json", "share.jsonl"])
def test_conversations_of_sharegpt_keep_their_turns(name, tmp_path):
    record = {"id": "x", "conversations": TALK}
    text = json.dumps([record]) if name == "share.json" else json.dumps(record)
    [question] = read_questions(written(tmp_path, name, text))[0]
    assert question.turns == ("One?", "Two?")
    assert [message.content for message in question.before] == ["Be short."]
    assert [message.role for message in question.whole] == ["system", "user", "assistant", "user"]


def test_silent_conversations_of_a_list_are_left_out(tmp_path):
    records = [{"conversations": [{"from": "gpt", "value": "hm"}]}, {"conversations": []}, {"conversations": TALK}]
    assert len(turns(tmp_path, "share.json", json.dumps(records))) == 1


def test_messages_may_come_in_parts(tmp_path):
    parts = [{"type": "text", "text": "See "}, {"type": "image_url"}, {"type": "text", "text": "this."}]
    record = {"messages": [{"role": "user", "content": parts}]}
    assert turns(tmp_path, "a.jsonl", json.dumps(record)) == [("See this.",)]


def test_file_with_very_many_prompts_is_cut_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_PROMPTS", 3)
    questions, notes = read_questions(written(tmp_path, "a.txt", "a\nb\nc\nd\n"))
    assert len(questions) == 3
    assert "first 3" in notes[0]


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.jsonl", "a.json", "a.csv", "a"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, name):
    with suppress(BadUsage):
        assert read_questions(written(tmp_path_factory.mktemp("bytes"), name, content))[0]
