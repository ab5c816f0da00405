"""The machine over time, from Samples in files of every state."""

import pytest

from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.monitor.history.machine import Machine
from ollascope.words.sample import Gpu, Process, Sample

NOON = 1_763_726_400.0


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger"


def write(ledger, *samples):
    with Writer(ledger, Ledger(), Origin.here("test")) as writer:
        for sample in samples:
            writer.sample(sample)


def read(machine, length=600.0, step=60.0, go_on=lambda: True):
    return machine.read(NOON, NOON + length, step, go_on)


def test_nothing_measured_is_nothing(ledger):
    assert read(Machine(ledger)).readings == {}


def test_spoilt_lines_are_passed_over(ledger):
    write(ledger, Sample(at=NOON + 1, cpu_ratio=0.5))
    path = next(ledger.glob("*/samples-*"))
    spoilt = b'nonsense\n[1]\n{"at":"x"}\n{"at":1763726402,"cpu_ratio":"much","gpus":[5],"processes":[7]}\n'
    path.write_bytes(path.read_bytes() + spoilt)
    assert read(Machine(ledger)).readings == {"cpu_ratio": [0.5, *[None] * 9]}


def test_readings_are_means_of_their_step(ledger):
    gpu = Gpu(index=0, used_ratio=0.5, memory_used_bytes=3, memory_total_bytes=12)
    write(ledger, Sample(at=NOON + 1, cpu_ratio=0.2, gpus=(gpu,)), Sample(at=NOON + 70, cpu_ratio=0.4),
          Sample(at=NOON + 130, cpu_ratio=0.9, memory_available_bytes=1, memory_total_bytes=4))  # fmt: skip
    use = read(Machine(ledger), length=240.0, step=120.0)
    assert use.at == [NOON, NOON + 120]
    assert use.readings["cpu_ratio"] == [pytest.approx(0.3), 0.9]
    assert use.readings["memory_ratio"] == [None, 0.75]
    assert use.readings["gpu_ratio"] == [0.5, None]
    assert use.readings["gpu_memory_ratio"] == [0.25, None]


def test_what_is_added_or_sealed_is_read_once(ledger):
    machine = Machine(ledger)
    write(ledger, Sample(at=NOON + 1, cpu_ratio=0.2))
    assert read(machine).readings["cpu_ratio"][0] == 0.2
    seal(ledger)
    write(ledger, Sample(at=NOON + 2, cpu_ratio=0.4))
    assert read(machine).readings["cpu_ratio"][0] == pytest.approx(0.3)


def test_reading_goes_on_where_there_was_no_more_time(ledger):
    machine = Machine(ledger)
    write(ledger, Sample(at=NOON + 1, cpu_ratio=0.2))
    assert not read(machine, go_on=lambda: False).whole
    use = read(machine)
    assert (use.whole, use.readings["cpu_ratio"][0]) == (True, 0.2)


def test_another_process_of_the_server_is_a_restart_and_the_first_is_none(ledger):
    write(ledger, *(Sample(at=NOON + 5 * number, processes=(Process(role="server", pid=7 + number // 3),
                    Process(role="runner", pid=90 + number))) for number in range(6)))  # fmt: skip
    assert read(Machine(ledger)).restarts == [NOON + 15]


def test_days_that_are_read_ahead_are_there_at_once(ledger):
    write(ledger, Sample(at=NOON + 1, cpu_ratio=0.2))
    machine = Machine(ledger)
    machine.read_ahead()
    write(ledger, Sample(at=NOON + 2, cpu_ratio=0.4))
    assert read(machine).readings["cpu_ratio"][0] == pytest.approx(0.3)
