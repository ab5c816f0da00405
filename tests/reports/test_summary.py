"""A Summary reads the same on a page, as text, as CSV; little is said where little is known."""

import csv
import io

import pytest

from ollascope.reports.parts import Facts, Table, Text
from ollascope.reports.summary import comparison, summary_parts
from ollascope.reports.tables import csv_text, summary_csv
from ollascope.reports.words import word
from ollascope.words.metrics import METRICS
from ollascope.words.summary import Figure, Summary

FIGURE = Figure(n=40, mean=0.2, p50=0.15, p90=0.3, p95=0.4, max=0.9, ci95={"p50": (0.1, 0.2)})
FULL = Summary(since=0, until=60, requests=40, outcomes={"timeout": 1, "ok": 39}, metrics={"ttft_s": FIGURE},
               tokens_in=400, tokens_out=900)  # fmt: skip


def test_counts_outcomes_and_figures_are_told():
    facts, outcomes, figures, intervals = summary_parts(FULL)
    assert isinstance(facts, Facts)
    assert ("requests", "40") in facts.rows
    assert ("Tokens: from the cache", "not measured") in facts.rows
    assert isinstance(outcomes, Table)
    assert list(outcomes.rows) == [("ok", "39", "97.5 %", "ok"), ("timeout", "1", "2.5 %", "failed")]
    assert isinstance(figures, Table)
    assert figures.rows == [("time to first token", "40", "200 ms", "150 ms", "300 ms", "400 ms", "too few", "900 ms")]
    assert isinstance(intervals, Table)
    assert intervals.rows == [("time to first token", "100 – 200 ms", "", "", "")]


def test_few_requests_are_said_to_be_few():
    few = Summary(since=0, until=60, requests=2, outcomes={"ok": 2})
    assert any(isinstance(part, Text) and "Few requests (2)" in part.lines[0] for part in summary_parts(few))


def test_nothing_is_told_as_nothing():
    (part,) = summary_parts(Summary(since=0, until=60, requests=0), "zh")
    assert part == Text(lines=["没有记录"])


def test_change_is_told_where_both_are_known():
    before = Summary(since=0, until=60, requests=20, metrics={"ttft_s": Figure(n=20, p50=0.1)})
    rows = comparison(FULL, before).rows
    assert rows[0] == ("requests", "20", "40", "+100 %")
    assert rows[1] == ("failed", "0 %", "2.5 %", "")
    assert rows[2] == ("time to first token p50", "100 ms", "150 ms", "+50 %, may be chance")
    assert rows[3] == ("time to first token p95", "too few", "400 ms", "")
    empty = Summary(since=0, until=60, requests=0)
    assert comparison(FULL, empty).rows[2] == ("time to first token p50", "not measured", "150 ms", "")


@pytest.mark.parametrize(
    ("before", "change"),
    [((0.05, 0.09), "+50 %"), ((0.05, 0.11), "+50 %, may be chance"), ((0.21, 0.3), "+50 %")],
)
def test_change_within_the_intervals_may_be_chance(before, change):
    figure = Figure(n=400, p50=0.1, ci95={"p50": before})
    told = comparison(FULL, Summary(since=0, until=60, requests=400, metrics={"ttft_s": figure}))
    assert told.rows[2][3] == change


def test_what_does_not_change_has_no_sign():
    assert comparison(FULL, FULL).rows[2][3] == "0 %"


def test_csv_has_plain_numbers_and_empty_cells():
    (row,) = csv.DictReader(io.StringIO(summary_csv(FULL)))
    assert (row["metric"], row["unit"], row["n"], row["p50"], row["p99"], row["p50_low95"]) == (
        "ttft_s", "s", "40", "0.15", "", "0.1")  # fmt: skip


def test_csv_text_runs_no_formula():
    assert csv_text(["a"], [["=1+1"], [-1]]) == "a\n'=1+1\n-1\n"


def test_every_metric_has_a_title_of_its_own_in_both_languages():
    titles = [metric.title for metric in METRICS]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if word(title, "zh") == title] == []
