"""What lies where and how big it is."""

from ollascope.checks.pages.places import KEPT, store_of
from ollascope.settings.data import spots
from ollascope.settings.load import Sources, load
from ollascope.wire import SECTIONS


def settings_at(folder, **more):
    return load(SECTIONS, Sources(data_folder=folder, **more))


def test_folder_that_is_not_there_holds_nothing(tmp_path):
    store = store_of(settings_at(tmp_path / "none"))
    assert (store.files, store.bytes, store.free) == (0, 0, None)
    assert {place.bytes for place in store.places} == {None}


def test_largest_comes_first_with_its_share(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_bytes(b"x" * 300)
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "b").write_bytes(b"x" * 100)
    store = store_of(settings_at(tmp_path))
    assert [(place.name, place.files, place.bytes, place.share) for place in store.places[:2]] == [
        ("logs", 1, 300, 0.75), ("ledger", 1, 100, 0.25),
    ]  # fmt: skip
    assert store.bytes == 400
    assert store.free is not None


def test_settings_file_elsewhere_is_told(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("ledger:\n  calls_days: 7\n")
    store = store_of(settings_at(tmp_path / "data", file=file))
    assert (store.places[-1].name, store.places[-1].path, store.places[-1].share) == ("settings file", str(file), None)


def test_page_and_command_tell_of_the_same_places(tmp_path):
    settings = settings_at(tmp_path)
    told = {place.path for place in store_of(settings).places}
    assert told | {str(tmp_path)} == {str(spot.path) for spot in spots(tmp_path, settings.file)}


def test_settings_about_keeping_exist():
    known = {entry.key for entry in settings_at(None, environ={"HOME": "/home/x"}).entries()}
    assert set(KEPT) <= known
