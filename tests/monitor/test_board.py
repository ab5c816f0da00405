"""What judges find is kept by judge, and replaced whole."""

from ollascope.monitor.board import Board
from ollascope.words.alerts import AlertKind, Condition


def found(name):
    return Condition(name=name, kind=AlertKind.THRESHOLD, active=True)


def test_nothing_is_known_at_first():
    board = Board()
    assert (board.sample, board.conditions) == (None, ())


def test_judge_replaces_only_what_it_found_itself():
    board = Board()
    board.put("rules", [found("a"), found("b")])
    board.put("objectives", [found("c")])
    board.put("rules", [found("d")])
    assert [condition.name for condition in board.conditions] == ["d", "c"]
