"""The time to first token that a prompt's size explains."""

import random

import pytest

from ollascope.monitor.anomalies.pace import FEWEST, MOST, SOON, expected, fit, learn, residuals
from ollascope.monitor.anomalies.state import Pace


def pairs(count, start_s=0.2, token_s=0.001, wild=0.0):
    chance = random.Random(1)
    sizes = [chance.randrange(10, 4000) for _ in range(count)]
    return tuple((size, (start_s + token_s * size) * (20 if chance.random() < wild else 1)) for size in sizes)


def test_line_is_found():
    pace = fit(Pace(pairs=pairs(100)), 0)
    assert pace.start_s == pytest.approx(0.2)
    assert pace.token_s == pytest.approx(0.001)


def test_wild_values_do_not_move_the_line():
    pace = fit(Pace(pairs=pairs(200, wild=0.1)), 0)
    assert expected(pace, 2000) == pytest.approx(2.2, rel=0.1)


def test_prompts_of_one_size_tell_no_rate_and_still_a_time():
    pace = fit(Pace(pairs=((500, 0.7),) * 50), 0)
    assert (pace.token_s, expected(pace, 500)) == (0.0, pytest.approx(0.7))


def test_nothing_is_expected_of_a_model_that_was_hardly_seen():
    pace = learn(Pace(), pairs(FEWEST - 1), 0.0)
    assert expected(pace, 100) is None
    assert residuals(pace, pairs(5)) == ()


def test_call_that_does_not_tell_its_tokens_is_taken_as_a_usual_one():
    pace = fit(Pace(pairs=pairs(100)), 0)
    assert expected(pace, None) == expected(pace, pace.usual_tokens)


def test_long_prompt_leaves_no_residual():
    pace = fit(Pace(pairs=pairs(100)), 0)
    assert residuals(pace, [(50_000, 50.2)]) == (pytest.approx(0.0, abs=1e-6),)


def test_after_the_first_pairs_one_in_twenty_minutes_is_taken_and_few_are_kept():
    pace = Pace()
    for minute in range(5 * MOST):
        pace = learn(pace, pairs(3), minute * 600.0)
    assert len(pace.pairs) == MOST
    assert len(learn(pace, pairs(50), pace.taken + 60).pairs) == MOST
    assert learn(pace, pairs(50), pace.taken + 60) is pace


def test_first_pairs_are_taken_as_they_come():
    pace = learn(Pace(), pairs(400), 0.0)
    assert len(pace.pairs) == SOON
