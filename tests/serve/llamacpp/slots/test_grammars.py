"""Grammars: always kept, and those that cannot be read or matched are named and harm nobody."""

import json
import re

import pytest

from ollascope.serve.llamacpp.wish import Sampling
from ollascope.words.errors import BadUsage
from tests.serve.llamacpp.slots.asking import GREEDY, PLAIN, ask, start

OBJECT = r"""
root ::= "{" ws "\"name\":" ws string "," ws "\"age\":" ws [1-9] [0-9]? "}"
string ::= "\"" [a-z]{1,8} "\""
ws ::= " "?
"""
BROKEN = {
    "nothing": "",
    "a zero byte": 'root ::= "a"\0',
    "an open string": 'root ::= "a',
    "no root": 'start ::= "a"',
    "an unknown rule": "root ::= other",
    "left recursion": 'root ::= root "a" | "b"',
    "words": "please answer in JSON",
    "brackets too deep": "root ::= " + "(" * 5000 + '"a"' + ")" * 5000,
    "too long": 'root ::= "' + "a" * 300_000 + '"',
    "too many rules": 'root ::= "a"\n' + "\n".join(f'r{n} ::= "a"' for n in range(10_001)),
    "absurd repetition": 'root ::= "a"{1000000000}',
}


@pytest.mark.parametrize("what", BROKEN)
def test_grammar_that_cannot_be_read_is_named_and_nothing_is_printed(scripted, opened, capfd, what):
    model = opened(scripted)
    with pytest.raises(BadUsage, match="grammar"):
        start(model, "Hi", grammar=BROKEN[what])
    assert ask(model, "Hi").end.reason == "stop"
    assert capfd.readouterr() == ("", "")


def test_complaint_is_llama_cpps_own(scripted, opened):
    with pytest.raises(BadUsage, match="unexpected end of input"):
        start(opened(scripted), "Hi", grammar=BROKEN["an open string"])


@pytest.mark.parametrize("sampling", [GREEDY, PLAIN, Sampling(seed=3)], ids=["greedy", "plain", "default"])
def test_schema_is_kept_by_a_model_that_would_say_something_else(scripted, untrained, opened, sampling):
    for path in (scripted, untrained):
        said = ask(opened(path), "Hi", grammar=OBJECT, sampling=sampling)
        assert said.end.reason == "stop"
        assert set(json.loads(said.data)) == {"name", "age"}


def test_many_at_once_keep_their_own(untrained, opened):
    model = opened(untrained, slots=4)
    wanted = {0: "[a-f]{5}", 1: "[0-9]{7}", 2: '"yes" | "no"', 3: "[A-Z] [a-z]{3}"}
    said = [
        start(model, "ab", grammar=f"root ::= {wanted[n % 4]}", sampling=Sampling(temperature=1.5, seed=n))
        for n in range(12)
    ]
    forms = {0: "[a-f]{5}", 1: "[0-9]{7}", 2: "yes|no", 3: "[A-Z][a-z]{3}"}
    for number, each in enumerate(said):
        assert re.fullmatch(forms[number % 4], each.rest().data.decode()), each.data


def test_answer_that_fits_anyway_is_not_changed(scripted, opened):
    model = opened(scripted)
    free = ask(model, "Hi<|json|>")
    held = ask(model, "Hi<|json|>", grammar=r'root ::= "{\"answer\": " [0-9]+ ", \"why\": \"" [a-z]+ "\"}"')
    assert (held.ids, held.end.tokens_out) == (free.ids, free.end.tokens_out)


def test_characters_cut_between_tokens_keep_the_grammar(scripted, opened):
    said = ask(opened(scripted), "Hi<|zh|>", grammar='root ::= [一-龥，。]+ "!"', most=5)
    assert said.data.decode() == "你好，世界。"


def test_grammar_that_no_token_fits_is_named(scripted, opened):
    model = opened(scripted)
    for grammar in ("root ::= <[999999]>", 'root ::= "a" <[999999]>'):
        try:
            said = ask(model, "Hi", grammar=grammar)
        except BadUsage:
            continue
        assert isinstance(said.last, BadUsage), said.last
        assert "no token" in said.last.message
    assert ask(model, "Hi").end.reason == "stop"


def test_complete_grammar_ends_an_answer_that_may_not_end_itself(scripted, opened):
    said = ask(opened(scripted), "Hi", grammar='root ::= "ok"', ignore_end=True)
    assert (said.data, said.end.reason) == (b"ok", "stop")


def test_penalties_and_bans_do_not_break_a_grammar(untrained, opened):
    heavy = Sampling(temperature=0.5, presence_penalty=2.0, frequency_penalty=2.0, repeat_last=-1, seed=5)
    said = ask(opened(untrained), "ab", grammar='root ::= ("ab" | "cd"){10}', sampling=heavy)
    assert re.fullmatch("(ab|cd){10}", said.data.decode())


def test_most_cuts_a_grammar_too(untrained, opened):
    said = ask(opened(untrained), "ab", grammar="root ::= [0-9]+", most=9, ignore_end=True)
    assert (said.end.reason, said.end.tokens_out) == ("length", 9)
    assert said.data.isdigit()


EXPLOSIVE = {
    "what may be empty, many times": "root ::= x{0,200}\nx ::= [a-z]?",
    "many that may be left out": "root ::= ([a-z]? [a-z]? [a-z]?){400}",
    "repetitions in repetitions": 'root ::= ((("a"{0,9}){0,9}){0,9}){0,9}',
}


@pytest.mark.parametrize("what", EXPLOSIVE)
def test_grammar_with_endless_ways_to_read_a_text_stops_nobody(untrained, opened, what):
    model = opened(untrained, slots=2)
    said = start(model, "ab", grammar=EXPLOSIVE[what], most=8)
    assert ask(model, "cd", most=5).end.reason == "length"
    said.rest()
    if isinstance(said.last, BadUsage):
        assert "too many ways" in said.last.message
    else:
        assert re.fullmatch("[a-z]*", said.data.decode())


@pytest.mark.parametrize(
    "grammar", ["root ::= ([a-z] | [a-f])*", "root ::= ([a-z]*)*", "root ::= [a-z]* [a-z]* [a-z]*"]
)
def test_grammar_with_some_ways_to_read_a_text_is_kept(untrained, opened, grammar):
    said = ask(opened(untrained), "ab", grammar=grammar, most=20)
    assert re.fullmatch("[a-z]*", said.data.decode())


def test_grammar_may_name_tokens(scripted, opened):
    model = opened(scripted)
    hello = ask(model, "Hi", most=1).ids[0]
    assert ask(model, "Hi", grammar=f'root ::= <[{hello}]> "!"').data == b"Hello!"
