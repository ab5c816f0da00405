"""Warnings of sense, against facts that each test gives itself."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ollascope.settings.load import Settings, Sources, load
from ollascope.settings.machine import Ground, Machine
from ollascope.settings.sense import warnings
from ollascope.words.setting import setting

GIB = 2**30
DISK = Ground(free_bytes=50 * GIB, total_bytes=100 * GIB)
PLAIN = Machine(cores=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A section of every kind."""

    host: str = setting("127.0.0.1", "m", kind="host")
    port: int = setting(8000, "m", kind="port")
    other: int = setting(8001, "m", kind="port")
    free: int = setting(0, "m", kind="port", minimum=0)
    any: int = setting(0, "m", kind="port", minimum=0)
    workers: int = setting(8, "m", kind="workers")
    folder: Path | None = setting(None, "m", kind="folder")


SECTIONS = {"place": f"{__name__}:Place"}


def settings(tmp_path: Path, text: str = "") -> Settings:
    file = tmp_path / "s.yaml"
    file.write_text(f"place:\n{text}")
    return load(SECTIONS, Sources(file=file))


def told(tmp_path: Path, text: str, machine: Machine) -> list[str]:
    return [str(found).removeprefix(f"{tmp_path}/") for found in warnings(settings(tmp_path, text), machine)]


def test_defaults_are_never_warned_about(tmp_path: Path) -> None:
    machine = Machine(cores=1, lowest_port=9000, taken=frozenset({("127.0.0.1", 8000)}))
    assert told(tmp_path, "", machine) == []


def test_template_that_repeats_the_default_workers_is_not_warned_about(tmp_path: Path) -> None:
    assert told(tmp_path, "  workers: 8\n", PLAIN) == []


def test_sensible_values_are_not_warned_about(tmp_path: Path) -> None:
    text = "  host: ::1\n  port: 8100\n  workers: 4\n  folder: /d\n"
    assert told(tmp_path, text, replace(PLAIN, folders={Path("/d"): DISK})) == []


def test_port_in_use_is_warned_about_with_its_line(tmp_path: Path) -> None:
    machine = replace(PLAIN, taken=frozenset({("127.0.0.1", 8100)}))
    (line,) = told(tmp_path, "  port: 8100\n", machine)
    assert line.startswith("s.yaml:2: port 8100 is in use on 127.0.0.1 — fine if it is Ollascope that runs")


def test_two_equal_ports_are_warned_about_where_somebody_set_one(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "  port: 8001\n", PLAIN)
    assert line.startswith("s.yaml:2: place.port and place.other are both port 8001")


def test_ports_that_the_system_chooses_are_not_equal(tmp_path: Path) -> None:
    assert told(tmp_path, "  free: 0\n  any: 0\n", PLAIN) == []


def test_low_port_is_warned_about_unless_this_user_may_open_it(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "  port: 80\n", PLAIN)
    assert "port 80 may be opened only by root" in line
    assert told(tmp_path, "  port: 80\n", replace(PLAIN, lowest_port=0)) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "'::'", "192.168.1.5", "my.host"])
def test_host_beyond_this_machine_is_warned_about(host: str, tmp_path: Path) -> None:
    (line,) = told(tmp_path, f"  host: {host}\n", PLAIN)
    assert "without a key" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "'::1'", "localhost", "a.localhost"])
def test_host_of_this_machine_only_is_fine(host: str, tmp_path: Path) -> None:
    assert told(tmp_path, f"  host: {host}\n", PLAIN) == []


def test_address_of_another_machine_is_warned_about(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "  host: 10.9.8.7\n", replace(PLAIN, elsewhere=frozenset({"10.9.8.7"})))
    assert "does not have the address 10.9.8.7" in line


def test_more_workers_than_cores_are_warned_about(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "  workers: 5\n", PLAIN)
    assert line == "s.yaml:2: place.workers is 5, but this machine has 4 cores — 4 or fewer are faster"


@pytest.mark.parametrize(
    ("ground", "what"),
    [
        (replace(DISK, is_folder=False), "is a file"),
        (replace(DISK, is_folder=False, exists=False), "lies under a file"),
        (replace(DISK, writable=False), "cannot be written by this user"),
        (replace(DISK, exists=False, writable=False), "is not there, and this user cannot make it"),
        (replace(DISK, exists=False, parent_exists=False), "is not there, nor is the folder above it"),
        (replace(DISK, in_memory=True), "lies in memory (tmpfs)"),
        (replace(DISK, free_bytes=GIB), "nearly full: 1.0 GiB free"),
    ],
)
def test_folder_on_bad_ground_is_warned_about(ground: Ground, what: str, tmp_path: Path) -> None:
    (line,) = told(tmp_path, "  folder: /d\n", replace(PLAIN, folders={Path("/d"): ground}))
    assert line.startswith("s.yaml:2: folder /d ")
    assert what in line


def test_large_disk_is_not_nearly_full_with_much_room_left(tmp_path: Path) -> None:
    ground = replace(DISK, free_bytes=20 * GIB, total_bytes=1000 * GIB)
    assert told(tmp_path, "  folder: /d\n", replace(PLAIN, folders={Path("/d"): ground})) == []
