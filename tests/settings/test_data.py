"""The data folder: where it is, how it is made ours, and what purge must never remove."""

import os
from pathlib import Path

import pytest

from ollascope.settings.data import (
    MARKER,
    PLACES,
    Size,
    create,
    keep_from_purge,
    measure,
    remove,
    user_home,
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


def test_created_folder_is_closed_to_others_and_marked(tmp_path: Path) -> None:
    folder = made(tmp_path / "a" / "b")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / MARKER).stat().st_mode & 0o777 == 0o600
    create(folder)


def test_empty_folder_of_ours_is_taken_and_closed(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir(mode=0o755)
    (folder / "lost+found").mkdir()
    (folder / PLACES[0].name).write_text("")
    assert made(folder).stat().st_mode & 0o777 == 0o700


def test_folder_with_other_things_is_not_taken(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d\n"):
        (tmp_path / "d" / name).mkdir(parents=True)
    with pytest.raises(FolderUnusable, match="not Ollascope's: a, b, c and 1 more"):
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
    keep_from_purge(folder, NOBODY)
    assert remove(folder)
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
        plain: "has no .ollascope file",
        linked: "has no .ollascope file",
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
    remove(folder)
    assert (tmp_path / "mine" / "letter").read_text() == "dear"


def test_folder_of_a_mounted_disk_is_emptied_and_stays(tmp_path: Path) -> None:
    folder = made(tmp_path / "d")
    (folder / "lost+found").mkdir()
    assert not remove(folder)
    assert [path.name for path in folder.iterdir()] == ["lost+found"]
