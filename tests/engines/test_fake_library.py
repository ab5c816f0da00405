"""The fake's models: what is told of them, and orders about them."""

import pytest

from ollascope.apis.models import Order
from ollascope.engines.fake.library import Blob, Library, full_name
from ollascope.words.errors import BadUsage, DiskFull, LoadFailed, ModelMissing, QuantisationFailed

DIGEST = "sha256:" + "1" * 64


def library(*names):
    return Library(names or ("scripted", "vectors"), wall=lambda: 1)


def done(steps):
    return [step.status for step in steps][-1] == "success"


@pytest.mark.parametrize(
    ("name", "full"),
    [("a", "a:latest"), ("a:b", "a:b"), ("host:80/lib/a", "host:80/lib/a:latest"), ("no name!!", "no name!!")],
)
def test_name_without_a_tag_is_the_latest(name, full):
    assert full_name(name) == full


def test_copy_can_do_what_its_source_can():
    found = library()
    found.copy("vectors", "other")
    assert found.find("other").able.embeds


def test_deleted_model_is_gone():
    found = library()
    assert found.delete("scripted") == "scripted:latest"
    with pytest.raises(ModelMissing):
        found.find("scripted")


@pytest.mark.parametrize("action", ["copy", "delete", "card", "model"])
def test_orders_about_unknown_models_are_refused(action):
    call = {"copy": lambda found: found.copy("no", "x"), "delete": lambda found: found.delete("no"),
            "card": lambda found: found.card("no"), "model": lambda found: found.model("no")}[action]  # fmt: skip
    with pytest.raises(ModelMissing):
        call(library())


def test_pulled_model_is_there_only_after_success():
    found = library()
    steps = found.pull(Order(model="new"))
    next(steps)
    with pytest.raises(ModelMissing):
        found.find("new")
    assert done(steps)
    assert found.find("new").able.chats


def test_pull_of_what_does_not_exist_fails():
    with pytest.raises(ModelMissing):
        list(library().pull(Order(model="lib/absent")))


def test_model_is_made_from_another_or_from_a_file():
    found = library()
    found.blobs[DIGEST] = Blob(size=9, start=b"GGUF")
    assert done(found.create(Order(model="poet", extra={"from": "vectors"})))
    assert done(found.create(Order(model="own", extra={"files": {"a.gguf": DIGEST}})))
    assert found.find("poet").able.embeds
    assert found.find("own").able.chats


@pytest.mark.parametrize(
    ("start", "more", "error"),
    [(b"GGUF", {"quantize": "q9_9"}, QuantisationFailed), (b"PK..", {}, LoadFailed), (None, {}, BadUsage)],
)
def test_file_that_cannot_be_used_makes_no_model(start, more, error):
    found = library()
    if start:
        found.blobs[DIGEST] = Blob(size=9, start=start)
    with pytest.raises(error):
        list(found.create(Order(model="own", extra={"files": {"a": DIGEST}, **more})))
    with pytest.raises(ModelMissing):
        found.find("own")


def test_file_must_be_what_its_name_says():
    with pytest.raises(BadUsage):
        library().take_blob(DIGEST, b"GGUF", 4, "sha256:" + "2" * 64)


def test_nobody_fills_the_memory_with_models():
    found = library()
    for number in range(998):
        found.copy("scripted", f"m{number}")
    with pytest.raises(DiskFull):
        found.copy("scripted", "one too many")


def test_huge_name_is_refused_at_once_and_not_repeated():
    with pytest.raises(ModelMissing) as caught:
        library().find("x" * 10_000_000)
    assert len(caught.value.message) < 1000
