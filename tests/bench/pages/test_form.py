"""The form of a test: what is out of bounds is named by its field, presets fill what is not given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.asked import Asked
from ollascope.bench.pages.form import CHOICES, NUMBERS, PRESETS, USUAL, filled, read_form
from ollascope.bench.running.preparing import check
from ollascope.words.errors import BadUsage


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, "nan") for name in NUMBERS),
        *((name, "-1") for name in NUMBERS),
        *((name, "1e999") for name in NUMBERS),
        *((name, "many") for name in NUMBERS),
        *((name, str(bounds.most + 1)) for name, bounds in NUMBERS.items()),
        *((name, "x") for name in CHOICES),
        ("users", "1.5"), ("users", ""), ("seconds", ""), ("levels", ""), ("levels", "1,x"), ("levels", "0"),
        ("levels", "1 " * 13), ("levels", "1001"), ("model", "qwen3"), ("model", "ollama/"), ("model", "ollama/a\nb"),
        ("name", "x" * 61), ("name", "a\x1bb"),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_its_field(field, value):
    shape = {"levels": "growing", "rate": "rate", "peak": "spike"}.get(field, "users")
    with pytest.raises(BadUsage) as told:
        read_form({"shape": shape, field: value})
    assert told.value.message.startswith(f"{field}:")
    assert told.value.hint


def test_levels_that_end_by_time_take_no_number_of_requests():
    with pytest.raises(BadUsage, match="requests:"):
        read_form({"preset": "how-many", "requests": "10"})


def test_whole_test_is_bounded_too():
    with pytest.raises(BadUsage, match="seconds:"):
        read_form({"shape": "growing", "levels": "1 2 3", "seconds": "3600"})


@given(st.dictionaries(st.sampled_from([*USUAL, "preset", "url", "program"]), st.text(max_size=30)))
def test_any_fields_are_refused_or_make_a_test_that_can_be_carried_out(fields):
    try:
        asked = read_form(fields)
    except BadUsage:
        return
    assert asked.target.url == ""
    check(asked)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_make_tests_without_contradiction(preset):
    asked = read_form({"preset": preset})
    check(asked)
    assert isinstance(asked, Asked)


def test_field_that_is_given_goes_before_the_preset():
    assert filled({"preset": "one-user", "users": "3"})["users"] == "3"
    assert filled({"preset": "one-user"})["seconds"] == "30"


def test_spike_lies_between_two_calm_stretches_of_the_same_rate():
    levels = read_form({"shape": "spike", "rate": "1", "peak": "9", "seconds": "100"}).load.levels
    assert [(level.rate, level.seconds) for level in levels] == [(1.0, 40.0), (9.0, 20.0), (1.0, 40.0)]


def test_growing_numbers_wait_for_each_other():
    load = read_form({"shape": "growing", "levels": "1, 2 4，8", "seconds": "5"}).load
    assert load.apart
    assert [(level.users, level.seconds) for level in load.levels] == [(1, 5.0), (2, 5.0), (4, 5.0), (8, 5.0)]


def test_model_is_told_with_its_engine():
    target = read_form({"model": "openai/org/name:7b"}).target
    assert (target.engine, target.model, target.api) == ("openai", "org/name:7b", "openai")
    assert read_form({}).target.engine is None


def test_lengths_goals_and_thinking_are_taken():
    asked = read_form({"tokens_in": "100", "max_tokens": "9", "goal_ttft": "0.5", "think": "off", "language": "zh"})
    assert (asked.wording.source, asked.wording.think, asked.wording.tongue) == ("synthetic", False, "zh")
    assert asked.wording.tokens_in is not None
    assert (asked.wording.tokens_in.mean, asked.goals.ttft_s) == (100.0, 0.5)
