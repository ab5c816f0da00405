"""Notices on their way: retried, bounded, never in the way."""

import threading
import time

import pytest

from ollascope.monitor.alerts.rules import Channel
from ollascope.monitor.alerts.sending import ATTEMPTS, WAITING, Sending
from ollascope.words.errors import ConnectFailed, RequestRefused
from tests.monitor.alerts.ends import NOTICE, channel, web


def until(holds, patience_s=5.0):
    deadline = time.monotonic() + patience_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert holds()


def failing(times, error=ConnectFailed):
    tries = []

    def deliver(notice, to):
        tries.append(notice.id)
        if len(tries) <= times:
            raise error("no", hint="wait")

    return deliver, tries


def test_nothing_to_send_starts_no_thread():
    before = threading.active_count()
    sending = Sending([channel()])
    assert sending.close()
    assert threading.active_count() == before


def test_failed_notice_is_sent_again_until_it_arrives():
    with web() as server:
        server.statuses = [500, 503, 429]
        sending = Sending([channel(url=server.url)], first_wait_s=0.001)
        sending.send(NOTICE)
        until(lambda: sending.tried()["c"].sent == 1)
        assert len(server.came) == 4
        assert sending.close(5.0)


def test_refused_notice_is_not_sent_again():
    deliver, tries = failing(99, RequestRefused)
    sending = Sending([channel()], by=deliver, first_wait_s=0.001)
    sending.send(NOTICE)
    until(lambda: sending.tried()["c"].failed == 1)
    assert (len(tries), sending.tried()["c"].trouble) == (1, "no")
    sending.close(5.0)


def test_notice_is_given_up_after_some_attempts():
    deliver, tries = failing(99)
    sending = Sending([channel()], by=deliver, first_wait_s=0.0001)
    sending.send(NOTICE)
    until(lambda: sending.tried()["c"].failed == 1)
    assert len(tries) == ATTEMPTS
    sending.close(5.0)


def test_channel_that_hangs_holds_up_neither_us_nor_the_others():
    with web() as stuck, web() as well:
        stuck.hang = threading.Event()
        sending = Sending([Channel(name="stuck", kind="webhook", url=stuck.url),
                           Channel(name="well", kind="webhook", url=well.url)])  # fmt: skip
        begun = time.monotonic()
        for _ in range(WAITING * 3):
            sending.send(NOTICE)
        assert time.monotonic() - begun < 1.0
        until(lambda: sending.tried()["well"].waiting == 0)
        found = sending.tried()
        assert found["stuck"].sent == 0
        assert found["stuck"].waiting <= WAITING + 1
        assert found["stuck"].dropped >= WAITING
        assert found["well"].sent + found["well"].dropped == WAITING * 3
        stuck.hang.set()
        assert not sending.close(0.0)


def test_bug_in_a_channel_ends_nothing():
    tries = []

    def deliver(notice, to):
        tries.append(1)
        if len(tries) == 1:
            raise ZeroDivisionError

    sending = Sending([channel()], by=deliver)
    sending.send(NOTICE)
    sending.send(NOTICE)
    until(lambda: sending.tried()["c"].sent == 1)
    assert sending.tried()["c"].failed == 1
    sending.close(5.0)


def test_what_waits_goes_out_before_the_end():
    deliver, tries = failing(0)
    sending = Sending([channel()], by=deliver)
    for _ in range(10):
        sending.send(NOTICE)
    assert sending.close(5.0)
    assert len(tries) == 10


def test_end_does_not_wait_for_a_retry():
    deliver, _ = failing(99)
    sending = Sending([channel()], by=deliver, first_wait_s=50.0)
    sending.send(NOTICE)
    until(lambda: sending.tried()["c"].trouble == "no")
    begun = time.monotonic()
    assert sending.close(20.0)
    assert time.monotonic() - begun < 10.0


@pytest.mark.parametrize("severity", ["info", "critical"])
def test_channel_gets_only_what_it_wants(severity):
    deliver, tries = failing(0)
    sending = Sending([channel(severity=severity)], by=deliver)
    sending.send(NOTICE)
    sending.close(5.0)
    assert len(tries) == (severity == "info")
