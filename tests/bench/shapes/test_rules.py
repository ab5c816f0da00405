"""What cannot be asked of a load is refused before anything starts."""

from dataclasses import replace
from math import inf, nan

import pytest

from ollascope.bench.asked import Ends, Level, Load, Wording
from ollascope.bench.shapes import make_schedule
from ollascope.words.errors import BadUsage
from tests.bench.shapes.loads import TARGET, Asked, rate, steps, users

SENSELESS = {
    "nobody": users(0),
    "less than nobody": users(-3),
    "a million users": users(1_000_000),
    "a rate of nothing": rate(0),
    "a rate below nothing": rate(-1),
    "a rate that is no number": rate(nan),
    "an endless rate": rate(inf),
    "a ramp down to nothing": rate(5, until=0),
    "a rate that no machine can send": rate(1e9),
    "a thousand million shots": rate(1000, ends=Ends(seconds=1_000_000)),
    "a thousand million requests": rate(10, ends=Ends(requests=10**9)),
    "a thousand million requests of users": users(8, ends=Ends(requests=10**9)),
    "no requests": users(8, ends=Ends(requests=0)),
    "negative seconds": users(8, ends=Ends(seconds=-1)),
    "no seconds": users(8, ends=Ends(seconds=0)),
    "seconds that are no number": rate(5, ends=Ends(seconds=nan)),
    "endless seconds": rate(5, ends=Ends(seconds=inf)),
    "a negative warm-up": rate(5, ends=Ends(warm_up_s=-1)),
    "a negative cool-down": rate(5, ends=Ends(cool_down_s=-1)),
    "a warm-up of no length": rate(5, ends=Ends(warm_up_s=5e-324)),
    "a cool-down of no length": rate(5, ends=Ends(cool_down_s=1e-9)),
    "two warm-ups": rate(5, ends=Ends(warm_up_s=1, warm_up_requests=5)),
    "no burstiness": rate(5, "gamma", burstiness=0),
    "negative burstiness": rate(5, "gamma", burstiness=-1),
    "endless burstiness": rate(5, "gamma", burstiness=inf),
    "burstiness of Poisson": rate(5, "poisson", burstiness=2),
    "negative thinking": users(8, think_s=-1),
    "thinking at a rate": rate(5, think_s=1),
    "nobody at once": rate(5, most_at_once=0),
    "users bounded twice": users(5, most_at_once=3),
    "users that arrive": users(5, arrival="poisson"),
    "a rate in a closed loop": rate(5, "closed"),
    "no load": Asked(target=TARGET, load=Load(levels=())),
    "users and a rate": Asked(target=TARGET, load=Load(levels=(Level(users=1, rate=1),))),
    "users that ramp": Asked(target=TARGET, load=Load(levels=(Level(users=1, until_rate=5),))),
    "a trace without a file": Asked(target=TARGET, load=Load(levels=(), arrival="trace")),
    "a trace and users": Asked(target=TARGET, load=Load(levels=(Level(users=1),), arrival="trace", trace="x")),
    "a trace and an arrival": Asked(target=TARGET, load=Load(levels=(Level(rate=1),), arrival="poisson", trace="x")),
    "conversations at a rate": replace(rate(5), wording=Wording(turns=3)),
    "steps longer than the run": steps("10/s:30s,20/s:30s", ends=Ends(seconds=45)),
    "steps that leave nothing": steps("10/s:30s,20/s", ends=Ends(seconds=30)),
    "fewer requests than steps": steps("10/s,20/s,30/s", ends=Ends(requests=2)),
    "requests for steps with lengths": steps("10/s:30s,20/s:30s", ends=Ends(requests=50)),
    "steps of users by number": steps("4:100,8:100", "closed"),
}
SENSELESS["too many levels"] = Asked(target=TARGET, load=Load(levels=(Level(users=1),) * 2_000, apart=True))
SENSELESS["requests after a warm-up by time"] = users(8, ends=Ends(requests=50, warm_up_s=5))


@pytest.mark.parametrize("what", SENSELESS)
def test_senseless_load_is_refused_with_a_hint(what):
    with pytest.raises(BadUsage) as caught:
        make_schedule(SENSELESS[what], 8)
    assert len(caught.value.hint) > 10
    assert caught.value.message


def test_run_without_prompts_is_refused():
    with pytest.raises(BadUsage, match="no prompt"):
        make_schedule(users(1), 0)
