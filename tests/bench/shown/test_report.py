"""The page of a run: verdict on top, badge, figures, drawings; it opens offline, and nothing in it runs."""

import re
from dataclasses import replace

import pytest

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.result import Reason, Server
from ollascope.bench.shown.report import report_of
from ollascope.reports.page import page
from ollascope.reports.parts import Banner, Chart, Facts, Table, Text
from tests.bench.shown.made import TARGET, bad, bare, curve, result, slices, sweep

EVIL = "<script>alert(1)</script>"


def titles(report):
    return [part.title for part in report.parts]


def chart(report, title):
    return next(part for part in report.parts if isinstance(part, Chart) and part.title == title)


def rows(report, title):
    return next(part for part in report.parts if part.title == title).rows


def test_names_from_outside_are_escaped_everywhere():
    asked = Asked(target=Target(url=EVIL, model=EVIL), load=Load(levels=(Level(users=1),), trace=EVIL), name=EVIL)
    one = result(asked=asked, run=EVIL, reasons=(Reason(code="x", weight="invalid", text=EVIL, hint=EVIL),),
                 server=Server(engine=EVIL, version=EVIL, changed=(EVIL,)), prompts=((EVIL, EVIL),),
                 versions={EVIL: EVIL}, machine={EVIL: EVIL})  # fmt: skip
    for results in ([one], [one, sweep()]):
        html = page(report_of(results))
        assert "<script" not in html
        assert "&lt;script" in html


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("made", [result, sweep, bad, bare])
def test_page_opens_offline_and_is_small(made, language):
    html = page(report_of([made()], language))
    assert len(html) < 1_000_000
    assert not re.findall(r'(?:src|href)=|url\(|@import|https?://(?!127\.0\.0\.1|www\.w3\.org/2000/svg")', html)
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in html


def test_verdict_with_its_reasons_stands_first_and_the_heaviest_first():
    first = report_of([bad()]).parts[0]
    assert isinstance(first, Banner)
    assert first.tone == "problem"
    assert first.title.startswith("INVALID")
    assert [line.split(" ", 1)[0] for line in first.lines] == ["it", "Of", "50"]
    assert first.lines[1].endswith("→ Ask for fewer, or raise --most-at-once.")


def test_figures_of_a_demo_wear_the_badge_and_others_do_not():
    assert "DEMO" in titles(report_of([bad()]))
    assert "DEMO" not in titles(report_of([result()]))
    assert "DEMO" in titles(report_of([result(), bad()]))


def test_headlines_are_big_and_say_rate_tokens_latency_and_failures():
    big = next(part for part in report_of([result()]).parts if isinstance(part, Facts) and part.big)
    told = dict(big.rows)
    assert (told["requests/s"], told["output tokens/s"], told["failed"]) == ("15.9", "1,019", "4 of 880")
    assert (told["TTFT p50"], told["TTFT p99"], told["whole answer p95"]) == ("120 ms", "312 ms", "2.05 s")


def test_run_without_a_measurement_says_so_and_draws_nothing():
    report = report_of([bare()])
    assert not [part for part in report.parts if isinstance(part, Chart)]
    assert "not measured" in page(report)


def test_endless_percentiles_and_too_few_requests_are_told():
    (_, *cells) = rows(report_of([bad()]), "Latency and speed")[0]
    assert cells[4:] == ["∞", "∞", "not measured", "∞"]
    latency = next(part for part in report_of([result()]).parts if part.title == "Latency and speed")
    assert latency.rows[0][7] == "too few"
    assert "p99.9 needs 600 more" in latency.note


def test_page_of_one_run_has_every_drawing():
    found = [part.title for part in report_of([sweep()]).parts if isinstance(part, Chart)]
    assert found == [
        "Over time", "The machine over the same time", "Distribution", "Time to first token against load",
        "Throughput against load", "Pauses between pieces over time",
    ]  # fmt: skip


def test_all_that_happened_stands_over_the_same_time():
    report = report_of([result()])
    for title in ("Over time", "The machine over the same time"):
        svg = chart(report, title).svg
        assert "0 s" in svg
        assert "60 s" in svg
        assert "does not count" in svg


def test_stages_are_marked_over_time():
    svg = chart(report_of([sweep()]), "Over time").svg
    assert [f">{users}</text>" in svg for users in (1, 2, 4, 8)] == [True] * 4


def test_distribution_that_failures_cut_says_why():
    assert "below 100 %" in chart(report_of([bad()]), "Distribution").note
    whole = report_of([replace(result(), cdf={"ttft_s": curve(0.1)})])
    assert chart(whole, "Distribution").note == ""
    assert chart(whole, "Distribution").figures.rows[3][1] == "80 ms"


def test_load_of_one_kind_only_is_drawn_against_it():
    assert "Time to first token against load" not in titles(report_of([result()]))


def test_runs_of_different_loads_make_one_curve_together():
    runs = [
        result(run=f"r{users}", asked=Asked(target=TARGET, load=Load(levels=(Level(users=users),))))
        for users in (8, 2, 4)
    ]  # fmt: skip
    figures = chart(report_of(runs), "Time to first token against load").figures
    assert [row[1] for row in figures.rows] == ["2", "4", "8"]


def test_pauses_of_a_very_long_run_are_merged_into_columns_that_can_be_seen():
    svg = chart(report_of([replace(result(), slices=slices(1000))]), "Pauses between pieces over time").svg
    assert 0 < svg.count("fill-opacity") <= 240 * 9


def test_pieces_that_came_together_are_one_row_of_the_pauses():
    gaps = replace(slices(1)[0], gaps=((-60, 5), (-30, 2), (4, 100)))
    drawn = chart(report_of([replace(result(), slices=(gaps,))]), "Pauses between pieces over time")
    assert [number for _, number in drawn.figures.rows] == ["7", "100"]
    assert drawn.figures.rows[0][0].startswith("0 s – ")


def test_long_run_makes_a_page_below_five_megabytes():
    assert len(page(report_of([replace(result(), slices=slices(20_000), readings=result().readings * 200)]))) < 5e6


def test_several_runs_stand_side_by_side_with_a_warning_that_this_is_no_proof():
    report = report_of([result(), sweep(), bad()])
    table = next(part for part in report.parts if isinstance(part, Table))
    assert table.headers == ["", f"1 · {result().run}", f"2 · {sweep().run}", f"3 · {bad().run}"]
    assert ("verdict", "VALID", "VALID", "INVALID") in table.rows
    assert ("time to first token p50", "120 ms", "120 ms", "400 ms") in table.rows
    (text,) = [part for part in report.parts if isinstance(part, Text)]
    assert "no proof" in text.lines[0]
    assert [part.tone for part in report.parts if isinstance(part, Banner)] == ["ok", "ok", "problem", "demo"]


def test_names_that_runs_were_given_stand_for_them_unless_two_are_the_same():
    def named(name, run):
        return result(run=run, asked=Asked(target=TARGET, load=Load(levels=(Level(users=1),)), name=name))

    table = next(
        part for part in report_of([named("a", "r1"), named("b", "r2"), named("b", "r3"), named("b", "r3")]).parts
        if isinstance(part, Table)
    )  # fmt: skip
    assert table.headers[1:] == ["1 · a", "2 · r2", "3 · r3 (3)", "4 · r3 (4)"]


def test_what_was_asked_of_prompts_and_who_answered_is_told():
    told = dict(rows(report_of([result()]), "What was asked"))
    assert told["answered by"] == "ollama 0.32.15 · on this machine"
    assert told["tokens"] == "128 each, calibrated"
    assert told["load"] == "16 requests/s for 60 s · at random (Poisson)"
