"""How many processes send."""

import pytest

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.running.workers import how_many


def asked(*levels, workers=None, api="ollama"):
    return Asked(target=Target(url="", model="m", api=api), load=Load(levels=levels), workers=workers)


@pytest.mark.parametrize(
    ("levels", "count"),
    [((Level(users=1),), 1), ((Level(users=2000),), 1), ((Level(users=2001),), 2), ((Level(rate=5.0),), 1),
     ((Level(rate=10.0, until_rate=4000.0),), 3), ((Level(users=1), Level(users=9000)), 5), ((), 1)],
)  # fmt: skip
def test_one_unless_the_load_needs_more(levels, count):
    assert how_many(asked(*levels), cores=16) == count


def test_no_more_than_cores_unless_asked_for():
    assert how_many(asked(Level(users=50_000)), cores=2) == 2
    assert how_many(asked(Level(users=1), workers=4), cores=2) == 4


def test_engine_inside_has_one():
    assert how_many(asked(Level(users=50_000), api="inside"), cores=8) == 1
