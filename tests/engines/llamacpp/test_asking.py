"""A trial that crashes, hangs, refuses or talks nonsense is told apart from one that answers."""

import sys

import pytest

from ollascope.engines.llamacpp.asking import ask


def said(code, limit_s=20.0):
    outcome = ask({"prompt": "p"}, limit_s=limit_s, program=(sys.executable, "-c", code))
    return outcome.ending, outcome.said


def test_crash_is_told_by_its_signal():
    assert said("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)") == ("crashed", "ended by SIGSEGV")


def test_unknown_signal_is_told_by_its_number():
    assert said("import os; os.kill(os.getpid(), 40)") == ("crashed", "ended by signal 40")


def test_trial_that_hangs_is_ended_in_time():
    assert said("import time; time.sleep(60)", limit_s=0.3) == ("hung", "no answer within 0.3 s")


def test_refusal_is_told_by_its_last_words():
    assert said("print('no'); raise SystemExit('the model could not be loaded')") == (
        "refused", "the model could not be loaded",
    )  # fmt: skip


def test_refusal_without_words_is_told_by_its_code():
    assert said("raise SystemExit(7)") == ("refused", "ended with 7")


@pytest.mark.parametrize("output", ["", "nonsense", "[]", "3", "{}", "\\xff", '{"text": '])
def test_nonsense_is_no_answer_and_no_failure_of_ours(output):
    ending, words = said(f"import sys; sys.stdout.write({output!r})")
    assert ending == "answered"
    assert words == output.replace("\\xff", "\\xff")


def test_answer_is_the_last_line_and_the_order_was_heard():
    assert said("import json, sys; print('noise'); print(json.dumps({'text': json.load(sys.stdin)['prompt']}))") == (
        "answered", "p",
    )  # fmt: skip
