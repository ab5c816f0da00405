"""GGUF files in the folder of models."""

from pathlib import Path

from ollascope.engines.pages.files import About, Files
from ollascope.words.errors import LoadFailed


def files(folder, read=lambda _: About(architecture="qwen3", quantisation="F16")):
    return Files(folder=folder, read=read)


def test_folder_that_is_not_there_has_no_files(tmp_path):
    assert files(tmp_path / "nothing").list() == ()


def test_links_folders_and_other_files_are_left_out(tmp_path):
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    (tmp_path / "note.txt").write_bytes(b"x")
    (tmp_path / "folder.gguf").mkdir()
    (tmp_path / "link.gguf").symlink_to("/etc/passwd")
    (tmp_path / "turned\u202e.gguf").write_bytes(b"GGUF")
    assert [file.name for file in files(tmp_path).list()] == ["own.gguf"]


def test_file_that_cannot_be_read_tells_why_without_its_folder(tmp_path):
    (tmp_path / "own.gguf").write_bytes(b"x")

    def read(path: Path) -> About:
        raise LoadFailed(f"{path}: this is no GGUF file", hint="name another")

    assert files(tmp_path, read).list()[0].about.trouble == "this is no GGUF file"


def test_file_is_read_again_only_when_it_is_another(tmp_path):
    seen = []
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF")
    shelf = files(tmp_path, lambda path: seen.append(path) or About())
    shelf.list()
    shelf.list()
    assert len(seen) == 1
    path.write_bytes(b"GGUF and more")
    assert shelf.list()[0].size_bytes == 13
    assert len(seen) == 2
