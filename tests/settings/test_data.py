"""The data folder: where it is, how it is made ours, and what purge must never remove."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ollascope.settings.data import (
    MARKER,
    MARKER_TEXT,
    PLACES,
    SETTINGS_FILE,
    Size,
    create,
    keep_from_purge,
    measure,
    remove,
    user_home,
    usual_cache,
    usual_folder,
)
from ollascope.words.errors import FolderUnusable

NOBODY = frozenset({""})


def made(folder: Path) -> Path:
    create(folder)
    return folder


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({"HOME": "/h"}, "linux", "/h/.local/share/ollascope"),
        ({"HOME": "/h", "XDG_DATA_HOME": "/x"}, "linux", "/x/ollascope"),
        ({"HOME": "/h", "XDG_DATA_HOME": "relative"}, "linux", "/h/.local/share/ollascope"),
        ({"HOME": "/h", "XDG_DATA_HOME": ""}, "linux", "/h/.local/share/ollascope"),
        ({"HOME": "/h", "XDG_DATA_HOME": "/x"}, "darwin", "/h/Library/Application Support/ollascope"),
    ],
)
def test_usual_folder_is_the_platforms(environ: dict[str, str], platform: str, folder: str) -> None:
    assert usual_folder(environ, platform) == Path(folder)


def test_usual_folder_without_a_home_variable_is_the_users() -> None:
    assert usual_folder({}, "linux") == Path(user_home()) / ".local/share/ollascope"
    assert usual_folder({"HOME": "relative"}, "linux") is None


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({"HOME": "/h"}, "linux", "/h/.cache/ollascope"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "linux", "/x/ollascope"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "linux", "/h/.cache/ollascope"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "darwin", "/h/Library/Caches/ollascope"),
    ],
)
def test_usual_cache_is_the_platforms(environ: dict[str, str], platform: str, folder: str) -> None:
    assert usual_cache(environ, platform) == Path(folder)


def test_user_without_a_home_has_no_cache() -> None:
    assert usual_cache({"HOME": "relative"}, "linux") is None


def test_created_folder_is_closed_to_others_and_marked(tmp_path: Path) -> None:
    folder = made(tmp_path / "a" / "b")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / MARKER).stat().st_mode & 0o777 == 0o600
    create(folder)


def test_empty_folder_of_ours_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    (folder / "lost+found").mkdir(parents=True)
    assert (made(folder) / MARKER).read_text() == MARKER_TEXT


def test_folder_that_was_there_stays_as_open_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    assert made(shared).stat().st_mode & 0o777 == 0o755


def test_folder_of_another_program_with_our_names_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir(mode=0o755)
    for place in PLACES[1:]:
        (folder / place.name).mkdir()
    (folder / SETTINGS_FILE.name).write_text("theirs")
    with pytest.raises(FolderUnusable, match="not marked as Ollascope's and holds other things: alerts, dashboard"):
        create(folder)
    assert not (folder / MARKER).exists()


def test_settings_file_in_force_may_lie_in_a_folder_that_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    (folder / SETTINGS_FILE.name).write_text("")
    for in_force in (None, tmp_path / "settings.yaml", tmp_path / "a\0b"):
        with pytest.raises(FolderUnusable, match=r"other things: settings\.yaml"):
            create(folder, in_force=in_force)
    create(folder, in_force=tmp_path / "link" / SETTINGS_FILE.name)
    assert (folder / MARKER).exists()


@pytest.mark.parametrize("text", ["", MARKER_TEXT[:20]])
def test_mark_that_a_full_disk_cut_off_is_written_whole(text: str, tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text(text)
    (tmp_path / "home").rmdir()
    create(tmp_path)
    assert (tmp_path / MARKER).read_text() == MARKER_TEXT


@pytest.mark.parametrize("text", ["", "their own mark\n", MARKER_TEXT + "x", None])
def test_mark_counts_only_with_our_words(text: str | None, tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (folder / MARKER).unlink()
    os.mkfifo(folder / MARKER) if text is None else (folder / MARKER).write_text(text)
    (folder / "logs").mkdir()
    with pytest.raises(FolderUnusable, match="not marked as Ollascope's"):
        create(folder)
    with pytest.raises(FolderUnusable, match=r"has no \.ollascope file of ours"):
        keep_from_purge(folder, NOBODY)


def test_folder_with_other_things_is_not_taken(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d\n"):
        (tmp_path / "d" / name).mkdir(parents=True)
    with pytest.raises(FolderUnusable, match="other things: a, b, c and 1 more"):
        create(tmp_path / "d")
    assert not (tmp_path / "d" / MARKER).exists()


def test_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(FolderUnusable, match="is a file"):
        create(tmp_path / "f")
    with pytest.raises(FolderUnusable, match="lies under a file"):
        create(tmp_path / "f" / "d")
    with pytest.raises(FolderUnusable, match="not a path"):
        create(tmp_path / "a\0b")
    with pytest.raises(FolderUnusable, match="cannot be used"):
        create(tmp_path / ("x" * 300))


def test_folder_that_nobody_can_make_is_told() -> None:
    with pytest.raises(FolderUnusable):
        create(Path("/proc/ollascope"))


def test_size_counts_files_and_never_follows_links(tmp_path: Path) -> None:
    (tmp_path / "d" / "in").mkdir(parents=True)
    (tmp_path / "d" / "in" / "a").write_bytes(b"x" * 1000)
    (tmp_path / "d" / "loop").symlink_to(tmp_path)
    link = len(os.fsencode(tmp_path))
    assert measure(tmp_path / "d") == Size(files=2, bytes=1000 + link)
    assert measure(tmp_path / "d/in/a") == Size(files=1, bytes=1000)
    assert measure(tmp_path / "none") == Size(files=0, bytes=0)


def test_our_folder_may_be_purged_with_all_that_is_in_its_places(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (folder / PLACES[0].name).mkdir()
    (folder / PLACES[0].name / "deep").write_text("")
    assert remove(folder, keep_from_purge(folder, NOBODY))
    assert not folder.exists()


def test_folders_that_must_stay_are_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    foreign = made(tmp_path / "foreign")
    (foreign / "letters").write_text("")
    home = made(tmp_path / "someone" / "files")
    (tmp_path / "link").symlink_to(made(tmp_path / "ours"))
    linked = made(tmp_path / "linked-marker")
    (linked / MARKER).unlink()
    (linked / MARKER).symlink_to(tmp_path / "ours" / MARKER)
    homes = frozenset({str(home), ""})
    reasons = {
        Path("/"): "root",
        home: "home folder",
        home.parent: "above one",
        tmp_path / "link": "symbolic link",
        tmp_path / "link" / "..": "above one",
        plain: "has no .ollascope file of ours",
        linked: "has no .ollascope file of ours",
        foreign: "not Ollascope's: letters",
        tmp_path / "none": "is not there",
    }
    for folder, reason in reasons.items():
        with pytest.raises(FolderUnusable, match=reason):
            keep_from_purge(folder, homes)


def test_removing_does_not_follow_links_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    folder = made(tmp_path / "d")
    (folder / PLACES[0].name).symlink_to(tmp_path / "mine")
    remove(folder, keep_from_purge(folder, NOBODY))
    assert (tmp_path / "mine" / "letter").read_text() == "dear"


def test_folder_of_a_mounted_disk_is_emptied_and_stays(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (folder / "lost+found").mkdir()
    assert not remove(folder, keep_from_purge(folder, NOBODY))
    assert [path.name for path in folder.iterdir()] == ["lost+found"]


def test_folder_that_was_exchanged_meanwhile_is_not_touched(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    seen = keep_from_purge(folder, NOBODY)
    folder.rename(tmp_path / "old")
    folder.symlink_to("old")
    with pytest.raises(FolderUnusable, match="was replaced by something else"):
        remove(folder, seen)
    folder.unlink()
    other = made(tmp_path / "other")
    (other / "logs").mkdir()
    folder.symlink_to(other)
    with pytest.raises(FolderUnusable, match="was replaced by something else"):
        remove(folder, seen)
    folder.unlink()
    other.rename(folder)
    with pytest.raises(FolderUnusable, match="was replaced by something else"):
        remove(folder, seen)
    assert (folder / "logs").is_dir()


def test_what_appears_after_the_check_stays_and_nothing_else_is_removed(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    seen = keep_from_purge(folder, NOBODY)
    (folder / "thesis").mkdir()
    (folder / "logs").mkdir()
    with pytest.raises(FolderUnusable, match="not Ollascope's: thesis"):
        remove(folder, seen)
    assert sorted(path.name for path in folder.iterdir()) == [MARKER, "logs", "thesis"]


def test_folder_above_which_nothing_may_be_changed_is_emptied_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path / "d")

    def refuse(_path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rmdir", refuse)
    assert not remove(folder, keep_from_purge(folder, NOBODY))
    assert list(folder.iterdir()) == []


MOUNTING = """
import sys
from pathlib import Path
from ollascope.settings.data import keep_from_purge, remove
folder = Path(sys.argv[1])
try:
    print(remove(folder, keep_from_purge(folder, frozenset())))
except Exception as error:
    print(error.message)
"""


def purged_among_mounts(folder: Path, mount: str) -> str:
    """What comes of a removal in a world where `mount` was run; only this one process sees that world."""
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && exec "$0" -c "$1" "$2"']
    done = subprocess.run(
        [*command, sys.executable, MOUNTING, str(folder)], capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    return done.stdout.strip()


def test_folder_with_a_file_of_the_same_disk_mounted_in_it_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (tmp_path / "mine").write_text("dear")
    (folder / "settings.yaml").write_text("")
    told = purged_among_mounts(folder, f"mount --bind {tmp_path}/mine {folder}/settings.yaml")
    assert told == f"folder {folder} has another disk or folder mounted in it: {folder}/settings.yaml"
    assert (folder / MARKER).exists()


def test_folder_with_a_folder_mounted_deep_in_it_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    (folder / "logs" / "a b").mkdir(parents=True)
    told = purged_among_mounts(folder, f"mount --bind {tmp_path}/mine '{folder}/logs/a b'")
    assert told.endswith(f"mounted in it: {folder}/logs/a b")
    assert (tmp_path / "mine" / "letter").read_text() == "dear"


def test_folder_that_is_a_mount_itself_is_emptied_and_stays(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (folder / "logs").mkdir()
    assert purged_among_mounts(folder, f"mount --bind {folder} {folder}") == "False"
    assert list(folder.iterdir()) == []
