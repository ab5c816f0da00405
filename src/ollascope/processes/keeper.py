"""The program beside the supervisor: when the supervisor ends without a word, it ends the supervisor's children.

It is run by its file name and stands on the standard library alone, so that it starts at once. On standard input come
lines `+812` and `-812`: process group 812 is to be ended with the supervisor, or is no more. The end of the input is
the end of the supervisor, whatever ended it. It has inherited the lock on the data folder, which is free again only
when it is done.
"""

import os
import signal
import sys
import time

GRACE_S = 1.0  # between SIGTERM and SIGKILL
PAUSE_S = 0.02


def main() -> None:
    """Listen until the supervisor is gone, then end what it has left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, bytes] = {}
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups[group] = start_time(group)
        else:
            groups.pop(group, None)
    end(groups)


def end(groups: dict[int, bytes]) -> None:
    """Tell all groups to end; kill those that do not in time."""
    left = [group for group, started in groups.items() if not is_another(group, started)]
    left = [group for group in left if send(group, signal.SIGTERM)]
    deadline = time.monotonic() + GRACE_S
    while left and time.monotonic() < deadline:
        time.sleep(PAUSE_S)
        left = [group for group in left if has_members(group)]
    for group in left:
        send(group, signal.SIGKILL)


def is_another(group: int, started: bytes) -> bool:
    """Whether the number of the group belongs to a later process by now; members keep it from being given away."""
    return start_time(group) not in {started, b""}


def has_members(group: int) -> bool:
    """Whether anybody of a group still runs; who has ended but is not buried yet does not."""
    if not send(group, 0):
        return False
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - as below
    except OSError:  # not Linux: the group is all that can be asked for
        return True
    return any(
        int(fields[2]) == group and fields[0] not in {b"Z", b"X"} for fields in map(facts, pids) if len(fields) > 2
    )


def start_time(pid: int) -> bytes:
    """When a process started, as the kernel counts it; empty where that cannot be told."""
    return b"".join(facts(pid)[19:20])


def facts(pid: int) -> list[bytes]:
    """What the kernel says of a process, from its state on; nothing where that cannot be told."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib takes longer to load than all else here
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def send(group: int, number: int) -> bool:
    """Signal a whole group; false if nobody is in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
