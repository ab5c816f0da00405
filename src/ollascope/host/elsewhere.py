"""The same readings where there is no /proc, as on macOS: through psutil, as far as it tells them."""

import contextlib

from ollascope.host.cpu import Ticks, Times
from ollascope.host.devices import Disks, Network
from ollascope.host.memory import Memory
from ollascope.host.processes import Wanted
from ollascope.words.sample import Process

TICKS = 100  # a second


def foreign_times() -> Times:
    """How the cores spent their time."""
    import psutil  # noqa: PLC0415 - Linux does without it

    whole = psutil.cpu_times()
    cores = [_ticks(core.user + core.nice + core.system, core.idle) for core in psutil.cpu_times(percpu=True)]
    return Times(whole=_ticks(whole.user + whole.nice + whole.system, whole.idle), cores=tuple(cores))


def foreign_memory() -> Memory:
    """Memory and swap."""
    import psutil  # noqa: PLC0415

    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return Memory(total_bytes=memory.total, available_bytes=memory.available,
                  swap_total_bytes=swap.total, swap_used_bytes=swap.used)  # fmt: skip


def foreign_disks() -> Disks:
    """What all disks read and wrote."""
    import psutil  # noqa: PLC0415

    said = psutil.disk_io_counters()
    return Disks() if said is None else Disks(read_bytes=said.read_bytes, written_bytes=said.write_bytes)


def foreign_network() -> Network:
    """What all cards received and sent."""
    import psutil  # noqa: PLC0415

    cards = [said for name, said in psutil.net_io_counters(pernic=True).items() if not name.startswith("lo")]
    if not cards:
        return Network()
    received, sent = sum(card.bytes_recv for card in cards), sum(card.bytes_sent for card in cards)
    return Network(received_bytes=received, sent_bytes=sent)


def foreign_processes(wanted: Wanted) -> tuple[Process, ...]:
    """The model servers, found by name."""
    import psutil  # noqa: PLC0415

    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] not in wanted.names:
            continue
        with contextlib.suppress(psutil.Error):  # gone meanwhile, or not ours to look into
            times = process.cpu_times()
            found.append(
                Process(
                    role="server",
                    pid=process.pid,
                    name=process.info["name"],
                    cpu_s=times.user + times.system,
                    rss_bytes=process.memory_info().rss,
                    threads=process.num_threads(),
                )
            )
    return tuple(found)


def _ticks(busy_s: float, idle_s: float) -> Ticks:
    return Ticks(busy=int(busy_s * TICKS), total=int((busy_s + idle_s) * TICKS), stolen=0)
