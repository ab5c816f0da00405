"""The facts about this machine, looked at for real."""

import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from ollascope.processes.address import choose_port, try_port
from ollascope.settings.load import Sources, load
from ollascope.settings.machine import Machine, file_system, look, mounts
from ollascope.wire import SECTIONS
from ollascope.words.setting import setting

MOUNTS = """22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 25 0:27 / /dev/shm rw,relatime shared:3 - tmpfs tmpfs rw,size=24684096k
41 27 0:38 / /home rw,relatime shared:1 master:2 - nfs4 server:/home rw
42 27 0:39 / /home/with\\040blank rw - cifs //server/share rw
45 27 0:41 / /home/tab\\011and\\134 rw - fuse.sshfs x rw
43 27 0:40 / /twice rw - tmpfs tmpfs rw
44 43 254:1 / /twice rw - xfs /dev/vdb rw
"""


def facts(**values: object) -> Machine:
    assignments = tuple(f"{key.replace('__', '.')}={value}" for key, value in values.items())
    return look(load(SECTIONS, Sources(assignments=assignments)), try_port)


def test_only_a_port_that_another_program_holds_is_taken() -> None:
    port = choose_port("127.0.0.1")
    with socket.create_server(("127.0.0.1", port)):
        assert facts(addresses__gateway=port).taken == {("127.0.0.1", port)}
    assert facts(addresses__gateway=port).taken == frozenset()


def test_port_nobody_set_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]

        @dataclass(frozen=True, slots=True, kw_only=True)
        class Taken:
            """A section whose default port is in use."""

            port: int = setting(number, "m", kind="port")

        monkeypatch.setitem(globals(), "Taken", Taken)
        sections = {"taken": f"{__name__}:Taken"}
        assert look(load(sections, Sources()), try_port).taken == frozenset()
        named = load(sections, Sources(assignments=(f"taken.port={number}",)))
        assert look(named, try_port).taken == {("127.0.0.1", number)}


def test_port_is_tried_on_the_host_of_its_section() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert facts(addresses__gateway=port, addresses__host="localhost").taken == {("localhost", port)}
        assert facts(addresses__gateway=port, addresses__host="127.0.0.2").taken == frozenset()


def test_looking_leaves_the_port_free() -> None:
    port = choose_port("127.0.0.1")
    facts(addresses__gateway=port)
    socket.create_server(("127.0.0.1", port)).close()


def test_address_that_no_card_has_is_elsewhere_and_names_are_not_looked_up() -> None:
    assert facts(addresses__host="192.0.2.1").elsewhere == {"192.0.2.1"}
    assert facts(addresses__host="no-such-host.invalid").elsewhere == frozenset()


def test_cores_and_ports_of_this_user_are_known() -> None:
    found = facts()
    assert found.cores >= 1
    assert 0 <= found.lowest_port <= 65536


def test_folders_are_looked_at_where_they_are_or_would_be(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")

    def ground(path: Path) -> tuple[bool, bool, bool]:
        found = facts(data__folder=path).folders[path]
        return found.exists, found.is_folder, found.parent_exists

    assert ground(tmp_path) == (True, True, True)
    assert ground(tmp_path / "d") == (False, True, True)
    assert ground(tmp_path / "d" / "e") == (False, True, False)
    assert ground(tmp_path / "f") == (True, False, True)
    assert ground(tmp_path / "f" / "d") == (False, False, True)
    found = facts(data__folder=tmp_path).folders[tmp_path]
    assert found.writable
    assert 0 < found.free_bytes <= found.total_bytes


def test_folder_that_cannot_be_looked_at_is_not_writable() -> None:
    folder = Path("/" + "x" * 300)
    assert not facts(data__folder=folder).folders[folder].writable


def test_folder_in_memory_is_known_by_its_mount() -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("this machine has no /dev/shm")
    assert facts(data__folder=shared).folders[shared].in_memory
    assert not facts(data__folder="/usr").folders[Path("/usr")].in_memory


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root folder with a table of mounts."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTS)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib", "ext4"),
        ("/dev/shm/x", "tmpfs"),
        ("/dev/shmother", "ext4"),
        ("/home/anna", "nfs4"),
        ("/home/with blank/x", "cifs"),
        ("/home/tab\tand\\/x", "fuse.sshfs"),
        ("/twice/x", "xfs"),
    ],
)
def test_file_system_is_that_of_the_nearest_mount(root: Path, path: str, kind: str) -> None:
    assert file_system(Path(path), root) == kind


def test_no_table_of_mounts_says_nothing(tmp_path: Path) -> None:
    assert (mounts(tmp_path), file_system(Path("/"), tmp_path)) == ((), "")
