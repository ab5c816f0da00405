"""A quick look started from the page: one at a time, its words read, its failures told."""

import sys
import time

import pytest

from ollascope.web.now.quick import QuickLooks, read_quick
from ollascope.words.errors import BadUsage

PATIENCE_S = 20.0


def until_done(looks):
    deadline = time.monotonic() + PATIENCE_S
    while looks.last.running:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return looks.last


def program(code):
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("text", [b"", b"{", b"not json", b"\xff"])
def test_words_that_cannot_be_read_are_a_failure(text):
    assert read_quick(text).trouble


def test_missing_figures_are_not_measured():
    found = read_quick(b'{"model":"m","users":[{"users":1,"ok":3,"failed":0,"ttft_s":{}}]}')
    assert (found.steps[0].requests_per_s, found.steps[0].ttft_p50_s, found.steps[0].ok) == (None, None, 3)


def test_result_is_read_when_it_comes():
    looks = QuickLooks(program('print(\'{"model":"m","demo":true,"users":[],"limit":{"text":"t"},"next":"n"}\')'))
    looks.begin()
    found = until_done(looks)
    assert (found.model, found.demo, found.limit, found.advice, found.trouble) == ("m", True, "t", "n", "")


def test_failure_is_told_in_its_own_words():
    looks = QuickLooks(program("import sys; sys.exit('ollascope: nobody answers\\n  start one')"))
    looks.begin()
    assert until_done(looks).trouble == "nobody answers"


def test_second_one_has_to_wait_and_both_end_with_the_dashboard():
    looks = QuickLooks(program("import time; time.sleep(60)"))
    looks.begin()
    with pytest.raises(BadUsage):
        looks.begin()
    looks.close()
    assert until_done(looks).trouble
