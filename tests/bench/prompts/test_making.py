"""The material of a run: prompts as they will be sent, what is told of them, and what cannot be asked."""

from array import array
from dataclasses import replace
from math import inf
from statistics import fmean

import pytest

from ollascope.bench.asked import Lengths, Wording
from ollascope.bench.material import FRESH
from ollascope.bench.prompts import check_wording
from ollascope.bench.shapes import Trace, wishes
from ollascope.words.errors import BadUsage
from tests.bench.prompts.counters import TEMPLATE, Server, frequent
from tests.bench.prompts.wordings import asked, material, said, texts

SENSELESS = {
    "an endless length": {"tokens_in": Lengths(mean=inf)},
    "an answer without a length": {"max_tokens": Lengths(mean=0)},
    "no turn": {"turns": 0},
    "a million turns": {"turns": 1_000_000},
    "no prefix": {"prefixes": 0, "prefix_tokens": 10},
    "a negative prefix": {"prefix_tokens": -1},
    "prefixes without a length": {"prefixes": 3},
    "a prefix longer than its prompt": {"source": "synthetic", "tokens_in": "100", "prefix_tokens": 100},
    "a file that is not named": {"source": "file"},
    "a file that is not read": {"source": "built-in", "file": "a.txt"},
    "lengths of a file": {"source": "file", "file": "a.txt", "tokens_in": "100"},
}


@pytest.mark.parametrize("what", SENSELESS)
def test_senseless_wording_is_refused_with_a_hint(what):
    with pytest.raises(BadUsage) as caught:
        material(**SENSELESS[what])
    assert caught.value.hint


@pytest.mark.parametrize("operation", ["generate", "embed"])
def test_conversations_need_the_chat_api(operation):
    with pytest.raises(BadUsage, match="chat"):
        check_wording(asked(operation, turns=2))


def test_built_in_prompts_begin_with_what_is_fresh_in_each():
    found = material()
    assert len(found.prompts) == 48
    assert all(said(prompt).startswith(f"{FRESH}\n") for prompt in found.prompts)
    assert found.warm_up == ()
    assert found.turns == ()


def test_friendly_prompts_are_asked_as_they_are_after_another_warm_up():
    found = material(cache="friendly")
    measured, warm = {said(prompt) for prompt in found.prompts}, {said(prompt) for prompt in found.warm_up}
    assert not any(FRESH in text for text in measured | warm)
    assert warm
    assert not measured & warm


@pytest.mark.parametrize("operation", ["chat", "generate", "embed"])
def test_operation_decides_where_the_text_stands(operation):
    prompt = material(operation, max_tokens="64", think=True).prompts[0]
    assert prompt.operation == operation
    assert [bool(prompt.messages), bool(prompt.text), bool(prompt.inputs)].count(True) == 1
    assert said(prompt).startswith(FRESH)
    assert prompt.max_tokens == (None if operation == "embed" else 64)
    assert prompt.think == (None if operation == "embed" else True)


def test_options_become_fields_where_a_prompt_has_them():
    options = {"temperature": 0, "num_ctx": 4096, "seed": 7, "num_predict": 33, "stop": "X", "keep_alive": "5m"}
    prompt = material(options=options).prompts[0]
    assert prompt.options == {"temperature": 0, "num_ctx": 4096}
    assert (prompt.seed, prompt.max_tokens, prompt.stop, prompt.keep_alive) == (7, 33, ("X",), "5m")
    assert material(options=options, max_tokens="5").prompts[0].max_tokens == 5


def test_answers_have_lengths_by_their_distribution():
    found = material(max_tokens="normal:200,40")
    lengths = [prompt.max_tokens for prompt in found.prompts]
    assert len(set(lengths)) > 20
    assert fmean(lengths) == pytest.approx(200, rel=0.03)


def test_same_seed_makes_the_same_prompts_however_often_the_server_was_asked():
    wording = {"source": "synthetic", "tokens_in": "200", "max_tokens": "10-90"}
    one, two = material(count=Server(frequent), **wording), material(count=Server(frequent), **wording)
    assert one.prompts == two.prompts
    assert material(seed=2, count=Server(frequent), **wording).prompts != one.prompts


def test_lengths_of_questions_and_answers_do_not_shift_each_other():
    wording = {"source": "synthetic", "count": Server(frequent)}
    one = material(tokens_in="100-400", max_tokens="10-90", **wording)
    two = material(tokens_in="100-400", max_tokens="normal:50,5", **wording)
    assert [said(prompt) for prompt in one.prompts] == [said(prompt) for prompt in two.prompts]


def test_synthetic_prompts_differ_from_one_another():
    found = material(source="synthetic", tokens_in="300")
    assert len(set(map(said, found.prompts))) == len(found.prompts) == 128


def test_very_long_prompts_are_few():
    found = material(source="synthetic", tokens_in="100000")
    assert len(found.prompts) == 8


def test_lengths_alone_ask_for_synthetic_prompts_and_it_is_said():
    found = material(tokens_in="300", count=Server(frequent))
    assert ("prompts", "128 synthetic texts") in found.about
    assert any("synthetic" in note for note in found.notes)


@pytest.mark.parametrize("source", ["built-in", "synthetic"])
def test_shared_beginnings_come_before_what_is_fresh(source):
    lengths = {"tokens_in": "600"} if source == "synthetic" else {}
    found = material(source=source, prefix_tokens=300, prefixes=2, count=Server(frequent), **lengths)
    beginnings = [said(prompt).split(FRESH)[0] for prompt in found.prompts]
    assert len(set(beginnings)) == 2
    assert beginnings[0] == beginnings[2] != beginnings[1]
    assert frequent(beginnings[0]) == pytest.approx(300, abs=6)


def test_lengths_count_the_shared_beginning():
    found = material(source="synthetic", tokens_in="600", prefix_tokens=300, count=Server(frequent))
    assert {frequent(text) + TEMPLATE for text in texts(found)} == {600}


def test_shared_beginning_without_room_is_said():
    found = material(source="synthetic", tokens_in="200", prefix_tokens=190, count=Server(frequent))
    assert any("the shared beginning" in note for note in found.notes)


def test_conversations_begin_afresh_once():
    found = material(turns=3)
    assert {len(turns) for turns in found.turns} == {3}
    assert said(found.prompts[0]) == found.turns[0][0]
    assert found.turns[0][0].startswith(FRESH)
    assert not any(FRESH in turn for turns in found.turns for turn in turns[1:])


def test_synthetic_conversations_have_questions_of_the_wanted_length():
    found = material(source="synthetic", tokens_in="200", turns=2, count=Server(frequent))
    first, second = found.turns[0]
    assert frequent(second) == pytest.approx(frequent(first), abs=15)
    assert first != second


def test_file_of_conversations_is_followed_as_far_as_was_asked(tmp_path):
    path = tmp_path / "talks.jsonl"
    path.write_text(
        '{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "A"},'
        ' {"role": "assistant", "content": "B"}, {"role": "user", "content": "C"},'
        ' {"role": "user", "content": "D"}]}\n',
        encoding="utf-8",
    )
    found = material(source="file", file=str(path), turns=2)
    assert found.turns == (("A", "C"),)
    assert [message.content for message in found.prompts[0].messages] == [f"{FRESH}\nS", "A"]
    whole = material(source="file", file=str(path), cache="friendly")
    assert [message.content for message in whole.prompts[0].messages] == ["S", "A", "B", "C", "D"]


def test_file_with_digits_in_front_is_said(tmp_path):
    path = tmp_path / "asked.txt"
    path.write_text("One?\nTwo?\n", encoding="utf-8")
    found = material(source="file", file=str(path))
    assert [said(prompt) for prompt in found.prompts] == [f"{FRESH}\nOne?", f"{FRESH}\nTwo?"]
    assert any("digits" in note for note in found.notes)
    assert ("prompts", "2 from asked.txt") in found.about
    assert not material(source="file", file=str(path), cache="friendly").notes


def trace_of(rows):
    tokens_in, tokens_out = zip(*rows, strict=True)
    due = array("d", range(len(rows)))
    return Trace(due=due, tokens_in=array("L", tokens_in), tokens_out=array("L", tokens_out))


def test_trace_gets_its_lengths_row_by_row():
    trace = trace_of([(200 + 10 * row, 5 + row) for row in range(50)])
    found = material(trace=trace, count=Server(frequent))
    rows = wishes(trace).rows
    said_by_row = [texts(found)[rows[row]] for row in range(50)]
    assert [frequent(text) + TEMPLATE for text in said_by_row] == [200 + 10 * row for row in range(50)]
    assert [found.prompts[rows[row]].max_tokens for row in range(50)] == [5 + row for row in range(50)]


def test_trace_of_answers_only_asks_built_in_prompts():
    trace = replace(trace_of([(1, 30), (1, 40)]), tokens_in=array("L"))
    found = material(trace=trace)
    assert len({said(prompt) for prompt in found.prompts}) == 48
    assert {prompt.max_tokens for prompt in found.prompts} == {30, 40}


def test_trace_that_tells_no_answer_leaves_its_length_to_the_run():
    found = material(trace=trace_of([(300, 0), (300, 40)]), max_tokens="77", count=Server(frequent))
    assert {prompt.max_tokens for prompt in found.prompts} == {77, 40}


def test_trace_with_prompts_of_a_file_says_that_lengths_are_not_kept(tmp_path):
    path = tmp_path / "asked.txt"
    path.write_text("One?\nTwo?\n", encoding="utf-8")
    found = material(source="file", file=str(path), trace=trace_of([(300, 20)]))
    assert any("lengths of prompts are not kept" in note for note in found.notes)
    assert {said(prompt) for prompt in found.prompts} == {f"{FRESH}\nOne?", f"{FRESH}\nTwo?"}


@pytest.mark.parametrize(("think", "told"), [(None, "by itself"), (True, "on"), (False, "off")])
def test_report_tells_whether_thinking_was_measured(think, told):
    found = material(think=think)
    assert told in dict(found.about)["thinking"]
    assert {prompt.think for prompt in found.prompts} == {think}


def test_report_tells_what_was_asked():
    about = dict(material(source="synthetic", tokens_in="512", max_tokens="100-200", count=Server(frequent)).about)
    assert about["language"] == "English"
    assert about["tokens in, wanted"] == "512"
    assert about["tokens in, made"].startswith("512, by the server's own count")
    assert about["tokens out, at most"] == "100 to 200"
    assert "cannot know" in about["cache"]


def test_wording_without_wishes_is_fine():
    check_wording(asked())
    assert asked().wording == Wording()
