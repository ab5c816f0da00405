"""Panels over one axis stay within their frame, leave out what is empty, and stand one below the other."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from ollascope.reports.charts.draw import WIDTH, Axis
from ollascope.reports.charts.line import Mark, Series
from ollascope.reports.charts.panels import Panel, panels
from ollascope.reports.say import seconds

TIME = Axis(title="time", say=seconds)
FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
POINTS = st.lists(st.tuples(st.floats(min_value=0, max_value=100), st.none() | FINITE), max_size=30)


def panel(points, title="a", **more):
    return Panel(title=title, say=seconds, series=[Series(name="s", points=points)], **more)


@given(st.lists(POINTS, min_size=1, max_size=4))
def test_every_value_lies_within_the_frame(rows):
    svg = panels([panel(sorted(points, key=lambda point: point[0])) for points in rows], TIME, (0, 100), label="x")
    if not any(value is not None for points in rows for _, value in points):
        assert svg == ""
        return
    height = float(ElementTree.fromstring(svg).get("viewBox").split()[3])
    for path in re.findall(r' d="([^"]*)"', svg):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        assert all(0 <= number <= WIDTH for number in numbers[::2])
        assert all(0 <= number <= height for number in numbers[1::2])


def test_panel_without_a_value_is_left_out():
    svg = panels([panel([(0, None)], title="empty"), panel([(0, 1), (1, 2)], title="full")], TIME, (0, 1), label="x")
    assert "full" in svg
    assert "empty" not in svg


def test_nothing_to_draw_is_no_drawing():
    assert panels([panel([])], TIME, (0, 1), label="x") == ""


def test_all_panels_have_the_same_axis_whatever_their_values_cover():
    svg = panels([panel([(0, 1), (10, 2)]), panel([(4, 1), (6, 2)], title="b")], TIME, (0, 10), label="x")
    first, second = re.findall(r'class="mark"[^>]* d="M([\d.]+) [\d.]+L([\d.]+)', svg)
    wide, narrow = float(first[1]) - float(first[0]), float(second[1]) - float(second[0])
    assert abs(narrow / wide - 0.2) < 0.01


def test_name_of_a_mark_stands_once_and_is_escaped():
    rows = [panel([(0, 1), (1, 2)]), panel([(0, 1), (1, 2)], title="b")]
    svg = panels(rows, TIME, (0, 1), label='"><script>', marks=[Mark(at=0, until=0.5, name="<b>")])
    ElementTree.fromstring(svg)
    assert svg.count("&lt;b&gt;") == 1
    assert "<script>" not in svg


def test_span_without_a_length_can_be_drawn():
    ElementTree.fromstring(panels([panel([(0, 1)])], TIME, (0, 0), label="x"))


def test_only_series_with_values_are_in_the_legend():
    series = [Series(name="known", points=[(0, 1)]), Series(name="none", points=[(0, None)]),
              Series(name="more", points=[(0, 2)])]  # fmt: skip
    svg = panels([Panel(title="t", say=seconds, series=series)], TIME, (0, 1), label="x")
    assert "known" in svg
    assert "more" in svg
    assert ">none<" not in svg
