"""MLPerf's load generator as an independent judge of percentiles and of how many requests they need."""

import re
import subprocess
import sys
from bisect import bisect_left, bisect_right

import pytest

from ollascope.bench.measuring.series import Series
from ollascope.bench.measuring.tails import tail
from ollascope.stats.enough import fewest

pytest.importorskip("mlperf_loadgen", reason="mlcommons-loadgen is not installed")

CONFIDENCE = 0.99  # LoadGen's own
PROGRAM = """
import sys, time
import mlperf_loadgen as loadgen

folder, scenario, count, slow, share = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
asked = [0]

def issue(samples):
    for sample in samples:
        asked[0] += 1
        time.sleep(0.02 if asked[0] <= slow else 0.0001)
        loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(sample.id, 0, 0)])

sut = loadgen.ConstructSUT(issue, lambda: None)
qsl = loadgen.ConstructQSL(64, 64, lambda _: None, lambda _: None)
settings = loadgen.TestSettings()
settings.mode = loadgen.TestMode.PerformanceOnly
settings.min_duration_ms = 0
settings.min_query_count = settings.max_query_count = count
if scenario == "single":
    settings.scenario = loadgen.TestScenario.SingleStream
    settings.single_stream_target_latency_percentile = share
else:
    settings.scenario = loadgen.TestScenario.Server
    settings.server_target_qps = 1000
    settings.server_target_latency_ns = 10_000_000_000
    settings.server_target_latency_percentile = share
output = loadgen.LogOutputSettings()
output.outdir = folder
log = loadgen.LogSettings()
log.log_output = output
log.enable_trace = True
loadgen.StartTestWithLogSettings(sut, qsl, settings, log)
loadgen.DestroyQSL(qsl)
loadgen.DestroySUT(sut)
"""


def told(folder, scenario, count, *, slow=0, share=0.99):
    """What LoadGen says of a run of so many requests, and the latencies that it measured, in nanoseconds."""
    subprocess.run([sys.executable, "-c", PROGRAM, folder, scenario, str(count), str(slow), str(share)],
                   check=True, timeout=50, capture_output=True)  # fmt: skip
    summary = (folder / "mlperf_log_summary.txt").read_text()
    trace = (folder / "mlperf_log_trace.json").read_text()  # not quite JSON
    found = re.findall(r'"issue_start_ns":(\d+),"complete_ns":(\d+)', trace)
    latencies = [int(completed) - int(issued) for issued, completed in found]
    return summary, latencies


@pytest.mark.parametrize("count", [101, 700])
def test_percentiles_are_loadgens(tmp_path, count):
    summary, latencies = told(tmp_path, "single", count, slow=count // 20)
    found, ordered = tail(Series(values=[float(latency) for latency in latencies])), sorted(latencies)
    assert len(latencies) == count
    for name, said in (("p50", "50.00"), ("p90", "90.00"), ("p95", "95.00"), ("p99", "99.00")):
        theirs = int(re.search(rf"^{said} percentile latency \(ns\) +: (\d+)", summary, re.MULTILINE)[1])
        place = bisect_left(ordered, getattr(found, name))
        behind = bisect_right(
            ordered, getattr(found, name)
        )  # LoadGen's, where the share of the count is a whole number
        assert theirs in ordered[place : behind + 1]
    mean = int(re.search(r"^Mean latency \(ns\) +: (\d+)", summary, re.MULTILINE)[1])
    assert found.mean == pytest.approx(mean, abs=1)
    assert found.max == int(re.search(r"^Max latency \(ns\) +: (\d+)", summary, re.MULTILINE)[1])


@pytest.mark.parametrize(("count", "share"), [(20, 0.99), (300, 0.99), (10, 0.9)])
def test_how_many_more_requests_are_needed_is_loadgens(tmp_path, count, share):
    summary, _ = told(tmp_path, "server", count, share=share)
    more = int(re.search(r"at least (\d+) more queries", summary)[1])
    assert fewest(share, 1 - CONFIDENCE) - count == more


@pytest.mark.parametrize(("count", "share"), [(20, 0.99), (30, 0.9), (50, 0.95)])
def test_how_many_requests_an_estimate_needs_is_loadgens(tmp_path, count, share):
    summary, _ = told(tmp_path, "single", count, share=share)
    needed = int(re.search(r"Need to process at least (\d+) queries", summary)[1])
    assert fewest(share, 1 - CONFIDENCE, over=1) == needed
