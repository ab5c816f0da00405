"""Every crooked request meets our server and our exchange, on uvloop and on plain asyncio, and gets its verdict."""

from dataclasses import dataclass
from itertools import product

import pytest

from tests.pipe.crooked_requests import ROWS, Crooked, Seen
from tests.pipe.drive import TRACER, Observed, echo, observe_all, source_of
from tests.pipe.far_ends import LOOPS, plain_server, relaying_server, run_watched

FAR_ENDS = {"server": plain_server, "exchange": relaying_server}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the senders saw and what came through to the far end."""

    observed: dict[str, Observed]
    seen: dict[str, list[Seen]]


@pytest.fixture(scope="module", params=list(product(FAR_ENDS, LOOPS)), ids="-".join)
def judged(request: pytest.FixtureRequest) -> Judged:
    """All rows sent once, many at a time."""
    far_end, loop = request.param
    return run_watched(loop, judge_all(far_end))


async def judge_all(far_end: str) -> Judged:
    async with FAR_ENDS[far_end]() as (port, seen):
        observed = await observe_all(port, ROWS)
    return Judged(
        observed, {row.id: [one for one in seen[source_of(n)] if one != TRACER] for n, row in enumerate(ROWS)}
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_crooked_request_gets_its_verdict(row: Crooked, judged: Judged) -> None:
    assert judged.observed[row.id].verdict == row.verdict, row.why
    assert tuple(judged.seen[row.id]) == row.seen, row.why
    # Each answer says which request it answers.
    expected = [b"" if seen[0] == "HEAD" else echo(seen) for seen in row.seen]
    assert judged.observed[row.id].bodies[: len(expected)] == expected, row.why


def test_table_is_large_and_its_rows_have_names_of_their_own() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS) >= 300
