"""The check `gpu`: processors with their driver, or why there are none."""

from ollascope.checks.machine.gpu import check_gpu, judge
from ollascope.host.machine import Drivers
from ollascope.words.sample import Gpu

GIB = 2**30


def test_machine_without_a_processor_is_unknown_and_no_problem(around, tmp_path):
    finding = check_gpu(around(root=tmp_path))
    assert (finding.id, finding.state) == ("gpu", "unknown")
    assert "CPU" in finding.hint


def test_driver_without_a_processor_is_worth_a_look():
    finding = judge((), Drivers(nvidia="550.54.15"))
    assert finding.state == "unknown"
    assert "nvidia-smi" in finding.hint


def test_processor_that_tells_nothing_names_the_package(around, tmp_path):
    folder = tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0"
    folder.mkdir(parents=True)
    (folder / "information").write_text("Model: NVIDIA H200\n")
    finding = check_gpu(around(root=tmp_path))
    assert finding.state == "unknown"
    assert "NVIDIA H200" in finding.text
    assert "nvidia-ml-py" in finding.hint


def test_processor_with_driver_and_memory_is_ok():
    gpu = Gpu(index=0, name="NVIDIA H200", memory_used_bytes=GIB, memory_total_bytes=141 * GIB)
    finding = judge((gpu,), Drivers(nvidia="550.54.15", cuda="12.4"))
    assert finding.state == "ok"
    assert finding.text == "NVIDIA H200 (140.0 GiB of 141.0 GiB free); driver 550.54.15, CUDA 12.4"
    assert finding.facts["cuda"] == "12.4"


def test_processor_whose_use_is_not_told_shows_its_size():
    gpu = Gpu(index=1, memory_total_bytes=16 * GIB)
    assert judge((gpu,), Drivers(rocm="6.1")).text == "graphics processor 1 (16.0 GiB); ROCm 6.1"
