"""What passes between worker and coordinator: whole lines, and nobody holds the other up."""

import json
import os

import pytest

from ollascope.bench.client.lines import Orders, Voice, read_plan, write_plan
from ollascope.bench.plan import Status
from tests.bench.client.runs import closed, plan_of, users


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        os.close(descriptor)


def status(**more):
    return Status(worker=0, state="running", at_s=1.0, **more)


def test_plan_that_is_not_sent_whole_is_none(tmp_path):
    data = write_plan(plan_of("http://x", tmp_path, closed(users(1, shots=1))))
    for size in (0, 4, 8, len(data) - 1):
        (tmp_path / "plan").write_bytes(data[:size])
        with (tmp_path / "plan").open("rb") as file:
            assert read_plan(file.fileno()) is None


def test_plan_comes_as_it_was_and_nothing_behind_it_is_taken(tmp_path):
    plan = plan_of("http://x", tmp_path, closed(users(1, shots=1)))
    (tmp_path / "plan").write_bytes(write_plan(plan) + b"go 1\n")
    with (tmp_path / "plan").open("rb", buffering=0) as file:
        assert read_plan(file.fileno()) == plan
        assert file.read() == b"go 1\n"


def test_orders_are_obeyed_line_by_line_and_the_end_cuts(pipe):
    reading, writing = pipe
    heard = []
    orders = Orders(reading, heard.append)
    orders.read()
    assert heard == []
    for part in (b"go 1", b"2\nst", b"op\n\n", b"cut\nstage 5\n"):
        os.write(writing, part)
        orders.read()
    assert heard == [["go", "12"], ["stop"], ["cut"], ["stage", "5"]]


def test_end_of_orders_is_the_order_to_cut():
    reading, writing = os.pipe()
    heard = []
    os.close(writing)
    Orders(reading, heard.append).read()
    os.close(reading)
    assert heard == [["cut"]]


def test_lines_that_nobody_reads_are_left_out_and_hold_nothing_up(pipe):
    reading, writing = pipe
    voice = Voice(writing)
    said = [voice.say(status(sent=number)) for number in range(3000)]
    assert said[0]
    assert not said[-1]
    lines = os.read(reading, 1 << 20)
    assert voice.say(status(sent=9999))
    lines += os.read(reading, 1 << 20)
    numbers = [json.loads(line).get("sent", 0) for line in lines.splitlines()]
    assert numbers == [*range(len(numbers) - 1), 9999]


def test_coordinator_that_has_gone_is_no_error():
    reading, writing = os.pipe()
    voice = Voice(writing)
    os.close(reading)
    assert voice.say(status(), last=True)
    os.close(writing)
