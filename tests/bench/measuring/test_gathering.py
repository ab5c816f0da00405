"""Reading the folder of a run, whatever state it is in."""

import random
from array import array
from dataclasses import replace

import pytest

from ollascope.bench import folder as names
from ollascope.bench.measuring import gather, reckon
from ollascope.bench.plan import Status
from ollascope.ledger.codec import encode
from ollascope.words.errors import FolderUnusable, RecordInvalid
from ollascope.words.sample import Sample
from tests.bench.measuring.folders import GO, about_of, asked_users, call, closed, codes, result_of, write


def test_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(FolderUnusable, match=r"asked\.json"):
        gather(tmp_path)


def test_file_of_what_was_asked_that_is_damaged_is_told(tmp_path):
    write(tmp_path, [], asked_users(1))
    (tmp_path / names.ASKED).write_text("{")
    with pytest.raises(RecordInvalid):
        gather(tmp_path)


def test_run_without_a_single_call_has_a_result(tmp_path):
    result = result_of(tmp_path, [], asked_users(1))
    assert (result.verdict, result.delivered.requests, dict(result.metrics)) == ("INVALID", 0, {})
    assert "nothing-counted" in codes(result)


def test_run_that_was_killed_before_it_told_of_itself_is_partial(tmp_path):
    write(tmp_path, closed(2, 20), asked_users(2))
    (tmp_path / names.ABOUT).unlink()
    result = reckon(gather(tmp_path))
    assert (result.partial, result.window.cut_by, result.delivered.ok) == (True, "killed", 20)
    assert "interrupted" in codes(result)


def test_half_a_last_line_is_counted_and_does_no_harm(tmp_path):
    write(tmp_path, closed(1, 10), asked_users(1), file="calls-0.jsonl")
    with (tmp_path / "calls-0.jsonl").open("ab") as file:
        file.write(encode(call(10, 9.0))[:40])
    gathered = gather(tmp_path)
    assert (gathered.torn, len(gathered.sheet)) == (1, 10)
    assert "unreadable-lines" in codes(reckon(gathered))


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"id":"a"}', b'{"at_s":"x","outcome":"ok"}',
                                  b'{"at_s":1,"outcome":"ok","end_s":"long"}', b'{"at_s":1,"outcome":"ok","gaps":[1]}',
                                  b'{"at_s":1,"outcome":"ok","gaps":[["a",1]]}', b'{"at_s":1,"outcome":"ok","flags":1}',
                                  b'{"at_s":1e999,"outcome":"ok"}', b'{"at_s":1,"outcome":5,"stage":"x"}',
                                  b'{"at_s":1,"outcome":"ok","shot":9999999999999}',
                                  b'{"at_s":1,"outcome":"ok","gaps":[[99999999,1]]}',
                                  b'{"at_s":1,"outcome":"ok","gaps":[[900,1.5]]}',
                                  b'{"at_s":1,"outcome":"ok","phase":[1]}'])  # fmt: skip
def test_line_that_is_no_call_is_counted_and_does_no_harm(tmp_path, line):
    write(tmp_path, closed(1, 5), asked_users(1))
    with (tmp_path / names.CALLS).open("ab") as file:
        file.write(line + b"\n")
    gathered = gather(tmp_path)
    assert (gathered.invalid, len(gathered.sheet)) == (1, 5)
    assert reckon(gathered).delivered.requests == 5


def test_calls_of_all_workers_count(tmp_path):
    calls = closed(4, 40)
    write(tmp_path, calls[::2], asked_users(4), about_of(calls), file="calls-0.jsonl")
    write(tmp_path, calls[1::2], asked_users(4), about_of(calls), file="calls-1.jsonl")
    assert reckon(gather(tmp_path)).delivered.requests == 40


def test_of_a_shot_that_was_asked_again_the_last_answer_counts(tmp_path):
    calls = [call(0, 0.0), call(1, 1.0, outcome="cancelled"), call(2, 2.0), call(2, 3.0), call(1, 4.0, tokens=5)]
    gathered = gather(write(tmp_path, calls, asked_users(1), about_of(calls, resumed=1)))
    assert (gathered.repeated, sorted(gathered.sheet.at)) == (2, [0.0, 3.0, 4.0])


def test_what_was_given_up_later_does_not_replace_an_answer(tmp_path):
    calls = [call(0, 0.0), call(0, 5.0, outcome="cancelled")]
    gathered = gather(write(tmp_path, calls, asked_users(1), about_of(calls, resumed=1)))
    assert list(gathered.sheet.at) == [0.0]


def test_whole_file_and_those_it_was_made_from_are_not_counted_twice(tmp_path):
    calls = closed(2, 20)
    write(tmp_path, calls, asked_users(2))
    write(tmp_path, calls, asked_users(2), file="calls-0.jsonl")
    assert reckon(gather(tmp_path)).delivered.requests == 20


def test_calls_that_the_disk_did_not_take_are_in_the_result(tmp_path):
    calls = closed(1, 10)
    lost = tuple(encode(one).decode().strip() for one in calls[6:])
    about = about_of(calls, statuses=(Status(worker=0, state="done", at_s=3.0, lost_calls=lost),))
    gathered = gather(write(tmp_path, calls[:6], asked_users(1), about))
    results = [reckon(gathered), reckon(gathered)]
    assert [result.delivered.requests for result in results] == [10, 10]
    assert "calls-lost" in codes(results[0])


def test_beyond_the_most_rows_counts_and_sums_stay_exact_and_percentiles_within_two_per_cent(tmp_path):
    source = random.Random(1)
    calls = closed(8, 4000, ttft=lambda _: source.lognormvariate(-2, 0.5))
    write(tmp_path, calls, asked_users(8))
    whole, thinned = reckon(gather(tmp_path)), reckon(gather(tmp_path, most_rows=1000))
    assert (thinned.delivered.requests, thinned.delivered.ok) == (4000, 4000)
    assert thinned.cache == whole.cache
    for name in ("ttft_s", "total_s", "tpot_s", "gap_s"):
        exact, rough = whole.metrics[name], thinned.metrics[name]
        assert (rough.n, rough.exact) == (exact.n, False)
        for place in ("p50", "p95", "p99", "p999"):
            of_exact, of_rough = (getattr(tail, place) for tail in (exact, rough))
            assert of_rough == pytest.approx(of_exact, rel=0.02)
    for name in ("requests_per_s", "output_tokens_per_s"):
        assert getattr(thinned.throughput, name) == pytest.approx(getattr(whole.throughput, name), rel=0.02)
    assert thinned.delivered.mean_inflight == pytest.approx(8, rel=0.05)


def test_failures_beyond_the_most_rows_are_endless_all_the_same(tmp_path):
    calls = [call(n, n * 0.1, outcome="timeout" if n % 10 == 0 else "ok") for n in range(3000)]
    tail = reckon(gather(write(tmp_path, calls, asked_users(1)), most_rows=500)).metrics["total_s"]
    assert (tail.n, tail.failed, tail.p95, tail.endless) == (2700, 300, None, ("p95", "p99", "p999", "max"))


def test_damaged_samples_are_passed_over(tmp_path):
    samples = [Sample(at=GO + second, cpu_ratio=0.5) for second in range(3)]
    write(tmp_path, closed(1, 5), asked_users(1), samples=samples)
    with (tmp_path / names.SAMPLES).open("ab") as file:
        file.write(b"nonsense\n{")
    assert len(gather(tmp_path).samples) == 3


def test_gaps_one_by_one_make_an_exact_tail(tmp_path):
    calls = [call(n, n * 0.5, tokens=6) for n in range(20)]
    result = result_of(tmp_path, calls, asked_users(1), gaps=([0.01 * (n % 10 + 1) for n in range(100)],))
    tail = result.metrics["gap_s"]
    assert (tail.exact, tail.n) == (True, 100)
    assert tail.p50 == pytest.approx(0.05, rel=1e-6)
    assert tail.max == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("kept", [99, 101])
def test_gaps_that_are_not_all_there_are_told_from_sketches(tmp_path, kept):
    calls = [call(n, n * 0.5, tokens=6, gap=0.02) for n in range(20)]
    tail = result_of(tmp_path, calls, asked_users(1), gaps=([0.5] * kept,)).metrics["gap_s"]
    assert (tail.exact, tail.n) == (False, 100)
    assert tail.p99 == pytest.approx(0.02, rel=0.01)


def test_gaps_of_several_workers_are_one_tail(tmp_path):
    calls = [call(n, n * 0.5, tokens=6) for n in range(20)]
    tail = result_of(tmp_path, calls, asked_users(1), gaps=([0.01] * 40, [0.03] * 60)).metrics["gap_s"]
    assert (tail.exact, tail.n, tail.mean) == (True, 100, pytest.approx(0.022, rel=1e-5))


def test_gaps_of_the_warm_up_do_not_count(tmp_path):
    calls = [call(n, n * 0.5, tokens=6, phase="warm-up" if n < 10 else None, gap=9.0 if n < 10 else 0.02)
             for n in range(20)]  # fmt: skip
    tail = result_of(tmp_path, calls, asked_users(1), gaps=([0.02] * 50,)).metrics["gap_s"]
    assert (tail.exact, tail.n, tail.max) == (True, 50, pytest.approx(0.02))


def test_half_a_number_at_the_end_of_the_gaps_does_no_harm(tmp_path):
    write(tmp_path, [call(0, 0.0, tokens=3)], asked_users(1))
    (tmp_path / "gaps-0.f32").write_bytes(array("f", [0.02, 0.02]).tobytes() + b"\x00\x01")
    assert reckon(gather(tmp_path)).metrics["gap_s"].exact


def test_about_that_is_older_than_the_last_calls_does_not_shorten_the_run(tmp_path):
    calls = closed(1, 50)
    about = replace(about_of(calls), until_s=3.0, ended_at=None, partial=True, cut_by="killed")
    result = result_of(tmp_path, calls, asked_users(1), about)
    assert result.ended_at == pytest.approx(GO + calls[-1].extra["at_s"] + calls[-1].end_s)
