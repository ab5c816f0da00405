"""Checks for a page: run in the background, again when asked, one round at a time."""

import socket
import threading

import pytest

from ollascope.checks.finding import Finding
from ollascope.checks.pages.checking import Rounds, examine
from ollascope.settings.load import Sources, load
from ollascope.wire import SECTIONS
from ollascope.words.clock import Clock

PATIENCE_S = 10.0


class Hands:
    """A clock that moves when told."""

    def __init__(self):
        self.at = 0.0

    def clock(self):
        return Clock(wall=lambda: 1000.0 + self.at, monotonic=lambda: self.at)


def said(*states):
    return [Finding(id=f"check-{number}", state=state, text="x") for number, state in enumerate(states)]


def test_bug_in_a_check_neither_ends_the_page_nor_stops_later_rounds(caplog):
    answers = [ZeroDivisionError(), said("ok")]

    def ask():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    hands = Hands()
    rounds = Rounds(ask, hands.clock(), every_s=60)
    assert rounds.look(PATIENCE_S) is None
    assert "cannot be run" in caplog.text
    hands.at = 61
    found = rounds.look(PATIENCE_S)
    assert found is not None
    assert found.state == "ok"


def test_worst_finding_comes_first():
    found = Rounds(lambda: said("ok", "warning", "problem", "unknown"), Hands().clock()).look(PATIENCE_S)
    assert [each.state for each in found.findings] == ["problem", "warning", "unknown", "ok"]
    assert found.state == "problem"


def test_nothing_checked_is_no_complaint():
    assert Rounds(list, Hands().clock()).look(PATIENCE_S).state == "ok"


def test_fresh_round_is_not_repeated_and_an_old_one_is():
    times, hands = [], Hands()
    rounds = Rounds(lambda: times.append(hands.at) or said("ok"), hands.clock(), every_s=60)
    rounds.look(PATIENCE_S)
    rounds.look(PATIENCE_S)
    assert times == [0.0]
    hands.at = 60.0
    rounds.look()
    rounds._thread.join(PATIENCE_S)
    assert times == [0.0, 60.0]


def test_two_who_ask_at_once_share_a_round():
    gate, times = threading.Event(), []

    def ask():
        times.append(1)
        gate.wait(PATIENCE_S)
        return said("ok")

    rounds = Rounds(ask, Hands().clock())
    rounds.again()
    rounds.again()
    assert rounds.running
    gate.set()
    rounds.look(PATIENCE_S)
    assert times == [1]


@pytest.mark.parametrize(("taken", "state"), [("dashboard", "ok"), ("monitor", "warning")])
def test_port_of_the_dashboard_that_asks_is_no_warning(tmp_path, taken, state):
    with socket.create_server(("127.0.0.1", 0)) as door:
        assigned = f"addresses.{taken}={door.getsockname()[1]}"
        settings = load(SECTIONS, Sources(data_folder=tmp_path, assignments=(assigned,)))
        found = {each.id: each.state for each in examine(settings, None)}
    assert found["settings"] == state
