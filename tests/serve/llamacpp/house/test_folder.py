"""A folder of GGUF files as models: names, what the listing says, files that are none, changes while it is served."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.ollama_request import valid_name
from ollascope.serve.llamacpp.house.folder import Folder, name_of
from ollascope.words.errors import BadSettings, FolderUnusable, LoadFailed, ModelMissing
from tests.serve.llamacpp.rooms import put


@pytest.fixture
def place(tmp_path):
    return tmp_path / "models"


def names(folder):
    return [entry.name for entry in folder.entries()]


def test_place_that_is_not_there_is_refused(place):
    with pytest.raises(FolderUnusable, match="there is no"):
        Folder(place).check()


def test_folder_without_models_is_refused(place):
    place.mkdir()
    (place / "notes.txt").write_text("x")
    with pytest.raises(FolderUnusable, match=r"no file in it ends in \.gguf"):
        Folder(place).check()


def test_folder_whose_only_file_is_broken_says_what_is_wrong_with_it(place):
    place.mkdir()
    (place / "a.gguf").write_bytes(b"GGML....")
    with pytest.raises(LoadFailed, match=r"a\.gguf"):
        Folder(place).check()


def test_file_that_is_no_model_is_refused_by_name(place):
    place.mkdir()
    (place / "a.gguf").write_bytes(b"")
    with pytest.raises(LoadFailed, match=r"a\.gguf"):
        Folder(place / "a.gguf").check()


def test_wrong_listing_keeps_the_folder_from_being_served(place):
    put(place, "plain")
    (place / "models.yaml").write_text("models:\n  a:\n    contxt: 3\n")
    with pytest.raises(BadSettings, match="did you mean context"):
        Folder(place).check()


def test_unknown_name_is_missing_and_near_ones_are_told(place):
    with pytest.raises(ModelMissing) as caught:
        Folder(put(place, "plain")).find("plan")
    assert caught.value.hint == "did you mean plain:latest?"


def test_files_are_models_by_their_names(place):
    folder = Folder(put(place, "plain", "Other-7B.Q4=plain"))
    assert names(folder) == ["Other-7B.Q4:latest", "plain:latest"]
    assert folder.find("plain").path == place / "plain.gguf"
    assert folder.find("plain:latest") is folder.find("plain")


def test_listing_names_a_file_otherwise(place):
    put(place, "plain", "other=plain")
    (place / "models.yaml").write_text("models:\n  chat:1b:\n    file: plain.gguf\n    aliases: [default]\n")
    folder = Folder(place)
    assert names(folder) == ["chat:1b", "other:latest"]
    assert folder.find("default").name == "chat:1b"
    with pytest.raises(ModelMissing):
        folder.find("plain")


def test_model_of_another_backend_is_not_served(place):
    put(place, "plain")
    (place / "models.yaml").write_text("models:\n  far:\n    backends: [ollama]\n")
    assert names(Folder(place)) == ["plain:latest"]


def test_single_file_has_the_aliases_that_are_wanted(place):
    folder = Folder(put(place, "plain") / "plain.gguf", aliases=("demo",))
    assert folder.find("demo").name == "plain:latest"


def test_new_and_removed_files_are_seen(place):
    folder = Folder(put(place, "plain"))
    assert names(folder) == ["plain:latest"]
    put(place, "more=plain")
    os.utime(place, ns=(1, 1))
    assert names(folder) == ["more:latest", "plain:latest"]
    (place / "more.gguf").unlink()
    assert names(folder) == ["plain:latest"]


def test_digest_is_that_of_the_content(place):
    folder = Folder(put(place, "plain", "copy=plain", "other=scripted"))
    plain, copy, other = (folder.digest(folder.find(name)) for name in ("plain", "copy", "other"))
    assert plain == copy != other


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.gguf", "a:latest"),
        ("A b!c.GGUF", "A-b-c:latest"),
        (".hidden.gguf", "hidden:latest"),
        ("big-00001-of-00003.gguf", "big:latest"),
        ("big-00002-of-00003.gguf", None),
        ("模型.gguf", "model:latest"),
    ],
)
def test_names_of_files(place, file, name):
    assert name_of(place / file) == name


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_every_file_has_a_name_that_can_be_asked_for(tmp_path_factory, stem):
    name = name_of(tmp_path_factory.getbasetemp() / f"{stem}.gguf")
    assert name is None or valid_name(name)
