"""Models that are asked for in the browser."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.pages.making import NOWHERE, Stock, Wish, order_of_pull, order_of_wish
from ollascope.words.errors import BadUsage, ModelMissing, Trouble

STOCK = Stock(models=("qwen3:8b", "small:latest"), files={"own.gguf": Path("/data/models/own.gguf")})


def made(**said):
    return order_of_wish(Wish(**{"model": "new", "way": "modelfile", **said}), STOCK)


@pytest.mark.parametrize("path", ["/etc/passwd", "./own.gguf", "../own.gguf", "~/own.gguf", "/data/models/own.gguf"])
def test_path_in_a_modelfile_is_not_followed(path):
    with pytest.raises(BadUsage):
        made(modelfile=f"FROM {path}\n")


@pytest.mark.parametrize("command", ["ADAPTER /etc/passwd", "ADAPTER own.gguf", "DRAFT /etc/passwd"])
def test_file_beside_the_model_is_not_taken_from_this_machine(command):
    with pytest.raises(BadUsage):
        made(modelfile=f"FROM qwen3:8b\n{command}\n")


def test_file_that_is_there_is_not_found_by_its_path(tmp_path):
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    with pytest.raises(Trouble):
        made(modelfile=f"FROM {tmp_path}/secret\n")
    with pytest.raises(Trouble):
        made(way="file", source=f"{tmp_path}/secret")


@given(st.text(max_size=60))
def test_only_files_of_the_stock_are_ever_named(text):
    try:
        order = order_of_wish(Wish(model="new", way="modelfile", modelfile=f"FROM {text}"), STOCK)
    except Trouble:
        return
    files = order.extra.get("files", {})
    assert set(files.values()) <= {"/data/models/own.gguf"}
    assert "adapters" not in order.extra


def test_server_that_calls_a_model_like_a_path_gets_no_file():
    stock = Stock(models=("/etc/passwd", "~/x"), files={})
    for name in stock.models:
        with pytest.raises(BadUsage):
            order_of_wish(Wish(model="new", way="modelfile", modelfile=f"FROM {name}"), stock)


def test_nothing_lies_nowhere():
    assert not (NOWHERE / "anything").is_file()
    assert not NOWHERE.is_dir()


@pytest.mark.parametrize(
    "wish",
    [
        {"way": "model", "source": ""},
        {"way": "model", "source": "qwen3:8b\nADAPTER /etc/passwd"},
        {"modelfile": ""},
        {"modelfile": "PARAMETER temperature 1"},
        {"model": "a name with blanks", "modelfile": "FROM qwen3:8b"},
        {"model": "", "modelfile": "FROM qwen3:8b"},
        {"way": "model", "source": "qwen3:8b", "parameters": "temperature"},
    ],
)
def test_senseless_wish_is_refused(wish):
    with pytest.raises(BadUsage):
        made(**wish)


def test_model_that_is_not_there_is_named():
    with pytest.raises(ModelMissing, match="absent"):
        made(modelfile="FROM absent")


def test_model_is_made_from_a_model_with_parameters():
    order = made(
        way="model", source="small", system="Be brief.", parameters="temperature 0.5\n\n stop END \n", quantize="q8_0"
    )
    assert order.model == "new"
    assert order.extra == {
        "from": "small", "system": "Be brief.", "quantize": "q8_0", "parameters": {"temperature": 0.5, "stop": ["END"]},
    }  # fmt: skip


def test_model_is_made_from_a_file_of_the_folder():
    assert made(way="file", source="own.gguf").extra == {"files": {"own.gguf": "/data/models/own.gguf"}}
    assert made(modelfile="FROM own.gguf\nSYSTEM hello").extra == {
        "files": {"own.gguf": "/data/models/own.gguf"}, "system": "hello",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["evil.example/a/b", "localhost:5000/a/b", "10.0.0.1/a/b", "", "../x", "a b", "x\ny"])
def test_other_registries_are_not_asked(name):
    with pytest.raises(BadUsage):
        order_of_pull(name)


@pytest.mark.parametrize("name", ["qwen3", "qwen3:8b", "library/qwen3:8b", "hf.co/user/repo:Q4_K_M"])
def test_known_registries_are_asked(name):
    assert order_of_pull(name).model == name
