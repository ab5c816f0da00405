"""Results as a load tester would make them, by plain constructors: one of a steady run, one of a sweep, odd ones."""

import math
from dataclasses import replace

from ollascope.bench.asked import Asked, Ends, Goals, Lengths, Level, Load, Target, Wording
from ollascope.bench.result import (
    Cache,
    Client,
    Delivered,
    Goodput,
    Part,
    Reading,
    Reason,
    Result,
    Server,
    Slice,
    Tail,
    Throughput,
    Use,
    Window,
)

RUN = "20261121-101530-qwen3-0.6b"
TARGET = Target(url="http://127.0.0.1:11434", model="qwen3:0.6b", engine="ollama")


def tail(middle=0.12, n=480, **changes):
    """A plausible Tail around a median."""
    known = {
        "mean": middle * 1.1, "p50": middle, "p90": middle * 1.6, "p95": middle * 1.9, "p99": middle * 2.6,
        "max": middle * 3.5, "ci95": {"mean": (middle, middle * 1.2), "p50": (middle * 0.95, middle * 1.06),
                                      "p95": (middle * 1.7, middle * 2.2)},
        "more": {"p999": 600},
    }  # fmt: skip
    return Tail(n=n, **{**known, **changes})


def metrics(middle=0.12, n=480):
    """The metrics of an open-loop run."""
    return {
        "ttft_s": tail(middle, n), "ttft_due_s": tail(middle * 1.05, n), "total_s": tail(middle * 9, n),
        "tpot_s": tail(0.008, n), "gap_s": tail(0.0079, n * 64, p999=0.03, more={}),
        "decode_tokens_per_s": tail(110.0, n),
    }  # fmt: skip


def slices(count=60, start=0.12):
    """One a second, with a wave in them."""
    return tuple(
        Slice(
            at_s=number + 0.5, sent=16, ok=15 + number % 2, failed=1 if number == 40 else 0,
            in_flight=12 + 4 * math.sin(number / 6), tokens_per_s=1000 + 60 * math.sin(number / 5),
            ttft_p50_s=start * (1 + 0.2 * math.sin(number / 7)) if number != 30 else None,
            ttft_p95_s=start * (2 + 0.3 * math.sin(number / 7)), total_p50_s=1.1 + 0.1 * math.sin(number / 9),
            total_p95_s=1.7 + 0.2 * math.sin(number / 9),
            gaps=tuple((bucket, 40 - 6 * abs(bucket - 4) + number % 5) for bucket in range(9)),
        )
        for number in range(count)
    )  # fmt: skip


def readings(count=120, cores=2.0):
    """Two a second."""
    return tuple(
        Reading(
            at_s=number / 2, cpu_ratio=0.9 + 0.05 * math.sin(number / 9), server_cpu_ratio=cores * 0.85,
            client_cpu_ratio=0.03, server_rss_bytes=900 * 2**20, client_rss_bytes=48 * 2**20,
            memory_available_bytes=3 * 2**30 - number * 2**20, swap_used_bytes=0, steal_ratio=0.004,
            cpu_hertz=3.2e9 - 1e6 * number, watts=28 + math.sin(number / 4), others_cpu_ratio=0.02,
        )
        for number in range(count)
    )  # fmt: skip


def curve(middle):
    """A distribution, 0 to 100 % by halves."""
    return tuple(middle * (0.6 + 0.4 * place / 100 + 2.5 * (place / 200) ** 8) for place in range(201))


def result(**changes):
    """A steady run of an open loop that went well."""
    known = {
        "run": RUN,
        "asked": Asked(
            target=TARGET, load=Load(levels=(Level(rate=16.0, seconds=60),), arrival="poisson"),
            wording=Wording(tokens_in=Lengths(mean=128), max_tokens=Lengths(mean=64)),
            ends=Ends(seconds=60, warm_up_s=5), goals=Goals(ttft_s=0.5, total_s=2.0),
        ),
        "started_at": 1795255530.0, "ended_at": 1795255595.0, "verdict": "VALID",
        "delivered": Delivered(
            requests=880, ok=876, failed=4, peak_inflight=31, rate_rps=16.02, warm_up=80, mean_inflight=14.2,
            outcomes={"ok": 876, "engine-busy": 3, "timeout": 1}, late_p99_s=0.0004, arrival_cv=1.01, arrival_p=0.4,
        ),
        "window": Window(since_s=5.0, until_s=60.0, steady_since_s=5.4),
        "reasons": (
            Reason(code="other-programs", weight="note", text="Other programs took 3 % of the CPU.",
                   hint="Close what is not needed."),
        ),
        "metrics": metrics(), "throughput": Throughput(
            requests_per_s=15.9, output_tokens_per_s=1019.0, input_tokens_per_s=2040.0, user_tokens_per_s=110.0),
        "goodput": Goodput(good=860, bad=16, undetermined=4, ratio=0.98, ci95=(0.97, 0.99), per_s=15.6),
        "cache": Cache(prompt_tokens=112_640, cached_tokens=9_000),
        "client": Client(cpu_s=0.31, cpu_per_token_us=5.5, cpu_share=0.006, loop_lag_p99_s=0.0003,
                         loop_lag_worst_s=0.004, rss_bytes=42 * 2**20),
        "server": Server(engine="ollama", version="0.32.15", model="qwen3:0.6b", same_host=True, pids=(4242,)),
        "use": Use(server_cpu_s=101.0, server_rss_peak_bytes=900 * 2**20, cpu_ratio_mean=0.91, steal_ratio_max=0.01,
                   cpu_hertz_min=3.0e9, cpu_hertz_max=3.2e9, joules=1700.0, joules_per_token=0.03, throttled=False),
        "slices": slices(), "readings": readings(),
        "cdf": {"ttft_s": curve(0.12), "ttft_due_s": curve(0.126), "total_s": curve(1.1)},
        "prompts": (("prompts", "256 texts in English"), ("tokens", "128 each, calibrated")),
        "versions": {"ollascope": "0.1.0", "python": "3.11.7"},
        "machine": {"system": "Linux", "cores": 2, "memory_bytes": 4 * 2**30},
    }  # fmt: skip
    return Result(**{**known, **changes})


def part(users, middle, rate, speed, since=0.0):
    """One stage of a sweep."""
    return Part(
        name=f"{users} users" if users > 1 else "1 user", users=users,
        window=Window(since_s=since, until_s=since + 10.0),
        delivered=Delivered(requests=40, ok=40, failed=0, peak_inflight=users, outcomes={"ok": 40}),
        metrics={"ttft_s": tail(middle, 40, p99=None, more={"p99": 60}), "total_s": tail(middle * 9, 40)},
        throughput=Throughput(requests_per_s=rate, output_tokens_per_s=rate * 64, user_tokens_per_s=speed),
    )  # fmt: skip


def sweep(**changes):
    """A sweep over users, whose server answers four at once."""
    parts = tuple(
        part(users, 0.1 * max(1, users / 4), min(users, 4) * 1.6, 110.0 / max(1.0, users / 8), 15.0 * place)
        for place, users in enumerate((1, 2, 4, 8))
    )
    levels = tuple(Level(users=one.users, seconds=10) for one in parts)
    asked = Asked(target=TARGET, load=Load(levels=levels, apart=True), ends=Ends())
    return result(asked=asked, parts=parts, goodput=None, run="20261121-110000-sweep", **changes)


def bad(**changes):
    """A run that nobody should rely on: the client was too slow, and half of the requests failed."""
    failing = tail(0.4, 50, failed=50, p95=None, p99=None, max=None, endless=("p95", "p99", "max"), more={}, ci95={})
    known = {
        "run": "20261121-113000-bad", "verdict": "INVALID", "partial": True, "demo": True, "goodput": None,
        "reasons": (
            Reason(code="too-few-requests", weight="limited", text="50 requests are too few for p99."),
            Reason(code="under-delivered", weight="invalid",
                   text="Of 20 requests/s that were asked for only 5.1 were sent.",
                   hint="Ask for fewer, or raise --most-at-once."),
        ),
        "metrics": {"ttft_s": failing, "total_s": failing},
        "delivered": Delivered(requests=100, ok=50, failed=50, peak_inflight=4, outcomes={"ok": 50, "timeout": 50}),
        "cdf": {"ttft_s": curve(0.4)[:100], "total_s": curve(3.0)[:100]},
    }  # fmt: skip
    return result(**{**known, **changes})


def bare(**changes):
    """A run in which nothing was measured."""
    window = Window(since_s=0.0, until_s=0.0)
    delivered = Delivered(requests=0, ok=0, failed=0, peak_inflight=0)
    asked = Asked(target=TARGET, load=Load(levels=(Level(users=1),)))
    known = Result(run="20261121-120000-bare", asked=asked, started_at=0.0, ended_at=0.0, verdict="INVALID",
                   delivered=delivered, window=window)  # fmt: skip
    return replace(known, **changes)
