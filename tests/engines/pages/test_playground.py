"""Talking with models."""

import pytest

from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.fake.settings import Fake
from ollascope.engines.fake.source import FakeSource
from ollascope.engines.pages.answers import Answers
from ollascope.engines.pages.playground import Playground, choice_of
from ollascope.engines.pages.shelf import Shelf, Shelves
from ollascope.engines.retries import Retries
from ollascope.words.errors import BadUsage

ASKED = {"model": "plain", "messages": [{"role": "user", "content": "hello"}]}


class Doorway:
    """Opens one fake, and counts who left it."""

    def __init__(self):
        self.engine = FakeEngine()
        self.left = 0

    def open(self):
        return self.engine

    def leave(self, _engine):
        self.left += 1


@pytest.fixture
def calls():
    return []


@pytest.fixture
def playground(calls):
    made = Playground(Doorway(), Answers(2), Retries(), lambda: calls.append)
    yield made
    made.close()


@pytest.mark.parametrize("body", [None, [], {}, {"model": "plain"}, {**ASKED, "temperature": 99}])
def test_question_that_makes_no_sense_begins_nothing(playground, calls, body):
    with pytest.raises(BadUsage):
        playground.begin(body, lambda facts, _: facts)
    assert calls == []


def test_answer_leaves_one_call_that_says_where_it_was_asked(playground, calls):
    answering = playground.begin(ASKED, lambda facts, call: {**facts, "model": call.model})
    assert b'"end"' in b"".join(answering.lines())
    playground.answers.leave(answering)
    assert [(call.source, call.outcome, call.model) for call in calls] == [("playground", "ok", "plain")]


def test_only_models_that_chat_can_be_chosen():
    shelf = Shelves().look(FakeEngine(FakeSource(Fake(models=("plain", "vectors")))))
    assert [one.name for one in choice_of(shelf, "").chats] == ["plain:latest"]


def test_first_choice_is_the_one_asked_for_else_the_one_in_memory():
    engine = FakeEngine()
    engine.load("scripted")
    shelf = Shelves().look(engine)
    assert choice_of(shelf, "").first == "scripted:latest"
    assert choice_of(shelf, "plain").first == "plain"


@pytest.mark.parametrize("shelf", [None, Shelf(trouble="it is down")])
def test_where_nothing_is_known_nothing_can_be_chosen(shelf):
    assert choice_of(shelf, "plain").chats == ()
