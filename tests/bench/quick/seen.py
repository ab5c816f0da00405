"""Results of `quick` in a few words, for tests of what is concluded from them."""

from ollascope.bench.asked import Asked, Level, Load
from ollascope.bench.result import Delivered, Part, Reading, Result, Server, Tail, Throughput, Use, Window
from tests.bench.shown.made import TARGET

WINDOW = Window(since_s=0.0, until_s=10.0)


def part(users, ttft=0.1, rate=1.0, each=50.0, tokens=None, failed=0, load=None, ok=20):
    """What so many users saw."""
    metrics = {"ttft_s": Tail(n=ok, p50=ttft, p95=ttft * 1.5, max=ttft * 2), "total_s": Tail(n=ok, p50=1.0, max=2.0)}
    if load is not None:
        metrics["load_s"] = Tail(n=ok, p50=load)
    outcomes = {"ok": ok, **({"timeout": failed} if failed else {})}
    return Part(
        name=f"{users} users", users=users, window=WINDOW, metrics=metrics if ok else {},
        delivered=Delivered(requests=ok + failed, ok=ok, failed=failed, peak_inflight=users, outcomes=outcomes),
        throughput=Throughput(requests_per_s=rate if ok else None, output_tokens_per_s=tokens or rate * 50,
                              user_tokens_per_s=each if ok else None),
    )  # fmt: skip


def runs(*parts, use=None, same_host=True, cores=4, **reading):
    """One Result with these stages, and the same reading of the machine all the time."""
    delivered = Delivered(requests=1, ok=1, failed=0, peak_inflight=1)
    readings = tuple(Reading(at_s=float(at), **reading) for at in range(10)) if reading else ()
    return [
        Result(
            run="r", asked=Asked(target=TARGET, load=Load(levels=(Level(users=1),))), started_at=0.0, ended_at=10.0,
            verdict="VALID", delivered=delivered, window=WINDOW, parts=parts, use=use or Use(), readings=readings,
            server=Server(same_host=same_host), machine={"cores": cores},
        )
    ]  # fmt: skip
