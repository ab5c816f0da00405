"""The engine in force for pages."""

from pathlib import Path

import pytest

from ollascope.engines.pages.reached import Doorway, Reached
from ollascope.engines.settings import Engines
from ollascope.words.errors import ConnectFailed, ModelMissing


class Door:
    """Opens plain objects and remembers what was given back."""

    def __init__(self):
        self.opened = []
        self.left = []

    def open(self):
        self.opened.append(object())
        return self.opened[-1]

    def reached(self):
        return Reached(self.open, self.left.append)


def test_engine_that_does_not_answer_is_closed_and_looked_for_anew():
    door = Door()
    reached = door.reached()
    with pytest.raises(ConnectFailed), reached.use():
        raise ConnectFailed("nobody", hint="start it")
    assert door.left == door.opened
    with reached.use() as engine:
        assert engine is not door.left[0]


def test_engine_that_refuses_is_kept():
    door = Door()
    reached = door.reached()
    with pytest.raises(ModelMissing), reached.use():
        raise ModelMissing("no such model", hint="choose another")
    with reached.use():
        pass
    assert len(door.opened) == 1
    assert door.left == []


def test_engine_is_not_closed_while_another_uses_it():
    door = Door()
    reached = door.reached()
    engine = reached.take()
    with pytest.raises(ConnectFailed), reached.use():
        raise ConnectFailed("nobody", hint="start it")
    assert door.left == []
    reached.give_back(engine)
    assert door.left == [engine]


def test_close_gives_it_back_once():
    door = Door()
    reached = door.reached()
    with reached.use():
        pass
    reached.close()
    reached.close()
    assert door.left == door.opened


def test_fake_in_this_process_is_one_for_everybody():
    doorway = Doorway(Engines(use="fake"), Path("/nowhere"))
    assert doorway.open() is doorway.open_quick()
    doorway.leave(doorway.open())
    doorway.close()
