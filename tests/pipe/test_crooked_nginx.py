"""nginx gets the same crooked requests; every difference between its verdict and ours is explained in the table."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipe.crooked_requests import NGINX, ROWS, Crooked
from tests.pipe.drive import TRACER, observe_all, source_of
from tests.pipe.nginx import nginx_path, running_nginx

EXPLAINED = {id: reason for reason, ids in NGINX.items() for id in ids.split()}  # noqa: A001


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one row and the requests that came through."""

    verdict: str
    seen: tuple[object, ...]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judgement]:
    """All rows sent once, many at a time."""
    program = nginx_path()
    return asyncio.run(judge_all(program, tmp_path_factory.mktemp("nginx")))


async def judge_all(program: str, folder: Path) -> dict[str, Judgement]:
    async with running_nginx(program, folder) as (port, seen):
        observed = await observe_all(port, ROWS)
    return {
        row.id: Judgement(observed[row.id].verdict, tuple(one for one in seen[source_of(number)] if one != TRACER))
        for number, row in enumerate(ROWS)
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_nginx_judges_as_we_do_or_the_table_says_why_not(row: Crooked, judged: dict[str, Judgement]) -> None:
    differs = judged[row.id] != Judgement(row.verdict, row.seen)
    if row.id in EXPLAINED:
        assert differs, f"nginx agrees: the reason {EXPLAINED[row.id]!r} is to be removed"
    else:
        assert not differs, f"nginx says {judged[row.id]}, we say {row.verdict!r} {row.seen}, and no reason is given"


def test_every_reason_speaks_of_a_row_once() -> None:
    named = [id for ids in NGINX.values() for id in ids.split()]  # noqa: A001
    assert sorted(named) == sorted(set(named) & {row.id for row in ROWS})


def test_absent_nginx_skips_at_home_and_fails_in_ci() -> None:
    with pytest.raises(pytest.skip.Exception):
        nginx_path({"PATH": "/nowhere"}, places="")
    with pytest.raises(pytest.fail.Exception):
        nginx_path({"PATH": "/nowhere", "CI": "true"}, places="")
