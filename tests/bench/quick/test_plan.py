"""What `quick` asks for: a model that is there, short runs, and never a minute of them."""

import pytest

from ollascope.bench.quick.plan import Aim, aim_at, longest_s, quick_asks, tokens_for, warm_up_ask
from ollascope.bench.result import Delivered, Throughput
from ollascope.engines.fake.engine import FakeEngine
from ollascope.words.errors import ModelMissing
from ollascope.words.record import dumps, loads
from tests.bench.shown.made import TARGET, bare, result

AIM = Aim(target=TARGET, why="it is in memory")


def warm(speed=None, ok=1):
    delivered = Delivered(requests=1, ok=ok, failed=1 - ok, peak_inflight=1)
    return result(throughput=Throughput(user_tokens_per_s=speed), delivered=delivered)


def asks(speed=50.0):
    return [warm_up_ask(AIM), *quick_asks(AIM, warm(speed))]


class Empty(FakeEngine):
    """A server without a model."""

    def models(self):
        return ()


def test_engine_without_a_model_is_told():
    with pytest.raises(ModelMissing):
        aim_at(Empty())


def test_model_that_is_there_is_picked_with_a_reason():
    aim = aim_at(FakeEngine())
    assert aim.target.model in {model.name for model in FakeEngine().models()}
    assert aim.why
    assert (aim.target.api, aim.target.engine) == ("inside", "fake")


def test_model_that_is_named_is_taken_without_asking():
    assert aim_at(FakeEngine(), "mine").target.model == "mine"


def test_all_of_it_is_bounded_below_a_minute():
    assert longest_s() < 60
    bounds = [(asked.ends.seconds, asked.ends.grace_s) for asked in asks()]
    assert all(seconds and grace <= 1 for seconds, grace in bounds)
    assert sum(seconds + grace for seconds, grace in bounds) == longest_s()
    for asked in asks():
        assert sum(level.seconds for level in asked.load.levels) == asked.ends.seconds


def test_first_one_question_then_one_user_then_several():
    first, alone, together = asks()
    assert (first.ends.requests, [level.users for level in first.load.levels]) == (1, [1])
    assert [level.users for level in alone.load.levels] == [1]
    assert [level.users for level in together.load.levels] == [2, 4, 8]


@pytest.mark.parametrize(("speed", "ok", "tokens"), [
    (None, 1, 64), (None, 0, 8), (500.0, 1, 64), (10.0, 1, 40), (0.5, 1, 8),
])  # fmt: skip
def test_slow_model_is_asked_for_short_answers(speed, ok, tokens):
    assert tokens_for(warm(speed, ok)) == tokens
    assert quick_asks(AIM, warm(speed, ok))[0].wording.max_tokens.mean == tokens


def test_warm_up_that_measured_nothing_leads_to_the_shortest_answers():
    assert tokens_for(bare()) == 8


def test_language_of_the_page_is_that_of_the_prompts():
    assert warm_up_ask(AIM, "zh").wording.tongue == "zh"
    assert {asked.wording.tongue for asked in quick_asks(AIM, warm(9.0), "zh")} == {"zh"}


def test_what_is_asked_can_be_kept():
    for asked in asks():
        assert loads(type(asked), dumps(asked)) == asked
