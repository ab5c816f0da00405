"""The check `memory`, on files as the kernel writes them."""

import pytest

from ollascope.checks.limits import Checks
from ollascope.checks.machine.memory import Memory, check_memory, judge, read_memory

MIB = 2**20
GIB = 2**30
MEMINFO = """MemTotal:       24684096 kB
MemFree:        24283420 kB
MemAvailable:   24325988 kB
Buffers:            4164 kB
Cached:           228304 kB
HugePages_Total:       0
"""
STAT_V1 = "cache 4263936\nrss 1708032\ninactive_file 155648\ntotal_cache 4263936\ntotal_inactive_file 155648\n"
STAT_V2 = "anon 1708032\nfile 4263936\ninactive_file 155648\nactive_file 4108288\n"
HYBRID = "9:name=systemd:/\n5:devices:/\n4:memory:/api/9f1c\n1:cpu,cpuacct:/\n0::/\n"
HALF = 12 * GIB


@pytest.fixture
def machine(tmp_path):
    """A root folder whose /proc tells of a machine with 23.5 GiB."""
    write(tmp_path / "proc/meminfo", MEMINFO)
    return tmp_path


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n" if isinstance(text, int) else text)


def version2(root, group, *, limit, used, high="max\n"):
    folder = root / "sys/fs/cgroup" / group
    write(folder / "memory.max", limit)
    write(folder / "memory.high", high)
    write(folder / "memory.current", used)
    write(folder / "memory.stat", STAT_V2)


def version1(root, group, *, limit, used):
    folder = root / "sys/fs/cgroup/memory" / group
    write(folder / "memory.limit_in_bytes", limit)
    write(folder / "memory.usage_in_bytes", used)
    write(folder / "memory.stat", STAT_V1)


def test_no_meminfo_is_unknown(around, tmp_path):
    (tmp_path / "proc").mkdir()
    finding = check_memory(around(root=tmp_path))
    assert finding.state == "unknown"
    assert finding.hint


@pytest.mark.parametrize("text", ["", "MemTotal: many kB\n", "MemTotal:\n", "MemTotal: 100 kB\n"])
def test_odd_meminfo_is_unknown(around, tmp_path, text):
    write(tmp_path / "proc/meminfo", text)
    assert check_memory(around(root=tmp_path)).state == "unknown"


@pytest.mark.parametrize("text", ["", "rubbish\n", "0::\n", "0:: /x\n4:memory\n", "\n\n"])
def test_odd_list_of_control_groups_leaves_the_machine(machine, text):
    write(machine / "proc/self/cgroup", text)
    assert read_memory(machine) == Memory(total=24684096 * 1024, free=24325988 * 1024)


def test_machine_without_control_groups_has_what_the_kernel_says(machine):
    assert read_memory(machine) == Memory(total=24684096 * 1024, free=24325988 * 1024)


def test_version_2_limit_is_what_there_is(machine):
    write(machine / "proc/self/cgroup", "0::/\n")
    version2(machine, "", limit=GIB, used=400 * MIB)
    assert read_memory(machine) == Memory(total=GIB, free=GIB - (400 * MIB - 155648), limited=True)


def test_version_2_limit_of_a_group_above_counts(machine):
    write(machine / "proc/self/cgroup", "0::/user.slice/app.service\n")
    version2(machine, "user.slice", limit=2 * GIB, used=1 * GIB)
    version2(machine, "user.slice/app.service", limit="max\n", used=300 * MIB)
    assert read_memory(machine) == Memory(total=2 * GIB, free=GIB + 155648, limited=True)


def test_version_2_soft_limit_counts(machine):
    write(machine / "proc/self/cgroup", "0::/app\n")
    version2(machine, "app", limit=4 * GIB, used=300 * MIB, high=GIB)
    assert read_memory(machine).total == GIB


def test_version_1_limit_is_what_there_is(machine):
    write(machine / "proc/self/cgroup", HYBRID)
    version1(machine, "api/9f1c", limit=3 * GIB, used=GIB)
    assert read_memory(machine) == Memory(total=3 * GIB, free=2 * GIB + 155648, limited=True)


def test_version_1_without_limit_leaves_the_machine(machine):
    write(machine / "proc/self/cgroup", HYBRID)
    version1(machine, "api/9f1c", limit=9223372036854771712, used=8273920)
    assert read_memory(machine) == Memory(total=24684096 * 1024, free=24325988 * 1024)


def test_container_sees_its_group_at_the_top(machine):
    write(machine / "proc/self/cgroup", "4:memory:/docker/0123456789ab\n")
    version1(machine, "", limit=GIB, used=200 * MIB)
    assert read_memory(machine).total == GIB


def test_group_name_cannot_lead_out_of_the_folder(machine):
    write(machine / "proc/self/cgroup", "0::/../../outside\n")
    version2(machine, "../../outside", limit=GIB, used=MIB)
    assert read_memory(machine).total == 24684096 * 1024


def test_group_that_uses_more_than_its_limit_has_nothing_free(machine):
    write(machine / "proc/self/cgroup", "0::/\n")
    version2(machine, "", limit=GIB, used=2 * GIB)
    assert read_memory(machine).free == 0


def test_limit_above_the_machine_leaves_the_machine(machine):
    write(machine / "proc/self/cgroup", "0::/\n")
    version2(machine, "", limit=100 * GIB, used=MIB)
    assert read_memory(machine) == Memory(total=24684096 * 1024, free=24325988 * 1024)


@pytest.mark.parametrize(
    ("free", "state"),
    [(511 * MIB, "problem"), (512 * MIB, "warning"), (2047 * MIB, "warning"), (2048 * MIB, "ok"), (0, "problem")],
)
def test_limits_decide(free, state):
    finding = judge(Memory(total=HALF, free=free), Checks())
    assert finding.state == state
    assert bool(finding.hint) == (state != "ok")


def test_limits_come_from_the_settings():
    limits = Checks(memory_warning_mib=9000, memory_problem_mib=7000)
    assert judge(Memory(total=HALF, free=8 * GIB), limits).state == "warning"


def test_text_says_what_is_free_and_of_what():
    assert judge(Memory(total=int(23.5 * GIB), free=int(11.2 * GIB)), Checks()).text == "11.2 GiB of 23.5 GiB free"


def test_limit_of_a_container_is_told():
    finding = judge(Memory(total=GIB, free=700 * MIB, limited=True), Checks())
    assert finding.text == "700 MiB of 1.0 GiB free, by the limit of this container or service"


def test_this_machine_has_memory(around):
    finding = check_memory(around())
    assert finding.facts["total_bytes"] >= finding.facts["free_bytes"] > 0
