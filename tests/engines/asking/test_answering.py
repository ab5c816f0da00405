"""An answer is shown as it comes, and cannot steer the terminal it is shown on."""

import io

import pytest

from ollascope.engines.asking.answering import Asking, Voice
from ollascope.engines.fake import Fake
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.fake.source import FakeSource
from ollascope.engines.settings import Engines
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Message, Prompt


class Screen(io.StringIO):
    """A terminal that keeps what it was given."""

    def isatty(self):
        return True


def asking(tell=print, **settings):
    engine = FakeEngine(FakeSource(Fake(ttft_s=0, gap_s=0, **settings)))
    calls = []
    return Asking(engine, calls.append, Engines(), tell), calls


def prompt(text):
    return Prompt(model="scripted", messages=(Message(role="user", content=text),))


@pytest.mark.parametrize("letters", ["\x1b[2J", "\x07", "\x9b31m", "\x08\x08", "\x7f"])
def test_answer_cannot_steer_a_terminal(letters):
    out, aside = Screen(), Screen()
    voice = Voice(out, aside)
    voice.think(letters)
    voice.say(f"a{letters}b\tc\r\n")
    assert letters not in out.getvalue()
    assert letters not in aside.getvalue()
    assert out.getvalue().endswith("b\tc\n")


def test_answer_in_a_pipe_is_not_touched():
    out = io.StringIO()
    Voice(out, None).say("a\x1b[2Jb\r\n")
    assert out.getvalue() == "a\x1b[2Jb\r\n"


def test_failure_begins_on_a_line_of_its_own():
    out = io.StringIO()
    subject, calls = asking()
    with pytest.raises(Trouble):
        subject.follow(prompt("<|fail:line|>"), Voice(out, None))
    assert out.getvalue().endswith("\n")
    assert [call.outcome for call in calls] == ["engine-crashed"]


def test_answer_ends_with_one_line_break():
    out = io.StringIO()
    subject, calls = asking()
    subject.follow(prompt("hi"), Voice(out, None))
    assert out.getvalue() == "Hello! I say what my script says.\n"
    assert [(call.outcome, call.source) for call in calls] == [("ok", "cli")]
    assert subject.calls == calls


def test_thinking_is_dimmed_beside_the_answer():
    out, aside = io.StringIO(), Screen()
    subject, _ = asking()
    subject.follow(prompt("<|think|>"), Voice(out, aside))
    assert out.getvalue().strip() == "Forty-two"
    assert "\x1b[2m" in aside.getvalue()
    assert "think" in aside.getvalue()
    assert aside.getvalue().endswith("\n")
    assert "".join(subject.answer.thinking).strip() == "Let me think"


def test_waiting_for_another_attempt_is_told_before_the_answer():
    told = []
    subject, calls = asking(told.append)
    with pytest.raises(Trouble):
        subject.follow(prompt("<|fail:503|>"), Voice(None, None))
    assert len(told) == 2
    assert "asking again in" in told[0]
    assert calls[0].retries == 2
