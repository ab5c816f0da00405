"""What a person sees of a run while it runs, added up over its workers."""

from array import array
from dataclasses import replace

from ollascope.bench.asked import Level
from ollascope.bench.plan import Status
from ollascope.bench.running.standing import Standing, Tally, end_of, stage_at, total_of
from ollascope.bench.schedule import Schedule, Stage

NOW = Standing(run="r", pid=1, process="x", state="running", at=0.0)


def closed(shots=100, seconds=None, apart=False):
    stage = Stage(number=0, name="8 users", level=Level(users=8), starts_s=0.0, ends_s=seconds, shots=shots)
    return Schedule(stages=(stage,), open=False, apart=apart)


def status(worker=0, at_s=1.0, **said):
    return Status(worker=worker, state="running", at_s=at_s, **said)


def test_nothing_heard_is_nothing_known():
    found = Tally(closed()).standing(NOW, 0)
    assert (found.sent, found.requests_per_s, found.ttft_p50_s, found.left_s) == (0, None, None, None)


def test_line_that_comes_twice_counts_once():
    tally = Tally(closed())
    for at_s in (1.0, 1.25):
        tally.take([status(ended=3, ttft_s=(0.1, 0.2))], at_s)
    assert len(tally._ttft) == 2
    assert tally.ended == 3


def test_workers_are_added_up():
    tally = Tally(closed())
    tally.take([status(0, ended=3, in_flight=4, failed=1, outcomes={"ok": 2, "timeout": 1}),
                status(1, ended=2, in_flight=4, outcomes={"ok": 2})], 1.0)  # fmt: skip
    tally.take([status(0, 2.0, ended=5, in_flight=1, failed=1, outcomes={"ok": 4, "timeout": 1})], 2.0)
    found = tally.standing(NOW, 0)
    assert (found.ended, found.failed, found.in_flight, found.peak_in_flight) == (7, 1, 5, 8)
    assert found.outcomes == {"ok": 6, "timeout": 1}


def test_rates_are_those_of_the_last_seconds():
    tally = Tally(closed(1000))
    for second in range(20):
        tally.take([status(at_s=second, ended=min(second, 10) * 10, tokens_out=second * 100)], float(second))
    found = tally.standing(NOW, 0)
    assert found.requests_per_s == 0.0
    assert found.tokens_per_s == 100.0


def test_times_to_the_first_token_are_forgotten_after_a_while():
    tally = Tally(closed())
    tally.take([status(at_s=1.0, ttft_s=(9.0,))], 1.0)
    tally.take([status(at_s=15.0, ttft_s=(0.1, 0.1, 0.3))], 15.0)
    found = tally.standing(NOW, 0)
    assert (found.ttft_p50_s, found.ttft_p95_s) == (0.1, 0.3)


def test_time_left_is_that_of_the_nearer_limit():

    tally = Tally(closed(shots=100, seconds=100.0))
    tally.take([status(at_s=0.0)], 0.0)
    tally.take([status(at_s=4.0, ended=40)], 4.0)
    found = tally.standing(replace(NOW, at_s=4.0), 0)
    assert (found.share, found.left_s) == (0.4, 6.0)


def test_nothing_is_over_before_the_go():
    tally = Tally(closed(shots=None, seconds=10.0))
    assert tally.standing(replace(NOW, at_s=-0.1), 0).share == 0.0


def test_what_was_done_before_an_interruption_counts_in_the_share():
    tally = Tally(closed(shots=100), done=50)
    tally.take([status(at_s=0.0)], 0.0)
    tally.take([status(at_s=5.0, ended=25)], 5.0)
    assert tally.standing(NOW, 0).share == 0.75


def test_end_and_total_come_from_the_schedule():
    stage = Stage(number=0, name="r", level=Level(rate=1.0), starts_s=0.0, ends_s=10.0, cool_down_s=2.0)
    rates = Schedule(stages=(stage,), open=True, due=array("d", [1.0, 11.0]))
    assert (total_of(rates), end_of(rates)) == (2, 12.0)
    assert (total_of(closed(7)), end_of(closed(7))) == (7, None)
    assert total_of(closed(None, 5.0)) is None
    assert end_of(closed(None, 5.0, apart=True)) is None


def test_stage_of_an_instant_is_the_last_that_has_begun():
    stages = tuple(Stage(number=n, name="", level=Level(users=1), starts_s=10.0 * n) for n in range(3))
    assert [stage_at(stages, at_s) for at_s in (-1.0, 0.0, 9.9, 10.0, 99.0)] == [0, 0, 0, 1, 2]
