"""Files sent to a folder of our own: whole or not there, models only if they are some; other folders stay."""

import hashlib
import json

import pytest

from ollascope.pipe import run
from tests.serve.fronts import ask
from tests.serve.llamacpp.rooms import model, opened, put

pytestmark = pytest.mark.usefixtures("llama")


@pytest.fixture
def play(tmp_path):
    def perform(scene, *, own=True):
        async def whole():
            async with opened(put(tmp_path / "models"), own=own) as serving:
                await scene(serving)

        run(whole())

    return perform


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


async def send(serving, data, name=None):
    return (await ask(serving.address, "POST", f"/api/blobs/{name or digest(data)}", data)).status


async def create(serving, name, data):
    body = {"model": name, "files": {"model.gguf": digest(data)}}
    heard = await ask(serving.address, "POST", "/api/create", body)
    return [json.loads(line) for line in heard.body.splitlines()]


def test_file_whose_name_is_not_its_hash_is_refused_and_not_kept(play, tmp_path):
    async def scene(serving):
        assert await send(serving, b"content", digest(b"other")) == 400
        assert await send(serving, b"content", "sha256:no") == 400
        assert await send(serving, b"content", "sha256:../../../../etc/passwd") in {400, 404}
        assert list((tmp_path / "models" / "blobs").iterdir()) == []

    play(scene)


def test_file_that_is_no_model_becomes_none(play):
    async def scene(serving):
        assert await send(serving, b"content") == 201
        assert "error" in (await create(serving, "new", b"content"))[-1]
        assert (await ask(serving.address, "HEAD", f"/api/blobs/{digest(b'content')}")).status == 200
        assert (await ask(serving.address, "HEAD", f"/api/blobs/{digest(b'absent')}")).status == 404

    play(scene)


def test_file_that_was_not_sent_is_told(play):
    async def scene(serving):
        [*_, last] = await create(serving, "new", b"never sent")
        assert "no such file" in last["error"]

    play(scene)


@pytest.mark.parametrize("name", ["a/b", "a:1b", "scripted"])
def test_name_that_can_be_no_new_file_is_refused(play, name):
    async def scene(serving):
        await send(serving, model("plain"))
        assert "error" in (await create(serving, name, model("plain")))[-1]

    play(scene)


def test_created_model_is_deleted_with_what_was_sent_for_it(play, tmp_path):
    async def scene(serving):
        await send(serving, model("plain"))
        assert (await create(serving, "new", model("plain")))[-1] == {"status": "success"}
        assert (await ask(serving.address, "DELETE", "/api/delete", {"model": "new"})).status == 200
        assert [path.name for path in (tmp_path / "models").iterdir() if path.is_file()] == ["scripted.gguf"]
        assert list((tmp_path / "models" / "blobs").iterdir()) == []

    play(scene)


def test_folder_of_somebody_else_is_not_changed(play, tmp_path):
    async def scene(serving):
        assert await send(serving, model("plain")) == 403
        assert (await ask(serving.address, "DELETE", "/api/delete", {"model": "scripted"})).status == 403
        copied = {"source": "scripted", "destination": "second"}
        assert (await ask(serving.address, "POST", "/api/copy", copied)).status == 403
        assert [path.name for path in (tmp_path / "models").iterdir()] == ["scripted.gguf"]

    play(scene, own=False)
