"""Drawings are well-formed, hold every value within their frame, escape what they are given, and stay small."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.reports.charts.bars import bar_chart, heat_map
from ollascope.reports.charts.draw import HEIGHT, WIDTH, Axis
from ollascope.reports.charts.line import Mark, Series, cdf, line_chart, spark
from ollascope.reports.charts.scale import round_values, scale_of
from ollascope.reports.say import seconds

TIME = Axis(title="time", say=seconds)
VALUE = Axis(title="TTFT", say=seconds, zero=True)
FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


def read(svg):
    return ElementTree.fromstring(svg)


@given(st.lists(st.tuples(FINITE, st.none() | FINITE), min_size=1, max_size=60))
def test_every_value_lies_within_the_frame(points):
    svg = line_chart([Series(name="a", points=sorted(points, key=lambda point: point[0]))], TIME, VALUE, label="x")
    if not any(value is not None for _, value in points):
        assert svg == ""
        return
    read(svg)
    for path in re.findall(r' d="([^"]*)"', svg):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        assert all(0 <= number <= WIDTH for number in numbers[::2])
        assert all(0 <= number <= HEIGHT for number in numbers[1::2])


def test_names_from_outside_are_escaped():
    svg = line_chart([Series(name="<b>&", points=[(0, 1), (1, 2)]), Series(name="b", points=[(0, 1)])], TIME, VALUE,
                     label='"><script>', marks=[Mark(at=0.5, name="<i>")])  # fmt: skip
    read(svg)
    assert "<script>" not in svg
    assert "<b>" not in svg
    assert "<i>" not in svg


def test_missing_value_breaks_the_line():
    svg = line_chart([Series(name="a", points=[(0, 1), (1, 2), (2, None), (3, 4), (4, 5)])], TIME, VALUE, label="x")
    (path,) = re.findall(r'class="mark"[^>]* d="([^"]*)"', svg)
    assert path.count("M") == 2


def test_peaks_of_many_points_stay_visible_in_a_small_drawing():
    values = [1.0] * 100_000
    values[54_321] = 50.0
    svg = line_chart([Series(name="a", points=list(enumerate(values)))], TIME, VALUE, label="x")
    assert len(svg) < 60_000
    assert "26.0" in re.findall(r'class="mark"[^>]* d="([^"]*)"', svg)[0]


def test_logarithmic_drawing_leaves_out_what_has_no_place():
    axis = Axis(title="TTFT", say=seconds, logarithmic=True)
    svg = line_chart([Series(name="a", points=[(0, 0.0), (1, 0.001), (2, 10.0)], kind="points")], TIME, axis, label="x")
    assert svg.count("<circle") == 2


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=300))
def test_shares_rise_to_all(values):
    svg = cdf([("a", values)], TIME, label="x")
    read(svg)
    (path,) = re.findall(r'class="mark"[^>]* d="([^"]*)"', svg)
    heights = [float(number) for number in re.findall(r"-?[\d.]+", path)[1::2]]
    assert heights == sorted(heights, reverse=True)


@given(FINITE, st.floats(min_value=1e-6, max_value=1e9), st.integers(min_value=1, max_value=12))
def test_ticks_are_few_and_inside(low, span, wanted):
    high = low + span
    if high > low and math.isfinite(high) and span > abs(low) * 1e-9:
        values = round_values(low, high, wanted)
        assert len(values) <= wanted + 2
        assert all(low - span * 1e-6 <= value <= high + span * 1e-6 for value in values)


def test_scale_of_one_value_has_a_middle():
    scale = scale_of([5.0], (0, 10))
    assert scale.at(5.0) == pytest.approx(5)


def test_nothing_gives_no_drawing():
    assert line_chart([], TIME, VALUE, label="x") == ""
    assert bar_chart([], VALUE, label="x") == ""
    assert heat_map([[0, 0]], ((0, 1), (0, 1)), (TIME, VALUE), label="x") == ""
    assert spark([None, 1.0], label="x") == ""


def test_bars_and_heat_are_well_formed():
    read(bar_chart([("a & b", 1.0), ("c", 0.0)], VALUE, label="x"))
    read(
        heat_map(
            [[0, 3], [1, 0]], ((0, 1), (0.001, 1)), (TIME, Axis(title="gap", say=seconds, logarithmic=True)), label="x"
        )
    )
    read(spark([1.0, None, 3.0, 2.0], label="x"))
