"""The bare exchange against nginx: CPU a piece, time added to the first piece, memory at a thousand streams."""

from collections.abc import Callable, Iterator
from functools import partial

from pipe_parts import nginx
from pipe_parts.field import Field, Server
from pipe_parts.gate import Order
from pipe_parts.script import Plan
from pipe_parts.settings import Settings
from pipe_parts.table import Row
from pipe_parts.turns import Run, Runs, best, describe, judge, take_turns

STREAMS = (1, 50, 200, 500, 1000)


def measure(settings: Settings) -> Iterator[Row]:
    """Every number of streams through every door, in turns; the doors stay up all the while."""
    with Field() as field:
        upstream = field.python("upstream")
        doors: dict[str, Server | None] = {"direct": None, "exchange": field.python("middle", str(upstream.port))}
        if nginx.is_here():
            doors["nginx"] = nginx.carry(field, upstream.port)
        else:
            settings.skip("nginx", "it is not installed")
        for streams in STREAMS:
            drives: dict[str, Callable[[], Run]] = {
                name: partial(field.drive, _order((door or upstream).port, streams, settings.quick), door)
                for name, door in doors.items()
            }
            runs = take_turns(settings, drives)
            settings.say(f"  {streams} streams: {len(runs['direct'])} rounds, load {runs['direct'][-1]['load']:.1f}")
            yield from _compare(streams, runs)
        for name, door in doors.items():
            if door:
                most = 45 if name == "exchange" else None
                figure = door.rss_mb("VmHWM")
                yield Row(name=f"memory after 1000 streams, {name}", figure=figure, unit="MB", most=most, note="peak")


def _order(port: int, streams: int, quick: bool) -> Order:
    """Few streams are asked often, so that there is a median; many are asked once, spread over a second."""
    if streams >= 200:
        plan, times, spread = Plan(pieces=100, ttft_ms=100, gap_ms=20), 1, 1.0
    elif streams > 1:
        plan, times, spread = Plan(pieces=20, ttft_ms=100, gap_ms=20), 3 if quick else 6, 0.5
    else:
        plan, times, spread = Plan(pieces=3, ttft_ms=100, gap_ms=20), 10 if quick else 30, 0.0
    return Order(port=port, path=plan.path, streams=streams, times=times, spread_s=spread)


def _compare(streams: int, runs: Runs) -> Iterator[Row]:
    added = {name: _added_ms(runs, name) for name in runs if name != "direct"}
    limit = 2 * max(added["nginx"], 0) + 0.5 if "nginx" in added and streams <= 500 else None
    for name, more_ms in added.items():
        judged = name == "exchange" and limit is not None
        yield Row(
            name=f"added TTFT p50 at {streams}, {name}",
            figure=more_ms,
            unit="ms",
            most=limit if judged else None,
            note="2 x nginx + 0.5 ms" if judged else "",
            more={"runs": [_thin(run) for run in runs[name]], "direct": [_thin(run) for run in runs["direct"]]},
        )
    if streams < 200:
        return
    cost = {name: best(runs[name], _cpu_us) for name in added}
    for name, micros in cost.items():
        yield Row(name=f"CPU a piece at {streams}, {name}", figure=micros, unit="µs", note=describe(runs[name]))
    if "nginx" in cost:
        most = judge(1.3, runs["exchange"], runs["nginx"])
        ratio = cost["exchange"] / cost["nginx"]
        yield Row(name=f"CPU a piece at {streams}, exchange : nginx", figure=ratio, unit="x", most=most)


def _added_ms(runs: Runs, name: str) -> float:
    """What the door adds to the median time to the first piece, best against best.

    The time the server behind let pass on purpose is taken out of each answer by its own account of it (the first piece
    carries it): its millisecond timer would drown the tenths that are looked for. Waiting that a
    door causes is still in.
    """
    return min(_median(run) for run in runs[name]) - min(_median(run) for run in runs["direct"])


def _median(run: Run) -> float:
    times: list[float] = run["way_ms"]
    return times[len(times) // 2]


def _cpu_us(run: Run) -> float:
    return 1e6 * float(run["server_cpu_s"]) / int(run["pieces"])


def _thin(run: Run) -> Run:
    """A run without its long lists."""
    kept = {key: value for key, value in run.items() if not isinstance(value, list)}
    for key in ("ttft_ms", "way_ms"):
        times = run[key]
        kept |= {f"{key}_p50": times[len(times) // 2], f"{key}_p99": times[len(times) * 99 // 100]}
    return kept
