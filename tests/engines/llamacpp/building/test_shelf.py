"""The shelf of wheels: whole or not there, one builder at a time, nothing of a killed builder stays."""

import errno
import fcntl
import os
import threading
import zipfile
from contextlib import suppress

import pytest

from ollascope.engines.llamacpp.building.shelf import Shelf, fits, is_whole
from ollascope.words.errors import DiskFull, FolderUnusable, Interrupted

NAME = "llama_cpp_python-0.3.36-py3-none-any.whl"
RECIPE = "llama-cpp-python-0.3.36-linux-abcd1234"


def wheel(folder, name=NAME, member="llama_cpp/lib/libllama.so"):
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, os.urandom(50_000))
    return path


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path / "cache")
    made.open()
    return made


def nobody():
    raise AssertionError("nobody else holds it")


@pytest.mark.parametrize(
    "name",
    ["x.whl", "", "llama_cpp_python-0.3.36-py2-none-any.whl", "llama_cpp_python-0.3.36-cp311-cp311-win_amd64.whl",
     "llama_cpp_python-0.3.36-py3-none-any.zip"],
)  # fmt: skip
def test_wheel_for_others_does_not_fit(tmp_path, name):
    assert not fits(tmp_path / name)


@pytest.mark.parametrize("cut", [0, 10, 40_000, -10])
def test_cut_wheel_is_not_whole(tmp_path, cut):
    path = wheel(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    assert not is_whole(path)


def test_wheel_with_a_changed_byte_is_not_whole(tmp_path):
    path = wheel(tmp_path)
    data = bytearray(path.read_bytes())
    data[25_000] ^= 1
    path.write_bytes(data)
    assert not is_whole(path)


def test_wheel_without_the_library_is_not_whole(tmp_path):
    assert not is_whole(wheel(tmp_path, member="llama_cpp/__init__.py"))


def test_kept_wheel_is_found_and_closed_to_others(shelf, tmp_path):
    assert shelf.find(RECIPE) is None
    place = shelf.keep(RECIPE, wheel(tmp_path))
    assert shelf.find(RECIPE) == place
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert [(kept.recipe, kept.wheel) for kept in shelf.kept()] == [(RECIPE, place)]
    assert shelf.find("another") is None


def test_broken_wheel_is_not_found_and_another_takes_its_place(shelf, tmp_path):
    place = shelf.keep(RECIPE, wheel(tmp_path))
    place.write_bytes(b"PK")
    assert shelf.find(RECIPE) is None
    shelf.keep(RECIPE, wheel(tmp_path))
    assert shelf.find(RECIPE) == place


def test_wheel_that_cannot_be_copied_leaves_nothing(shelf, tmp_path):
    with pytest.raises(FolderUnusable):
        shelf.keep(RECIPE, tmp_path / "absent.whl")
    assert shelf.kept() == []
    assert list((shelf.folder / RECIPE).iterdir()) == []


def test_full_disk_is_told_and_leaves_nothing(shelf, tmp_path, monkeypatch):
    def fill(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fill)
    with pytest.raises(DiskFull) as told:
        shelf.keep(RECIPE, wheel(tmp_path))
    assert str(shelf.folder) in told.value.hint
    assert list((shelf.folder / RECIPE).iterdir()) == []


def test_folder_that_everybody_may_write_is_refused(tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels").chmod(0o777)
    with pytest.raises(FolderUnusable, match="every user may write"):
        Shelf(tmp_path).open()


def test_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "wheels").write_text("")
    with pytest.raises(FolderUnusable):
        Shelf(tmp_path).open()


def test_second_builder_waits_for_the_first(shelf):
    order, waits = [], threading.Event()

    def second():
        with shelf.hold(RECIPE, threading.Event(), waits.set):
            order.append("second")

    with shelf.hold(RECIPE, threading.Event(), nobody):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_builders_of_different_recipes_do_not_wait(shelf):
    with shelf.hold(RECIPE, threading.Event(), nobody), shelf.hold("other", threading.Event(), nobody):
        pass


def test_waiting_ends_when_it_is_stopped(shelf):
    stop = threading.Event()
    with (
        shelf.hold(RECIPE, threading.Event(), nobody),
        pytest.raises(Interrupted),
        shelf.hold(RECIPE, stop, stop.set),
    ):
        pass


def test_file_system_without_locks_builds_all_the_same(shelf, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with shelf.hold(RECIPE, threading.Event(), nobody):
        pass


def test_work_folder_is_gone_afterwards_also_after_a_failure(shelf):
    with suppress(ZeroDivisionError), shelf.work(RECIPE) as folder:
        (folder / "file").write_text("x")
        raise ZeroDivisionError
    assert not folder.exists()


def test_what_a_killed_builder_left_is_swept_by_the_next_and_nothing_else(shelf, tmp_path):
    with shelf.work("another-recipe-ffff0000") as others:
        left = shelf.folder / "work-abcd1234-killed"
        left.mkdir()
        place = shelf.keep(RECIPE, wheel(tmp_path))
        half = place.with_name(f".{NAME}.1.new")
        half.write_bytes(b"half")
        with shelf.hold(RECIPE, threading.Event(), nobody):
            assert not left.exists()
            assert not half.exists()
        assert others.exists()
    assert shelf.find(RECIPE) == place
