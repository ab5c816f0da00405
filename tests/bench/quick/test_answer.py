"""The answer of `quick`: plain words, what limits the speed, one next step; what was not measured says so."""

import json
from dataclasses import replace

import pytest

from ollascope.bench.quick import answer, answer_facts, answer_lines
from ollascope.bench.result import Reason, Use
from ollascope.reports.page import page
from ollascope.reports.wrapping import width_of
from tests.bench.quick.seen import part, runs
from tests.bench.shown.made import bad, bare

PARTS = (part(1), part(2, rate=1.9), part(4, rate=3.5), part(8, rate=3.6, ttft=2.5))
MACHINE = {"cpu_ratio": 0.5, "server_cpu_ratio": 2.0, "memory_available_bytes": 2**32}


def told(*parts, **more):
    results = runs(*parts, use=Use(server_rss_peak_bytes=2**30), **{**MACHINE, **more})
    return "\n".join(answer_lines(results, results[0]))


def test_nothing_measured_is_said_and_still_one_next_step():
    text = "\n".join(answer_lines([bare()], bare()))
    assert "! no answer ended in the time" in text
    assert text.count("next step") == 1
    assert "How many users at once keep a comfortable speed was not measured" in text


def test_without_a_second_run_it_answers_all_the_same():
    assert answer_lines([], bare())
    assert answer_facts([], bare())["users"] == []


def test_odd_model_name_cannot_steer_the_terminal():
    target = replace(bare().asked.target, model="\x1b[2J<script>")
    warm = replace(bare(), asked=replace(bare().asked, target=target))
    assert "\x1b" not in "".join(answer_lines([], warm))
    assert "<script>" not in page(answer([], warm))


def test_one_user_is_told_in_one_sentence_on_top():
    assert "· one user gets 50 tokens/s, the first after 100 ms" in told(*PARTS)


def test_percentiles_rates_users_machine_limit_and_next_step_are_told():
    text = told(*PARTS)
    assert "time to first token  P50 100 ms · P95 150 ms · P99 not measured · most 200 ms" in text
    assert "QPS                  1" in text
    assert "Up to 4 users at once keep a comfortable speed" in text
    assert "50 % on average, 50 % at most" in text
    assert "memory of the server  1.0 GiB" in text
    assert "GPU                   not measured" in text
    assert text.count("what limits it") == 1
    assert text.count("next step") == 1


def test_all_users_content_says_that_more_were_not_tried():
    assert "All 4 users at once keep a comfortable speed; more were not tried" in told(*PARTS[:3])


def test_nobody_content_says_so():
    assert "Not even one user" in told(part(1, each=2.0))


def test_figures_of_a_demo_wear_the_badge():
    assert "! DEMO" in "\n".join(answer_lines([bad()], bare()))
    assert "! DEMO" in "\n".join(answer_lines([bare()], replace(bare(), demo=True)))
    assert "DEMO" not in told(*PARTS)


def test_invalid_run_is_told_and_limits_of_a_short_look_are_not():
    reasons = (Reason(code="a", weight="invalid", text="the client was too slow"),
               Reason(code="b", weight="limited", text="too few requests"))  # fmt: skip
    (one,) = runs(*PARTS)
    text = "\n".join(answer_lines([replace(one, reasons=reasons, verdict="INVALID")] * 2, one))
    assert text.count("the client was too slow") == 1
    assert "too few requests" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("results", [runs(*PARTS, **MACHINE), [bad()], [bare()]])
def test_answer_fits_the_terminal(results, language):
    lines = answer_lines(results, results[0], language)
    assert [line for line in lines if width_of(line) > 80] == []
    assert len(lines) < 45


def test_answer_is_a_page_too():
    assert page(answer(runs(*PARTS), bare(), "zh")).startswith("<!doctype html>")


def test_program_gets_every_figure_and_null_where_nothing_was_measured():
    results = runs(*PARTS, **MACHINE)
    facts = json.loads(json.dumps(answer_facts(results, bare()), allow_nan=False))
    assert [one["users"] for one in facts["users"]] == [1, 2, 4, 8]
    assert facts["users"][0]["ttft_s"] == {"n": 20, "p50": 0.1, "p95": pytest.approx(0.15), "p99": None, "max": 0.2}
    assert facts["comfortable_users"] == 4
    assert facts["machine"]["cpu_ratio_mean"] == 0.5
    assert facts["machine"]["gpu_ratio_mean"] is None
    assert facts["limit"]["code"] == "unknown"
    assert facts["next"].startswith("`ollascope bench run")
    assert facts["warm_up_s"] is None
    assert facts["demo"] is False
    assert facts["runs"][0]["verdict"] == "VALID"
