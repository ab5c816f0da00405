"""When a request is sent again, and that an outage is not multiplied."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.retries import BURST, Retries
from ollascope.engines.settings import Retrying
from ollascope.words.errors import BadUsage, EngineBusy, StaleConnection, every_error

BUSY = EngineBusy("no", hint="wait")


def test_only_what_may_pass_is_tried_again():
    retries = Retries(Retrying(budget=1))
    for kind in every_error():
        retries.earn()
        assert (retries.wait_s(kind("no", hint="wait"), 1) is not None) == kind.retryable
    assert retries.wait_s(BadUsage("no", hint="wait"), 1) is None


def test_waits_double_up_to_the_longest():
    retries = Retries(Retrying(attempts=9, wait_s=1, longest_s=5), chance=lambda: 1.0)
    assert [retries.wait_s(BUSY, made) for made in range(1, 6)] == [1, 2, 4, 5, 5]


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=1, max_value=2))
def test_wait_varies_between_half_and_whole(chance, made):
    retries = Retries(Retrying(wait_s=2, longest_s=100), chance=lambda: chance)
    wait = retries.wait_s(BUSY, made)
    assert wait is not None
    assert made <= wait <= 2 * made


def test_last_attempt_is_the_last():
    assert Retries(Retrying(attempts=1)).wait_s(BUSY, 1) is None
    assert Retries(Retrying(attempts=2)).wait_s(BUSY, 2) is None


def test_wait_the_server_asks_for_is_kept_unless_it_is_too_long():
    retries = Retries(Retrying(longest_s=10), chance=lambda: 0.0)
    assert retries.wait_s(BUSY, 1, 7.0) == 7.0
    assert retries.wait_s(BUSY, 1, 11.0) is None


def test_stale_connection_is_replaced_at_once_and_costs_nothing():
    retries = Retries(Retrying(budget=0))
    stale = StaleConnection("gone", hint="ask again")
    assert [retries.wait_s(stale, 1) for _ in range(100)] == [0.0] * 100


@given(st.integers(min_value=1, max_value=500), st.floats(min_value=0, max_value=1))
def test_outage_is_not_multiplied(requests, budget):
    retries, tried = Retries(Retrying(attempts=3, budget=budget)), 0
    for _ in range(requests):
        retries.earn()
        made = 1
        while retries.wait_s(BUSY, made) is not None:
            tried += 1
            made += 1
    assert tried <= BURST + requests * budget + 1e-6
