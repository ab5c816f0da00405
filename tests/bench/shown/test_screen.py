"""A run on a terminal: the verdict first, short, within 80 columns, in English and Chinese."""

from dataclasses import replace

import pytest

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.result import Reason
from ollascope.bench.shown.screen import screen_lines
from ollascope.reports.wrapping import width_of
from tests.bench.shown.made import bad, bare, result, sweep

LONG = "word " * 60 + "http://127.0.0.1/" + "x" * 200


def test_odd_names_cannot_steer_the_terminal():
    asked = Asked(target=Target(url="\x1b[2J", model="\x1b]0;x\x07"), load=Load(levels=(Level(users=1),)), name="a\nb")
    one = replace(result(), asked=asked, run="\x1b[1m", reasons=(Reason(code="x", weight="invalid", text="\x1b[31m"),))
    told = "".join(screen_lines([one], details=True) + screen_lines([one, one]))
    assert "\x1b" not in told
    assert "\n" not in told


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("made", [result, sweep, bad, bare])
def test_no_line_is_wider_than_the_terminal(made, language):
    wide = replace(made(), reasons=(Reason(code="x", weight="invalid", text=LONG, hint="字" * 90),))
    for told in (screen_lines([wide], language), screen_lines([wide], language, details=True)):
        assert [line for line in told if width_of(line) > 80] == []


def test_several_runs_fit_too():
    told = screen_lines([result(), sweep(), bad()])
    assert [line for line in told if width_of(line) > 80] == []
    assert any("no proof" in line for line in told)


@pytest.mark.parametrize(("made", "start"), [(result, "✓ VALID"), (bad, "✗ INVALID")])
def test_verdict_stands_before_any_figure(made, start):
    told = screen_lines([made()])
    assert told[2].startswith(start)


def test_short_form_fits_a_screen_and_details_add_the_long_tables():
    short, whole = screen_lines([result()]), screen_lines([result()], details=True)
    assert len(short) < 24
    assert "Latency and speed" in whole
    assert "What measuring cost" in whole
    assert whole[-1] not in short


def test_notes_are_counted_in_the_short_form_and_told_with_details():
    assert "  - one note more with --details" in screen_lines([result()])
    assert any("Other programs" in line for line in screen_lines([result()], details=True))


def test_reasons_against_the_run_are_told_in_the_short_form_with_their_hints():
    told = " ".join(screen_lines([bad()]))
    assert "only 5.1 were sent" in told
    assert "raise --most-at-once" in told


def test_stages_are_told_in_the_short_form():
    assert any(line.startswith("8 users") and "200 ms" in line for line in screen_lines([sweep()]))
