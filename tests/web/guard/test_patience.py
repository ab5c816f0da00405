"""Waiting for slow clients: not for ever, and not with every thread."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from ollascope.web.guard.patience import SLOWEST, Line, Patience


class Hands:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@contextmanager
def a_line(patience, clock=Hands()):  # noqa: B008 - one that stands still
    here, there = socket.socketpair()
    with Line(here, patience, clock) as line, there:
        yield line, there


def quick(threads=16):
    return Patience(threads, read_s=0.02, take_s=0.02)


def test_client_that_sends_nothing_is_as_one_that_left():
    with a_line(quick()) as (line, _):
        assert line.recv(10) == b""


def test_client_whose_time_is_over_stays_so():
    with a_line(quick()) as (line, there):
        line.recv(10)
        there.sendall(b"late")
        assert line.recv(10) == b""


def test_rest_of_a_body_that_does_not_come_is_no_end_of_it():
    with a_line(quick()) as (line, _):
        line.settimeout(5)
        with pytest.raises(TimeoutError):
            line.recv(10)


def test_client_that_drips_has_no_more_time_than_one_that_does_not():
    clock = Hands()
    with a_line(Patience(16, read_s=10.0), clock) as (line, there):
        there.sendall(b"ab")
        assert line.recv(1) == b"a"
        clock.now += 10.1
        assert line.recv(1) == b""


def test_large_body_gets_the_time_that_it_needs():
    clock = Hands()
    with a_line(Patience(16, read_s=10.0), clock) as (line, there):
        there.sendall(bytes(SLOWEST))
        assert len(line.recv(SLOWEST)) == SLOWEST
        clock.now += 10.5
        there.sendall(b"more")
        assert line.recv(10) == b"more"


def test_next_request_has_its_own_time():
    clock = Hands()
    with a_line(Patience(16, read_s=10.0), clock) as (line, there):
        clock.now += 60
        line.begin()
        there.sendall(b"next")
        assert line.recv(10) == b"next"


def test_what_is_left_at_the_end_is_read_without_waiting():
    with a_line(Patience(16)) as (line, there):
        there.sendall(b"rest")
        line.settimeout(5)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(10) == b"rest"
        with pytest.raises(BlockingIOError):
            line.recv(10)


def test_client_that_takes_nothing_is_let_go():
    with a_line(quick()) as (line, _), pytest.raises(ConnectionResetError):
        line.sendall(bytes(10_000_000))


def test_client_that_takes_all_gets_all():
    with a_line(quick()) as (line, there):
        sent = bytes(range(256)) * 8000
        sending = threading.Thread(target=line.sendall, args=(sent,))
        sending.start()
        came = b""
        while len(came) < len(sent):
            came += there.recv(65536)
        sending.join()
        assert came == sent


def test_only_a_part_of_the_threads_waits():
    patience = Patience(16, read_s=30.0)
    with a_line(patience) as (one, first), a_line(patience) as (two, second), a_line(patience) as (three, _):
        waiting = [threading.Thread(target=line.recv, args=(1,)) for line in (one, two)]
        for each in waiting:
            each.start()
        time.sleep(0.05)  # they were here first
        assert three.recv(1) == b""
        for there, each in zip((first, second), waiting, strict=True):
            there.sendall(b"x")
            each.join()
