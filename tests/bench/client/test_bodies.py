"""Bodies: as the API has them, each with a text of its own."""

import json
from array import array

from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.formats import read_request, write_request
from ollascope.bench.client.bodies import Bodies
from ollascope.bench.material import FRESH, Material
from ollascope.bench.schedule import Schedule
from tests.bench.client.runs import ask


def write(prompt):
    return write_request("ollama", prompt.operation, prompt)


def bodies(*prompts, run="run", order=(), **more):
    schedule = Schedule(stages=(), open=False, prompts=array("L", order))
    return Bodies(Material(prompts=prompts, **more), schedule, run, write)


def test_what_is_fresh_is_digits_which_models_count_alike():
    assert bodies(ask("x")).fresh(7).isdecimal()


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1), st.text(max_size=5))
def test_no_two_shots_of_a_run_have_the_same_text(one, other, run):
    made = bodies(ask("x"), run=run)
    assert len(made.fresh(one)) == len(FRESH)
    assert (made.fresh(one) == made.fresh(other)) == (one == other)


def test_runs_differ_in_their_texts():
    assert bodies(ask("x"), run="a").fresh(1) != bodies(ask("x"), run="b").fresh(1)


def test_body_is_the_prompt_with_its_own_text_in_every_place():
    made = bodies(ask(f'{FRESH} "é" {FRESH}'), ask("plain"))
    assert read_request("ollama", "chat", made.body(0, warm=False)).messages[0].content == (
        f'{made.fresh(0)} "é" {made.fresh(0)}'
    )
    assert made.body(1, warm=False) == write(ask("plain"))
    assert made.prompt(2, warm=False).messages[0].content == f'{made.fresh(2)} "é" {made.fresh(2)}'


def test_order_says_which_prompt_is_asked():
    made = bodies(ask("a"), ask("b"), order=(1, 1, 0))
    said = [json.loads(made.body(number, warm=False))["messages"][0]["content"] for number in range(6)]
    assert said == ["b", "b", "a", "b", "b", "a"]


def test_warm_up_asks_its_own_texts_where_there_are_some():
    made = bodies(ask("a"), warm_up=(ask("w"),))
    assert made.body(0, warm=True) == write(ask("w"))
    assert made.prompt(0, warm=True) == ask("w")
    assert bodies(ask("a")).body(0, warm=True) == write(ask("a"))


def test_talk_asks_each_question_behind_all_that_was_said():
    made = bodies(ask(f"{FRESH} one"), turns=((f"{FRESH} one", f"two {FRESH}"),))
    assert made.talks
    talk = made.talk(5)
    assert talk.goes_on
    talk.hear("said")
    assert not talk.goes_on
    told = [(one["role"], one["content"]) for one in json.loads(talk.body())["messages"]]
    fresh = made.fresh(5)
    assert told == [("user", f"{fresh} one"), ("assistant", "said"), ("user", f"two {fresh}")]
