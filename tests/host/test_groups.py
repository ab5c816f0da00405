"""The limits of control groups: version 1, version 2, both mixed, nested, and none."""

import pytest

from ollascope.host.groups import Groups, count_cores
from tests.host.trees import GIB, machine, version1, version2, write


def groups(root, told="0::/\n"):
    write(root / "proc/self/cgroup", told)
    return Groups(root)


@pytest.mark.parametrize("told", ["", "nonsense\n", "0\n", "x:y\n", "0::/../../etc\n", "4:memory:\n"])
def test_odd_membership_is_no_limit(tmp_path, told):
    found = groups(tmp_path, told)
    assert (list(found.memory()), found.share(), found.cores(), found.limited) == ([], None, None, False)


def test_no_limit_written_out_is_none(tmp_path):
    version2(tmp_path, "", memory__max="max\n", memory__high="max\n", memory__current=5, cpu__max="max 100000\n")
    found = groups(tmp_path)
    assert (list(found.memory()), found.share(), found.limited) == ([], None, False)


@pytest.mark.parametrize("said", ["", "max", "100000", "100000 0\n", "-1 100000\n", "a b\n"])
def test_odd_share_is_none(tmp_path, said):
    version2(tmp_path, "", cpu__max=said)
    assert groups(tmp_path).share() is None


def test_version_2_with_nested_groups_gives_every_limit(tmp_path):
    version2(tmp_path, "a", memory__max=4 * GIB, memory__high="max\n", memory__current=GIB)
    version2(
        tmp_path,
        "a/b",
        memory__max=8 * GIB,
        memory__high=3 * GIB,
        memory__current=GIB,
        memory__stat=f"inactive_file {GIB // 2}\n",
    )
    rooms = list(groups(tmp_path, "0::/a/b\n").memory())
    assert [(room.limit_bytes, room.used_bytes) for room in rooms] == [(3 * GIB, GIB // 2), (4 * GIB, GIB)]


def test_container_sees_its_own_group_at_the_top(tmp_path):
    version2(tmp_path, "", memory__max=2 * GIB, memory__current=GIB)
    (room,) = groups(tmp_path, "0::/kubepods/pod1/abc\n").memory()
    assert room.limit_bytes == 2 * GIB


def test_tightest_share_of_cores_counts(tmp_path):
    version2(tmp_path, "a", cpu__max="150000 100000\n", cpu__stat="usage_usec 3000000\nthrottled_usec 500000\n")
    version2(tmp_path, "a/b", cpu__max="400000 100000\n", cpu__stat="usage_usec 1000000\n")
    share = groups(tmp_path, "0::/a/b\n").share()
    assert (share.cores, share.used_s, share.throttled_s) == (1.5, 3.0, 0.5)


def test_version_1(tmp_path):
    version1(
        tmp_path,
        "memory",
        "d/x",
        memory__limit_in_bytes=GIB,
        memory__usage_in_bytes=600,
        memory__stat="total_inactive_file 100\n",
    )
    version1(tmp_path, "memory", "", memory__limit_in_bytes=9223372036854771712, memory__usage_in_bytes=600)
    quota = {"cpu__cfs_quota_us": 50000, "cpu__cfs_period_us": 100000, "cpuacct__usage": 2_000_000_000}
    version1(tmp_path, "cpu,cpuacct", "d/x", **quota, cpu__stat="throttled_time 1000000000\n")
    version1(tmp_path, "cpuset", "d/x", cpuset__cpus="0-2,7\n")
    found = groups(tmp_path, "4:memory:/d/x\n3:cpuset:/d/x\n2:cpu,cpuacct:/d/x\n1:name=systemd:/\n")
    assert [(room.limit_bytes, room.used_bytes) for room in found.memory()] == [(GIB, 500)]
    share = found.share()
    assert (share.cores, share.used_s, share.throttled_s, found.cores()) == (0.5, 2.0, 1.0, 4)


def test_version_1_without_a_quota(tmp_path):
    version1(tmp_path, "cpu", "", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us=100000)
    assert groups(tmp_path, "1:cpu:/\n").share() is None


def test_both_versions_mixed(tmp_path):
    version1(tmp_path, "memory", "x", memory__limit_in_bytes=GIB, memory__usage_in_bytes=1)
    version2(tmp_path, "unified/x", cgroup__procs="1\n")
    found = groups(tmp_path, "4:memory:/x\n0::/x\n")
    assert [room.limit_bytes for room in found.memory()] == [GIB]
    assert found.limited


def test_pressure_is_that_of_a_limited_group_only(tmp_path):
    version2(tmp_path, "a", memory__pressure="some avg10=1.00\n", memory__max="max\n", memory__current=1)
    assert groups(tmp_path, "0::/a\n").pressure("memory") is None
    version2(tmp_path, "a", memory__max=GIB)
    assert groups(tmp_path, "0::/a\n").pressure("memory") == tmp_path / "sys/fs/cgroup/a/memory.pressure"


@pytest.mark.parametrize(
    ("said", "count"), [("0-3", 4), ("0", 1), ("0,2,4-5", 4), ("", 0), ("x", 0), ("3-1", 0), ("0-", 1)]
)
def test_lists_of_cores(said, count):
    assert count_cores(said) == count


def test_whole_machine_has_no_limit(tmp_path):
    assert not Groups(machine(tmp_path)).limited
