"""Reports on narrow screens: nothing is cut off, and nothing changes where there is room."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.monitor.shown.narrow import narrowed
from ollascope.reports.parts import Facts, Report, Table, Text
from ollascope.reports.terminal import lines
from ollascope.reports.wrapping import width_of

TABLE = Table(title="Requests", headers=("model", "last 1 min", "last 5 min"), note="in flight: not measured",
              rows=(("qwen3:8b", "12", "not measured"), ("通义千问", "", "340 ms")), right=(1, 2))  # fmt: skip
REPORT = Report(title="x", parts=[TABLE, Facts(rows=[("a", "1")])])


def test_pipe_and_wide_screen_see_the_table():
    assert narrowed(REPORT, None) is REPORT
    assert narrowed(REPORT, 80).parts == REPORT.parts


def test_narrow_screen_sees_every_cell_with_its_header():
    (told, facts) = narrowed(REPORT, 24).parts
    assert isinstance(told, Text)
    assert " ".join(line.strip() for line in told.lines) == (
        "qwen3:8b last 1 min 12, last 5 min not measured 通义千问 last 5 min 340 ms in flight: not measured"
    )
    assert facts == REPORT.parts[1]


@given(st.integers(min_value=20, max_value=100), st.lists(st.text("ab 文", max_size=30), min_size=3, max_size=3))
def test_no_table_is_wider_than_the_screen(width, cells):
    shown = narrowed(Report(title="x", parts=[Table(headers=("a", "b", "c"), rows=[cells])]), width)
    assert all(width_of(line) <= width for line in lines(shown))
