"""Every outcome counts as one thing, and as the same thing wherever it is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.words.errors import every_error
from ollascope.words.outcomes import BLAMELESS, OK, ending_of, failures, is_failed


@given(st.text(max_size=20))
def test_any_word_counts_as_one_thing(outcome):
    assert (ending_of(outcome) == "failed") == is_failed(outcome)
    assert (ending_of(outcome) == "ok") == (outcome == OK)


@pytest.mark.parametrize("outcome", ["a-code-of-another-version", "", "timeout", "engine-busy", "engine-crashed"])
def test_unknown_code_and_trouble_of_the_service_are_failures(outcome):
    assert is_failed(outcome)


@pytest.mark.parametrize("outcome", ["model-missing", "context-exceeded", "rate-limited", "access-denied"])
def test_what_the_asker_did_is_no_failure(outcome):
    assert ending_of(outcome) == "asker's own"


def test_asker_who_left_has_given_up():
    assert ending_of("cancelled") == "given up"


def test_every_error_code_counts_by_its_status():
    assert {kind.code for kind in every_error() if not 400 <= kind.status < 500} == {
        kind.code for kind in every_error() if kind.code not in BLAMELESS
    }


def test_failures_are_added_up():
    assert failures({"ok": 5, "cancelled": 3, "timeout": 2, "never-heard-of": 1}) == 3
