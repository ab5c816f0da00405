"""Answers that are kept while a slow question is asked again."""

import threading

from ollascope.web.kept import Kept
from ollascope.words.errors import ConnectFailed

PATIENCE_S = 10.0


def test_first_answer_is_waited_for_and_then_kept():
    asked = []
    kept = Kept("x", lambda: asked.append(1) or len(asked), every_s=1000)
    assert kept.read(PATIENCE_S) == 1
    assert kept.read(PATIENCE_S) == 1
    assert len(asked) == 1


def test_reader_does_not_wait_for_a_slow_question():
    go = threading.Event()
    kept = Kept("x", lambda: go.wait(PATIENCE_S), every_s=1000)
    assert kept.read() is None
    go.set()
    assert kept.read(PATIENCE_S) is True


def test_old_answer_is_shown_while_the_next_is_on_its_way():
    go, values = threading.Event(), iter([1, 2])
    go.set()

    def ask():
        go.wait(PATIENCE_S)
        return next(values)

    kept = Kept("x", ask, every_s=0)
    assert kept.read(PATIENCE_S) == 1
    go.clear()
    assert kept.read() == 1
    go.set()


def test_only_one_question_at_a_time_is_on_its_way():
    go, asked = threading.Event(), []

    def ask():
        asked.append(1)
        return go.wait(PATIENCE_S)

    kept = Kept("x", ask, every_s=0)
    for _ in range(20):
        kept.read()
    go.set()
    kept.read(PATIENCE_S)
    assert len(asked) <= 2


def test_trouble_is_logged_and_the_last_answer_stays(caplog):
    answers = iter([1])

    def ask():
        try:
            return next(answers)
        except StopIteration:
            raise ConnectFailed("nobody is there", hint="wait") from None

    kept = Kept("engine", ask, every_s=0)
    assert kept.read(PATIENCE_S) == 1
    for _ in range(200):
        kept.read()
        if "nobody is there" in caplog.text:
            break
        threading.Event().wait(0.01)
    assert "engine cannot be told: nobody is there" in caplog.text
    assert kept.read() == 1


def test_forgotten_answer_is_asked_for_anew():
    values = iter([1, 2])
    kept = Kept("x", lambda: next(values), every_s=1000)
    assert kept.read(PATIENCE_S) == 1
    kept.forget()
    kept.read()
    for _ in range(200):
        if kept.read() == 2:
            break
        threading.Event().wait(0.01)
    assert kept.read() == 2
