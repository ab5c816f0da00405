"""The words of `models create` as an order."""

from pathlib import Path

import pytest

from ollascope.engines.shown.orders import Making, order_of
from ollascope.words.errors import BadUsage


@pytest.fixture
def gguf(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.mark.parametrize(
    ("making", "complaint"),
    [
        (Making(name="m"), "not said what"),
        (Making(name="m", source="x", gguf=Path("a.gguf")), "one thing"),
        (Making(name="m", gguf=Path("/nowhere/a.gguf")), "no file"),
        (Making(name="m", modelfile=Path("/nowhere/Modelfile")), "is not there"),
        (Making(name="m", source="x", adapter=Path("/nowhere/lora")), "no file"),
    ],
)
def test_order_that_cannot_be_is_told(making, complaint):
    with pytest.raises(BadUsage) as caught:
        order_of(making)
    assert complaint in caught.value.message


def test_wrong_modelfile_is_told_with_its_line(tmp_path):
    path = tmp_path / "Modelfile"
    path.write_text("FROM x\nFORM y\n")
    with pytest.raises(BadUsage, match="line 2"):
        order_of(Making(name="m", modelfile=path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadUsage, match="no UTF-8 text"):
        order_of(Making(name="m", modelfile=path))


def test_ways_to_make_a_model(gguf, tmp_path):
    modelfile = tmp_path / "Modelfile"
    modelfile.write_text("FROM ./a.gguf\nSYSTEM be brief\n")
    assert order_of(Making(name="m", source="x", quantize="q4_K_M")).extra == {"from": "x", "quantize": "q4_K_M"}
    assert order_of(Making(name="m", gguf=gguf)).extra == {"files": {"a.gguf": str(gguf)}}
    made = order_of(Making(name="m", modelfile=modelfile, adapter=gguf)).extra
    assert made["files"] == {"a.gguf": str(gguf)}
    assert made["system"] == "be brief"
    assert made["adapters"] == {"a.gguf": str(gguf)}
