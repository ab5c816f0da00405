"""How fast a model was, from sums."""

import pytest

from ollascope.engines.pages.speeds import speeds_of
from ollascope.words.summary import Figure, Summary

NOW = 1_800_000_000.0


def summary(requests, rate=None):
    figures = {} if rate is None else {"decode_tokens_per_s": Figure(n=requests, p50=rate)}
    return Summary(since=0, until=0, requests=requests, outcomes={"ok": requests - 1, "timeout": 1}, metrics=figures)


@pytest.mark.parametrize(("span", "count", "step"), [("day", 24, 3600), ("month", 30, 86_400)])
def test_span_is_asked_piece_by_piece_up_to_now(span, count, step):
    asked = []

    def ask(since, until, _model):
        asked.append((since, until))
        return summary(3, 20.0)

    found = speeds_of(ask, ["m"], "m", span, NOW)
    assert len(found.points) == count
    whole, *pieces = asked
    assert whole[1] > NOW >= whole[1] - step
    assert [until - since for since, until in pieces] == [step] * count
    assert (pieces[0][0], pieces[-1][1]) == whole


def test_model_without_requests_is_empty_and_not_asked_for():
    assert speeds_of(lambda *_: pytest.fail("asked"), ["other"], "m", "day", NOW).is_empty


def test_model_without_requests_in_the_time_is_asked_for_once():
    asked = []
    assert speeds_of(lambda *said: asked.append(said), ["m"], "m", "day", NOW).is_empty
    assert len(asked) == 1


def test_name_that_most_requests_use_is_the_one_that_counts():
    requests = {"m": 9, "m:latest": 2, "other": 99}
    found = speeds_of(lambda _since, _until, name: summary(requests[name]), requests, "m:latest", "day", NOW)
    assert (found.whole.requests, {point.requests for point in found.points}) == (9, {9})


def test_piece_without_requests_has_no_figures():
    found = speeds_of(lambda since, until, _: summary(3, 5.0) if until - since > 3600 else None, ["m"], "m", "day", NOW)
    assert {point.rate_p50 for point in found.points} == {None}
    assert (found.whole.rate_p50, found.whole.failed) == (5.0, 1)
