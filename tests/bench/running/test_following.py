"""How a run is followed: lines in a pipe, a bar on a terminal."""

from ollascope.bench.running.following import Lines, figures, headline
from ollascope.bench.running.standing import Standing

NOW = Standing(run="r", pid=1, process="x", state="running", at=0.0, stage_name="8 users")


def at(at_s, **said):
    return Standing(run="r", pid=1, process="x", state="running", at=0.0, at_s=at_s, stage_name="8 users", **said)


def test_pipe_gets_a_line_now_and_then_and_at_each_new_stage():
    told = []
    lines = Lines(told.append)
    for tenth in range(300):
        lines.standing(at(tenth / 10, stage=0 if tenth < 150 else 1))
    assert [line.partition(":")[0] for line in told] == ["2 s", "12 s", "15 s", "25 s"]


def test_silent_one_says_nothing():
    told = []
    lines = Lines(told.append, silent=True)
    lines.standing(at(5.0))
    lines.told("something")
    assert told == []


def test_what_is_not_known_is_not_shown():
    assert figures(NOW) == "0 answered, 0 in flight"
    assert headline(NOW) == "8 users"


def test_moment_is_told_with_its_failures_and_time_left():
    now = at(5.0, ended=1200, in_flight=8, failed=3, requests_per_s=12.34, tokens_per_s=400.0, ttft_p50_s=0.052,
             ttft_p95_s=0.1, share=0.5, left_s=65.4, stage=1, stages=3)  # fmt: skip
    assert (
        figures(now) == "1,197 answered, 8 in flight, 12.3 requests/s, 400 tokens/s, TTFT 52 ms, p95 100 ms, 3 failed"
    )
    assert headline(now) == f"8 users (2 of 3)  {'━' * 12}{'╌' * 12} 50%  65 s left"
