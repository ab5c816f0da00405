"""The fake in this process: exact times by a clock that is an argument, its queue shared by threads."""

import threading
from itertools import pairwise

import pytest

from ollascope.apis.models import Order
from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.fake.settings import Loading, Queueing
from ollascope.words.errors import Cancelled, EngineBusy, ModelMissing
from tests.contracts.subject import BOUND_S, Reading, chat, until

SECOND = 1_000_000_000


class Time:
    """A clock that sleeping moves."""

    def __init__(self):
        self.now = 0

    def engine(self, settings):
        return FakeEngine(FakeSource(settings, clock=lambda: self.now), sleep=self.sleep)

    def sleep(self, _woken, seconds):
        self.now += round(seconds * SECOND)


def test_pieces_come_exactly_when_they_are_due():
    time = Time()
    engine = time.engine(Fake(ttft_s=0.5, gap_s=0.25, prefill_s=0.01, loading=Loading(load_s=2)))
    at = []
    for chunk in engine.stream(chat("hi", max_tokens=3)):
        at.append(time.now / SECOND)
        last = chunk
    begun = 2 + 0.01 * last.tokens_in + 0.5
    assert at == pytest.approx([begun, begun + 0.25, begun + 0.5, begun + 0.5])
    assert (last.load_s, last.prefill_s) == pytest.approx((2, 0.01 * last.tokens_in + 0.5))


def test_piece_that_is_asked_for_late_comes_at_once_and_does_not_shift_the_others():
    time = Time()
    stream = time.engine(Fake(ttft_s=0, gap_s=1)).stream(chat())
    next(stream)
    time.now += 5 * SECOND
    next(stream)
    next(stream)
    assert time.now == 5 * SECOND


def test_stall_is_kept():
    time = Time()
    list(time.engine(Fake(ttft_s=0, gap_s=0)).stream(chat("<|fail:stall|>")))
    assert time.now == 30 * SECOND


def test_one_slot_serves_one_after_another():
    engine = FakeEngine(FakeSource(Fake(ttft_s=0, gap_s=0.005, queue=Queueing(slots=1))))
    readings = [Reading(engine.stream(chat())) for _ in range(5)]
    assert all(one.ended() for one in readings)
    spans = sorted((truth.first, truth.ended) for truth in engine.source.memory)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert {truth.outcome for truth in engine.source.memory} == {"ok"}


def test_full_queue_refuses():
    engine = FakeEngine(FakeSource(Fake(ttft_s=30, queue=Queueing(slots=1, depth=1))))
    streams = [engine.stream(chat()) for _ in range(2)]
    readings = [Reading(stream) for stream in streams]
    assert until(lambda: len(engine.source.memory) == 2)
    with pytest.raises(EngineBusy):
        until(lambda: next(engine.stream(chat())) is None)
    engine.close()
    assert all(one.ended() and isinstance(one.error, Cancelled) for one in readings)


def test_slot_of_whoever_leaves_goes_to_the_next():
    """Whatever the order in which they leave, no slot is lost."""
    engine = FakeEngine(FakeSource(Fake(ttft_s=0, gap_s=0.001, queue=Queueing(slots=2))))
    for number in range(40):
        stream = engine.stream(chat("<|loop|>"))
        reading = Reading(stream)
        if number % 2:
            assert reading.first.wait(BOUND_S)
        stream.close()
        assert reading.ended()
    with engine.stream(chat()) as stream:
        assert list(stream)[-1].done


def test_two_who_wait_for_one_slot_and_leave_at_once_lose_none():
    for _ in range(20):
        engine = FakeEngine(FakeSource(Fake(ttft_s=0, gap_s=0, queue=Queueing(slots=1))))
        first = engine.stream(chat("<|loop|>"))
        next(first)
        waiting = [engine.stream(chat()) for _ in range(2)]
        readings = [Reading(stream) for stream in waiting]
        assert until(lambda engine=engine: len(engine.source.memory) == 3)
        closing = [threading.Thread(target=one.close) for one in (first, waiting[0])]
        for thread in closing:
            thread.start()
        assert all(one.ended() for one in readings)
        assert readings[1].chunks[-1].done
        for thread in closing:
            thread.join()


def test_orders_change_the_models():
    engine = FakeEngine(FakeSource(Fake()))
    assert [step.status for step in engine.pull(Order(model="fresh"))][-1] == "success"
    assert "fresh:latest" in {model.name for model in engine.models()}
    steps = [*engine.create(Order(model="made", extra={"from": "fresh"}))]
    assert steps[-1].success
    engine.delete("made")
    with pytest.raises(ModelMissing):
        engine.show("made")


def test_abilities_of_a_model_are_told():
    engine = FakeEngine(FakeSource(Fake()))
    assert engine.capabilities("vectors").operations == {"embed"}
    assert engine.capabilities("plain").tools is False
    assert engine.capabilities("scripted").thinking is True
    assert engine.health().state == "ok"
