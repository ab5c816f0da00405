"""What measuring cost, and how well the client kept up: from the last lines of the workers."""

from ollascope.bench.about import About
from ollascope.bench.plan import Status
from ollascope.bench.result import Client


def client_of(about: About, tokens: int | None) -> Client:
    """`tokens` are all that came in the run, warm-up and all."""
    statuses = about.statuses
    cpu_s = _cpu_s(about)
    lags = [status.lag_p99_s for status in statuses if status.lag_p99_s is not None]
    return Client(
        cpu_s=cpu_s,
        cpu_per_token_us=cpu_s / tokens * 1e6 if cpu_s is not None and tokens else None,
        cpu_share=max((_share(status) for status in statuses), default=None),
        loop_lag_p99_s=max(lags, default=None),
        loop_lag_worst_s=max((status.lag_worst_s for status in statuses), default=None),
        rss_bytes=_rss(statuses),
        coordinator_rss_bytes=about.coordinator_rss_bytes,
        workers=len({status.worker for status in statuses}) or 1,
        wall_step_s=max((about.wall_step_s, *(status.wall_step_s for status in statuses)), key=abs),
    )


def _cpu_s(about: About) -> float | None:
    if not about.statuses:
        return about.coordinator_cpu_s
    return sum(status.cpu_s for status in about.statuses) + (about.coordinator_cpu_s or 0.0)


def _share(status: Status) -> float:
    return status.cpu_s / status.at_s if status.at_s > 0 else 0.0


def _rss(statuses: tuple[Status, ...]) -> int | None:
    """The peaks together; of a worker that was started again with a resumed run the larger one."""
    peaks: dict[int, int] = {}
    for status in statuses:
        peak = status.rss_peak_bytes or status.rss_bytes
        if peak is not None:
            peaks[status.worker] = max(peak, peaks.get(status.worker, 0))
    return sum(peaks.values()) if peaks else None
