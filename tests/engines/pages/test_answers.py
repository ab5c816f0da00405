"""Answers of the playground on their way to browsers."""

import json
import threading

import pytest

from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.metered import Metered
from ollascope.engines.pages.answers import Answers, Open, seats, shown_times
from ollascope.words.call import Call
from ollascope.words.errors import EngineBusy
from ollascope.words.prompt import Message, Prompt

PATIENCE_S = 10.0


class Stage:
    """A fake, the Calls that its answers left, and what was given back."""

    def __init__(self, **said):
        self.engine = FakeEngine(FakeSource(Fake(ttft_s=0.0, gap_s=0.0, **said)))
        self.calls = []
        self.left = []
        self.answers = Answers(2)

    def open(self, text="hello", **said):
        calls = []
        metered = Metered(self.engine, lambda call: (calls.append(call), self.calls.append(call)), source="playground")
        prompt = Prompt(**{"model": "scripted", "messages": (Message(role="user", content=text),), **said})
        return Open(stream=metered.stream(prompt), calls=calls, leave=self.left.append)

    def begin(self, text="hello", **said):
        return self.answers.begin(lambda: self.open(text, **said), lambda facts, _call: facts)


def told(answering):
    return [json.loads(line) for line in answering.lines() if line.strip()]


def test_failure_is_a_line_and_leaves_a_call():
    stage = Stage()
    lines = told(stage.begin(model="absent"))
    assert [next(iter(line)) for line in lines] == ["id", "error", "end"]
    assert lines[1]["error"]["code"] == "model-missing"
    assert lines[2]["end"]["outcome"] == "model-missing"
    assert stage.left[0].code == "model-missing"


def test_answer_comes_in_pieces_and_ends_with_its_facts():
    stage = Stage()
    lines = told(stage.begin())
    assert "".join(line.get("text", "") for line in lines) == "Hello! I say what my script says."
    end = lines[-1]["end"]
    assert "text" not in end
    assert (end["outcome"], end["tokens"]["out"]) == ("ok", 8)
    assert [call.id for call in stage.calls] == [end["call"]]
    assert stage.calls[0].source == "playground"
    assert stage.left == [None]


def test_thinking_comes_apart_from_the_answer():
    lines = told(Stage().begin("<|think|>", think=True))
    assert "Let me think" in "".join(line.get("thinking", "") for line in lines)
    assert "".join(line.get("text", "") for line in lines).strip() == "Forty-two"


def test_answer_that_is_stopped_leaves_one_cancelled_call():
    stage = Stage()
    answering = stage.begin("<|loop|>", max_tokens=10_000_000)
    lines = answering.lines()
    next(lines)
    assert stage.answers.stop(answering.id)
    rest = [json.loads(line) for line in lines if line.strip()]
    assert rest[-1]["end"]["outcome"] == "cancelled"
    assert "error" not in {key for line in rest for key in line}
    assert [call.outcome for call in stage.calls] == ["cancelled"]


def test_browser_that_leaves_stops_the_model():
    stage = Stage()
    answering = stage.begin("<|loop|>", max_tokens=10_000_000)
    lines = answering.lines()
    next(lines)
    lines.close()
    stage.answers.leave(answering)
    assert [call.outcome for call in stage.calls] == ["cancelled"]
    assert not stage.answers.stop(answering.id)


def test_silence_is_filled_so_that_a_browser_that_left_is_noticed():
    stage = Stage()
    gate = threading.Event()
    stage.engine = FakeEngine(FakeSource(Fake(ttft_s=3600.0)))
    answering = stage.begin()
    lines = answering.lines()
    next(lines)
    assert next(lines) == b"\n"
    stage.answers.leave(answering)
    gate.set()


def test_more_answers_than_there_are_seats_are_refused():
    stage = Stage()
    first = [stage.begin("<|loop|>", max_tokens=10_000_000) for _ in range(2)]
    with pytest.raises(EngineBusy):
        stage.begin()
    stage.answers.leave(first[0])
    assert told(stage.begin())[-1]["end"]["outcome"] == "ok"
    stage.answers.close()


def test_what_cannot_be_opened_takes_no_seat():
    answers = Answers(1)

    def broken():
        raise EngineBusy("full", hint="wait")

    for _ in range(2):
        with pytest.raises(EngineBusy, match="full"):
            answers.begin(broken, lambda facts, _call: facts)


def test_times_that_were_not_measured_are_none():
    shown = shown_times(Call(id="x", sent_at=0.0, source="cli", outcome="ok", load_s=1.0), str, str)
    assert shown["load_s"] == "1.0"
    assert shown["queue_s"] is None
    assert shown["decode_tokens_per_s"] is None


def test_answers_leave_threads_to_pages():
    assert [seats(72, 56), seats(20, 16), seats(4, 0), seats(1000, 10)] == [8, 2, 2, 8]
