"""A question becomes the Prompt that was meant."""

import pytest

from ollascope.engines.asking.question import Question, prompt_of, wording
from ollascope.words.errors import BadUsage

SCHEMA = {"type": "object"}


@pytest.mark.parametrize(("given", "piped"), [("", ""), ("  ", "\n\n")])
def test_nothing_is_no_question(given, piped):
    with pytest.raises(BadUsage, match="there is no question"):
        wording(given, piped)


def test_words_come_first_and_then_what_was_piped():
    assert wording("sum up", "a long text\n") == "sum up\n\na long text\n"
    assert wording("", "only this") == "only this"
    assert wording("only that", "") == "only that"


def test_prompt_holds_all_that_was_asked():
    question = Question(
        text="hi", images=("aW1n",), system="be brief", max_tokens=7, temperature=0.0, seed=3, think=True
    )
    prompt = prompt_of(question, "m", "ollama")
    assert [(one.role, one.content, one.images) for one in prompt.messages] == [
        ("system", "be brief", ()),
        ("user", "hi", ("aW1n",)),
    ]
    assert (prompt.max_tokens, prompt.seed, prompt.think, prompt.options) == (7, 3, True, {"temperature": 0.0})
    assert prompt.stream
    assert prompt.operation == "chat"


@pytest.mark.parametrize(
    ("think", "engine", "sent"), [(None, "ollama", False), (True, "ollama", True), (None, "openai", None)]
)
def test_schema_is_enforced_by_ollama_only_without_thinking(think, engine, sent):
    prompt = prompt_of(Question(text="hi", schema=SCHEMA, think=think), "m", engine)
    assert prompt.think is sent
    assert prompt.format == SCHEMA


def test_nothing_is_sent_that_was_not_asked():
    prompt = prompt_of(Question(text="hi"), "m", "ollama")
    assert (prompt.options, prompt.format, prompt.think, prompt.max_tokens, prompt.seed) == ({}, None, None, None, None)
