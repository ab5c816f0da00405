"""The command `host`: the machine's readings, once or again and again."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import asdict

import click

from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.host.machine import Drivers, Look, Machine
from ollascope.host.processes import Wanted
from ollascope.host.runner import Runner, read_runners
from ollascope.host.thresholds import Host, Standing, judge, limits, readings
from ollascope.wire import load_settings
from ollascope.words.clock import utc_text
from ollascope.words.record import Json, dumps, to_json
from ollascope.words.sample import Gpu, Process, Sample

FIRST_LOOK_S = 0.25  # shares of time need two readings
MISSING = "-"
Row = tuple[str, str]


@click.command()
@click.option("--watch", is_flag=True, help="Stay, and print a reading again and again.")
@click.option("--count", type=click.IntRange(min=1), help="With --watch: end after so many readings.")
@json_option
@click.pass_obj
def host(invocation: Invocation, *, watch: bool, count: int | None, as_json: bool) -> None:
    """Show the machine: CPU, memory, disk, network, graphics processors, the model servers' processes.

    A reading that this machine or this user cannot make shows as -. With --watch and --json it prints one line of
    JSON a reading.
    """
    section, folder = load_settings(invocation).of(Host), load_settings(invocation).data_folder
    machine = Machine(Look(folder=folder, wanted=Wanted(names=section.engine_names), search_s=section.search_s))
    try:
        samples = _samples(machine, section.interval_s if watch else FIRST_LOOK_S)
        if watch:
            _follow(itertools.islice(samples, count), section, as_json)
        elif as_json:
            print_json(_facts(next(samples), machine.drivers(), _runners(machine, section)))
        else:
            _show(next(samples), machine.drivers(), _runners(machine, section))
    finally:
        machine.close()


def _runners(machine: Machine, section: Host) -> tuple[Runner, ...]:
    return read_runners(machine.engines()) if section.runners else ()


def _samples(machine: Machine, interval_s: float) -> Iterator[Sample]:
    machine.search()
    machine.read()
    rest = threading.Event()
    rest.wait(min(FIRST_LOOK_S, interval_s))
    while True:
        yield machine.read()
        rest.wait(interval_s)


def _follow(samples: Iterator[Sample], section: Host, as_json: bool) -> None:
    known = limits(section.thresholds)
    standings: dict[str, Standing] = {}
    for sample in samples:
        if as_json:
            say(dumps(sample))
            continue
        before, standings = standings, judge(known, standings, readings(sample), sample.at)
        say(_line(sample))
        for name, standing in standings.items():
            if standing.crossed != before.get(name, Standing()).crossed:
                note(f"{name} is {'beyond its threshold' if standing.crossed else 'back'}")


def _line(sample: Sample) -> str:
    gpus = [f"GPU {gpu.index} {_percent(gpu.used_ratio)}" for gpu in sample.gpus]
    parts = [
        utc_text(sample.at),
        f"CPU {_percent(sample.cpu_ratio)}",
        f"load {_number(sample.load_1min)}",
        f"memory free {_bytes(sample.memory_available_bytes)}",
        f"swap {_bytes(sample.swap_used_bytes)}",
        f"disk free {_bytes(sample.disk_free_bytes)}",
        *gpus,
        *(f"{process.name or process.role} {_bytes(process.rss_bytes)}" for process in sample.processes),
    ]
    return "  ".join(parts)


def _facts(sample: Sample, drivers: Drivers, runners: tuple[Runner, ...]) -> dict[str, Json]:
    versions: dict[str, Json] = {
        "nvidia": drivers.nvidia, "cuda": drivers.cuda, "amd": drivers.amd, "rocm": drivers.rocm
    }  # fmt: skip
    asked: list[Json] = [asdict(runner) for runner in runners]
    return {
        **to_json(sample),
        "drivers": {name: version for name, version in versions.items() if version},
        "runners": asked,
    }


def _show(sample: Sample, drivers: Drivers, runners: tuple[Runner, ...]) -> None:
    table(("reading", "value"), [*_cpu(sample), *_memory(sample), *_devices(sample), *_versions(drivers)])
    if sample.gpus:
        say("")
        headers = ("GPU", "name", "use", "memory", "power", "temperature", "clock", "throttled")
        table(headers, [_gpu(gpu) for gpu in sample.gpus])
    say("")
    if sample.processes:
        table(("process", "role", "pid", "memory", "threads", "CPU time"), [_process(one) for one in sample.processes])
    else:
        say("no process of a model server was found")
    if runners:
        say("")
        columns = ("runner on port", "slots busy", "context", "prompt tokens", "from cache", "answer tokens")
        table(columns, [_runner(one) for one in runners])


def _cpu(sample: Sample) -> list[Row]:
    cores = " ".join(_percent(ratio) for ratio in sample.cpu_core_ratios[:16])
    more = len(sample.cpu_core_ratios) - 16
    return [
        ("CPU in use", _percent(sample.cpu_ratio)),
        ("CPU cores", _number(sample.cpu_cores)),
        ("CPU by core", f"{cores} and {more} more" if more > 0 else cores or MISSING),
        ("CPU stolen", _percent(sample.cpu_steal_ratio)),
        ("CPU clock", MISSING if sample.cpu_hertz is None else f"{sample.cpu_hertz / 1e9:.2f} GHz"),
        ("CPU temperature", _celsius(sample.cpu_temperature_celsius)),
        ("load (1, 5, 15 min)", " ".join(map(_number, (sample.load_1min, sample.load_5min, sample.load_15min)))),
        ("waiting for CPU", _percent(sample.cpu_pressure_ratio)),
        ("energy of the CPU", MISSING if sample.energy_joules is None else f"{sample.energy_joules:.0f} J"),
    ]


def _memory(sample: Sample) -> list[Row]:
    return [
        ("memory free", f"{_bytes(sample.memory_available_bytes)} of {_bytes(sample.memory_total_bytes)}"),
        ("waiting for memory", _percent(sample.memory_pressure_ratio)),
        ("swap in use", f"{_bytes(sample.swap_used_bytes)} of {_bytes(sample.swap_total_bytes)}"),
    ]


def _devices(sample: Sample) -> list[Row]:
    return [
        ("disk free", f"{_bytes(sample.disk_free_bytes)} of {_bytes(sample.disk_total_bytes)}"),
        ("disk read, written", f"{_bytes(sample.disk_read_bytes)}, {_bytes(sample.disk_written_bytes)}"),
        ("waiting for disk", _percent(sample.disk_pressure_ratio)),
        ("network in, out", f"{_bytes(sample.network_received_bytes)}, {_bytes(sample.network_sent_bytes)}"),
        ("open files", MISSING if sample.open_files is None else str(sample.open_files)),
    ]


def _versions(drivers: Drivers) -> list[Row]:
    said = (
        ("NVIDIA driver", drivers.nvidia),
        ("CUDA", drivers.cuda),
        ("AMD driver", drivers.amd),
        ("ROCm", drivers.rocm),
    )
    return [(name, version) for name, version in said if version]


def _gpu(gpu: Gpu) -> tuple[str, ...]:
    return (
        str(gpu.index),
        gpu.name or MISSING,
        _percent(gpu.used_ratio),
        f"{_bytes(gpu.memory_used_bytes)} of {_bytes(gpu.memory_total_bytes)}",
        MISSING if gpu.power_watts is None else f"{gpu.power_watts:.0f} W",
        _celsius(gpu.temperature_celsius),
        MISSING if gpu.clock_hertz is None else f"{gpu.clock_hertz / 1e6:.0f} MHz",
        MISSING if gpu.throttled is None else "yes" if gpu.throttled else "no",
    )


def _process(process: Process) -> tuple[str, ...]:
    return (
        process.name or MISSING,
        process.role,
        str(process.pid),
        _bytes(process.rss_bytes),
        MISSING if process.threads is None else str(process.threads),
        MISSING if process.cpu_s is None else f"{process.cpu_s:.1f} s",
    )


def _runner(runner: Runner) -> tuple[str, ...]:
    slots, counters = runner.slots, runner.counters
    return (
        str(runner.port),
        MISSING if slots is None else f"{slots.busy} of {slots.count}",
        MISSING if slots is None or slots.context_tokens is None else str(slots.context_tokens),
        _count(counters.prompt_tokens if counters else None),
        _count(counters.cached_tokens if counters else None),
        _count(counters.answer_tokens if counters else None),
    )


def _count(value: float | None) -> str:
    return MISSING if value is None else f"{value:.0f}"


def _percent(ratio: float | None) -> str:
    return MISSING if ratio is None else f"{ratio:.0%}"


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:g}"


def _celsius(value: float | None) -> str:
    return MISSING if value is None else f"{value:.0f} °C"


def _bytes(count: int | None) -> str:
    if count is None:
        return MISSING
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
