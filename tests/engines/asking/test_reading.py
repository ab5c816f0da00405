"""What comes with a question is checked before it is sent."""

import io
import json

import pytest

from ollascope.engines.asking import reading
from ollascope.engines.asking.reading import checked, read_image, read_piped, read_schema, read_text
from ollascope.words.errors import BadUsage

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\xff\xfe\x00h", "no UTF-8 text (byte 0)"),
        (b"abc\x80", "no UTF-8 text (byte 3)"),
        (b"a\0b", "NUL"),
        (PNG, "no UTF-8 text"),
    ],
)
def test_binary_input_is_no_question(data, complaint):
    with pytest.raises(BadUsage) as caught:
        read_piped(io.BytesIO(data))
    assert complaint in caught.value.message
    assert "--image" in caught.value.hint


def test_input_without_an_end_is_not_read_to_it(monkeypatch):
    monkeypatch.setattr(reading, "MOST_TEXT", 1 << 20)
    with pytest.raises(BadUsage) as caught:
        read_piped(io.BytesIO(b"x" * ((1 << 20) + 1)))
    assert "more than 1 MiB" in caught.value.message


def test_text_loses_only_its_byte_order_mark():
    assert read_piped(io.BytesIO("\ufeffäöü 你好\n".encode())) == "äöü 你好\n"
    assert read_piped(io.BytesIO(b"")) == ""


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("a photo"), "is no image"),
        (lambda path: path.write_bytes(b"RIFF1234WAVE"), "is no image"),
    ],
)
def test_image_that_is_none_is_told(tmp_path, make, complaint):
    path = tmp_path / "photo.png"
    make(path)
    with pytest.raises(BadUsage) as caught:
        read_image(path)
    assert complaint in caught.value.message
    assert str(path) in caught.value.message


def test_file_of_endless_length_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_IMAGE", 1 << 20)
    path = tmp_path / "huge.png"
    path.write_bytes(PNG)
    with path.open("r+b") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(BadUsage, match="more than 1 MiB"):
        read_image(path)
    with pytest.raises(BadUsage, match="no plain file"):
        read_image(tmp_path.__class__("/dev/zero"))


def test_image_travels_as_base64(tmp_path):
    for number, data in enumerate((PNG, b"\xff\xd8\xff\xe0rest", b"RIFF1234WEBPVP8 ", b"GIF89a...")):
        path = tmp_path / f"{number}.png"
        path.write_bytes(data)
        assert read_image(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "line 1, column 2"),
        ('{"type":\n nonsense}', "line 2, column 2"),
        ("[1, 2]", "no JSON object"),
        ('"json"', "no JSON object"),
        ("[" * 100_000, "no JSON"),
        ("1" * 10_000, "no JSON"),
    ],
)
def test_schema_that_is_none_is_told(tmp_path, text, complaint):
    path = tmp_path / "schema.json"
    path.write_text(text)
    with pytest.raises(BadUsage) as caught:
        read_schema(path)
    assert complaint in caught.value.message
    assert '"type": "object"' in caught.value.hint


def test_schema_is_read(tmp_path):
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"type": "object"}))
    assert read_schema(path) == {"type": "object"}
    assert read_text(path, 100) == '{"type": "object"}'


def test_words_that_are_no_text_are_told():
    assert checked("café", "the question") == "café"
    with pytest.raises(BadUsage, match="the question is no UTF-8 text"):
        checked("caf\udce9", "the question")
