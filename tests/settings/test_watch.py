"""Hot reload: edits of every kind, refusals, and an end that is clean."""

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest
import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError

from ollascope.settings.addresses import Addresses
from ollascope.settings.load import Settings, Sources, load
from ollascope.settings.watch import Commit, Watch, changes
from ollascope.words.errors import BadSettings
from ollascope.words.setting import Secret, setting

SECTIONS = {
    "data": "ollascope.settings.data:Data",
    "addresses": "ollascope.settings.addresses:Addresses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A section with a secret."""

    token: Secret = setting(Secret(""), "m")


def page(port: int) -> str:
    return f"addresses:\n  gateway: {port}\n"


def watch_of(file: Path, notices: list[str], *, required: bool = True, look_seconds: float = 30) -> Watch:
    sources = Sources(file=file, required=required)
    current = load(SECTIONS, sources)
    return Watch(SECTIONS, sources, current, notice=notices.append, look_seconds=look_seconds)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "conf" / "settings.yaml"
    file.parent.mkdir()
    file.write_text(page(1))
    return file


def gateway(watch: Watch) -> int:
    return watch.current.of(Addresses).gateway


@contextmanager
def following(watch: Watch) -> Iterator[None]:
    with watch:
        time.sleep(0.05)
        yield


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- one reload, without a thread


def test_reload_without_a_change_asks_nobody(file: Path) -> None:
    watch, asked = watch_of(file, []), list[object]()
    watch.listen(lambda _old, _new: asked.append(1))
    file.write_text(page(1) + "# a comment\n")
    assert not watch.reload()
    assert asked == []


def test_change_is_shown_to_every_listener_before_it_is_in_force_and_committed_after(file: Path) -> None:
    watch, seen = watch_of(file, []), list[tuple[str, int, int]]()

    def prepare(old: Settings, new: Settings) -> Commit:
        seen.append(("prepare", old.of(Addresses).gateway, gateway(watch)))
        return lambda: seen.append(("commit", new.of(Addresses).gateway, gateway(watch)))

    watch.listen(prepare)
    watch.listen(lambda _old, _new: None)
    file.write_text(page(2))
    assert watch.reload()
    assert seen == [("prepare", 1, 1), ("commit", 2, 2)]


def test_listener_that_refuses_keeps_the_old_settings_for_everyone(file: Path) -> None:
    notices: list[str] = []
    watch, committed = watch_of(file, notices), list[int]()

    def refuse(_old: Settings, _new: Settings) -> None:
        raise BadSettings("port 2 cannot be opened", hint="choose another")

    watch.listen(lambda _old, _new: lambda: committed.append(1))
    watch.listen(refuse)
    file.write_text(page(2))
    assert not watch.reload()
    assert (gateway(watch), committed) == (1, [])
    assert notices == ["port 2 cannot be opened — choose another; the running settings stay"]


def test_broken_edit_keeps_the_running_settings_and_says_why_in_one_line(file: Path) -> None:
    notices: list[str] = []
    watch = watch_of(file, notices)
    file.write_text("addresses:\n  gateway: x\n  hots: y\n")
    assert not watch.reload()
    assert gateway(watch) == 1
    (line,) = notices
    assert line.startswith(f'{file}:2: addresses.gateway: "x" is not a whole number (and 1 more mistake')
    assert "\n" not in line


def test_emptied_file_counts_as_a_broken_edit(file: Path) -> None:
    notices: list[str] = []
    watch = watch_of(file, notices)
    file.write_text("")
    assert not watch.reload()
    assert gateway(watch) == 1
    assert "is empty" in notices[0]


def test_required_file_that_went_away_counts_as_a_broken_edit(file: Path) -> None:
    notices: list[str] = []
    watch = watch_of(file, notices)
    file.unlink()
    assert not watch.reload()
    assert "there is no such file" in notices[0]


def test_usual_file_that_was_removed_brings_the_defaults_back(file: Path) -> None:
    watch = watch_of(file, [], required=False)
    file.unlink()
    assert watch.reload()
    assert gateway(watch) == Addresses().gateway


def test_listener_with_a_bug_is_not_hushed(file: Path) -> None:
    watch = watch_of(file, [])

    def broken(_old: Settings, _new: Settings) -> None:
        raise ZeroDivisionError

    watch.listen(broken)
    file.write_text(page(2))
    with pytest.raises(ZeroDivisionError):
        watch.reload()
    assert gateway(watch) == 1


def test_changes_names_each_key_that_differs(file: Path) -> None:
    old = load(SECTIONS, Sources(file=file))
    new = load(SECTIONS, Sources(file=file, assignments=("addresses.monitor=5", "addresses.gateway=1")))
    assert [(a.value, b.value) for a, b in changes(old, new) if a and b] == [("9464", "5")]


# --- following the file


def test_edit_in_place_comes_into_force(file: Path) -> None:
    watch = watch_of(file, [])
    with following(watch):
        file.write_text(page(2))
        wait_until(lambda: gateway(watch) == 2)


def test_atomic_replace_by_an_editor_comes_into_force(file: Path) -> None:
    watch = watch_of(file, [])
    with following(watch):
        for port in (2, 3):
            beside = file.with_suffix(".new")
            beside.write_text(page(port))
            beside.replace(file)
            wait_until(lambda port=port: gateway(watch) == port)  # type: ignore[misc]


def test_editor_that_moves_the_old_file_away_first_causes_no_notice(file: Path) -> None:
    notices: list[str] = []
    watch = watch_of(file, notices)
    with following(watch):
        file.rename(file.with_suffix(".bak"))
        for _ in range(4):  # longer than the silence that ends a change
            time.sleep(0.05)
        file.write_text(page(2))
        wait_until(lambda: gateway(watch) == 2)
    assert notices == []


def test_symlink_swap_as_kubernetes_does_it_comes_into_force(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    for number in (1, 2, 3):
        (mount / f"..{number}").mkdir(parents=True)
        (mount / f"..{number}" / "settings.yaml").write_text(page(number))
    (mount / "..data").symlink_to("..1")
    (mount / "settings.yaml").symlink_to("..data/settings.yaml")
    watch = watch_of(mount / "settings.yaml", [])
    with following(watch):
        for number in (2, 3):
            (mount / "..data_tmp").symlink_to(f"..{number}")
            (mount / "..data_tmp").replace(mount / "..data")
            wait_until(lambda number=number: gateway(watch) == number)  # type: ignore[misc]


def test_edit_of_the_file_that_a_link_leads_to_comes_into_force(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "settings.yaml"
    link.parent.mkdir()
    link.symlink_to(file)
    watch = watch_of(link, [])
    with following(watch):
        file.write_text(page(2))
        wait_until(lambda: gateway(watch) == 2)


def test_file_that_appears_later_comes_into_force(tmp_path: Path) -> None:
    file = tmp_path / "later" / "settings.yaml"
    watch = watch_of(file, [], required=False, look_seconds=0.05)
    with following(watch):
        file.parent.mkdir()
        file.write_text(page(2))
        wait_until(lambda: gateway(watch) == 2)


def test_folder_that_is_made_anew_is_followed_again(file: Path) -> None:
    watch = watch_of(file, [], look_seconds=0.05)
    with following(watch):
        file.unlink()
        file.parent.rmdir()
        time.sleep(0.05)
        file.parent.mkdir()
        file.write_text(page(2))
        wait_until(lambda: gateway(watch) == 2)


def test_edit_between_loading_and_following_is_not_missed(file: Path) -> None:
    watch = watch_of(file, [])
    file.write_text(page(2))
    with watch:
        wait_until(lambda: gateway(watch) == 2)


def test_broken_edit_is_told_once_and_the_next_good_one_comes_into_force(file: Path) -> None:
    notices: list[str] = []
    watch = watch_of(file, notices, look_seconds=0.05)
    with following(watch):
        file.write_text("addresses: [\n")
        wait_until(lambda: bool(notices))
        time.sleep(0.05)
        os.utime(file)
        file.write_text(page(2))
        wait_until(lambda: gateway(watch) == 2)
    assert len(notices) == 1


def test_new_secret_in_its_file_comes_into_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, file = tmp_path / "secrets" / "token", tmp_path / "conf" / "s.yaml"
    secret.parent.mkdir()
    secret.write_text("canary-1")
    file.parent.mkdir()
    file.write_text(f"door:\n  token_file: {secret}\n")
    monkeypatch.setitem(SECTIONS, "door", f"{__name__}:Door")
    watch = watch_of(file, [])
    with following(watch):
        secret.write_text("canary-2")
        wait_until(lambda: watch.current.of(Door).token.reveal() == "canary-2")


def test_closing_ends_the_thread_and_may_be_repeated(file: Path) -> None:
    before = threading.active_count()
    watch = watch_of(file, [])
    watch.close()
    watch = watch_of(file, [])
    with following(watch):
        assert threading.active_count() == before + 1
    watch.close()
    assert threading.active_count() == before


def test_settings_without_a_file_can_be_followed_too() -> None:
    sources = Sources()
    with Watch(SECTIONS, sources, load(SECTIONS, sources)) as watch:
        assert watch.current.of(Addresses) == Addresses()


# --- when the system cannot tell of changes


def test_file_is_looked_at_from_time_to_time_while_the_system_can_tell_of_no_change(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices, real, able = list[str](), watchfiles.watch, threading.Event()
    troubles = cycle([OSError(errno.ENOSPC, "No space left on device"), WatchfilesRustInternalError("too many files")])

    def refuse(*folders: Path, **options: object) -> Iterator[object]:
        if not able.is_set():
            raise next(troubles)
        yield from real(*folders, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watchfiles, "watch", refuse)
    watch = watch_of(file, notices, look_seconds=0.05)
    with following(watch):
        for port in (2, 3):
            file.write_text(page(port))
            wait_until(lambda port=port: gateway(watch) == port)  # type: ignore[misc]
        able.set()
        wait_until(lambda: not watch._deaf)
        file.write_text(page(4))
        wait_until(lambda: gateway(watch) == 4)
    (line,) = notices
    assert line.startswith("the system cannot tell when settings change (")
    assert "every 0.05 s" in line


FEW_FILES = """
import os, resource, sys, time
from pathlib import Path
from ollascope.settings.addresses import Addresses
from ollascope.settings.load import Sources, load
from ollascope.settings.watch import Watch
sections, file, notices = {"addresses": "ollascope.settings.addresses:Addresses"}, Path(sys.argv[1]), []
sources = Sources(file=file)
watch = Watch(sections, sources, load(sections, sources), notice=notices.append, look_seconds=0.05)
free = os.dup(0)
os.close(free)
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, free + 1))
with watch:
    deadline = time.monotonic() + 20
    while not notices and time.monotonic() < deadline:
        time.sleep(0.02)
    file.write_text("addresses: {gateway: 2}")
    while watch.current.of(Addresses).gateway != 2 and time.monotonic() < deadline:
        time.sleep(0.02)
print(watch.current.of(Addresses).gateway, len(notices), notices)
"""


def test_program_that_may_open_no_more_files_follows_all_the_same(file: Path) -> None:
    command = [sys.executable, "-c", FEW_FILES, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("2 ")
    assert "the system cannot tell when settings change" in done.stdout


def test_listener_whose_bug_is_an_operating_system_error_is_not_taken_for_deafness(file: Path) -> None:
    notices: list[str] = []
    watch, raised = watch_of(file, notices), list[object]()

    def broken(_old: Settings, _new: Settings) -> None:
        raise OSError("a bug")

    before, threading.excepthook = threading.excepthook, lambda given: raised.append(given.exc_value)
    try:
        watch.listen(broken)
        with following(watch):
            file.write_text(page(2))
            wait_until(lambda: bool(raised))
    finally:
        threading.excepthook = before
    assert notices == []
