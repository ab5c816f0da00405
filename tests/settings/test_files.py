"""Files are read whole, bounded and without waiting, and written whole or not at all."""

import errno
import os
import socket
from pathlib import Path

import pytest

from ollascope.settings.files import LARGEST, is_absent, is_empty, line_of, read, write
from ollascope.words.errors import BadSettings, BadUsage, DiskFull, FolderUnusable


def test_largest_file_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"#" * LARGEST)
    assert len(read(file)) == LARGEST
    file.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(BadSettings, match="is too large"):
        read(file)


def test_file_that_says_it_is_small_and_is_not_is_refused() -> None:
    with pytest.raises(BadSettings, match="is too large"):
        read(Path("/proc/self/mounts"), largest=2)  # its size is told as 0


def test_pipe_without_a_writer_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    with pytest.raises(BadSettings, match="is a pipe"):
        read(tmp_path / "f")


def test_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(BadSettings, match="is a socket"):
            read(Path("s"))


def test_impossible_name_is_refused() -> None:
    with pytest.raises(BadSettings, match="no possible file name"):
        read(Path("a\0b"))


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (tmp_path / "f", tmp_path, Path("/dev/null")):
        try:
            read(path)
        except BadSettings:
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_link_that_leads_nowhere_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("none")
    assert not is_absent(tmp_path / "link")
    assert is_absent(tmp_path / "none")
    assert not is_absent(Path("x" * 300))


def test_line_is_counted_with_every_kind_of_line_end() -> None:
    assert [line_of(b"a\nb\r\nc\rd", position) for position in (0, 2, 5, 7)] == [1, 2, 3, 4]


@pytest.mark.parametrize(("data", "empty"), [(b"", True), (b"\xef\xbb\xbf \r\n", True), (b"#", False)])
def test_blanks_are_nothing(data: bytes, empty: bool, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data)
    assert is_empty(tmp_path / "f") is empty


def test_written_file_is_for_its_owner_only(tmp_path: Path) -> None:
    write(tmp_path / "f", "ä", overwrite=False)
    assert (tmp_path / "f").read_bytes() == "ä".encode()
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600


def test_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadUsage):
        write(tmp_path / "link", "x", overwrite=True)
    assert not (tmp_path / "elsewhere").exists()


def test_file_that_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f").write_text("old")
    (tmp_path / "link").symlink_to("real/f")
    with pytest.raises(BadUsage):
        write(tmp_path / "link", "new", overwrite=False)
    write(tmp_path / "link", "new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "f").read_text() == "new"


def test_full_quota_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> int:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DiskFull):
        write(tmp_path / "f", "x", overwrite=False)


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable):
        write(tmp_path / "none" / "f", "x", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
