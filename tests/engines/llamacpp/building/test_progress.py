"""Progress as lines for a log: each stage once, each tenth once, and a bar on a screen."""

import io

from ollascope.engines.llamacpp.building.progress import Lines, shown
from ollascope.engines.llamacpp.building.step import Step


def test_log_gets_a_line_for_each_stage_and_each_tenth(capsys):
    report = Lines()
    report(Step(stage="fetch"))
    for done in range(84):
        report(Step(stage="compile", done=done, total=83, unit="steps"))
    report(Step(stage="pack"))
    report(Step(stage="pack"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["fetching the source", "compiling, 0 of 83 steps", "compiling, 9 of 83 steps"]
    assert lines[-2:] == ["compiling, 83 of 83 steps", "packing the wheel"]
    assert len(lines) == 13


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_screen_gets_a_bar_that_says_how_far_it_is(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Screen()
    with shown(screen) as report:
        report(Step(stage="compile", done=34, total=83, unit="steps"))
    assert "compiling, 34 of 83 steps" in screen.getvalue()


def test_terminal_that_cannot_draw_gets_lines(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "dumb")
    with shown(Screen()) as report:
        report(Step(stage="install"))
    assert capsys.readouterr().err == "installing\n"


def test_pipe_gets_lines(capsys):
    with shown(io.StringIO()) as report:
        report(Step(stage="install"))
    assert capsys.readouterr().err == "installing\n"
