"""Sealed files in members: any gzip reads them, and one member is found and opened without the others."""

import gzip
import io
import zlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.sealed import members as room
from ollascope.ledger.sealed.members import Content, content_of, read_member, read_members, write_members

LINES = b"".join(b'{"sent_at":%d.5,"end_s":%d,"tokens_out":7}\n' % (at, at % 13) for at in range(400))
INFINITE = float("inf")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(room, "SIZE", 2_000)
    monkeypatch.setattr(room, "PIECE", 700)


@pytest.fixture
def sealed(tmp_path, small):
    path = tmp_path / "sealed.gz"
    with path.open("wb") as out:
        write_members(io.BytesIO(LINES), out)
    return path


def members_of(path):
    with path.open("rb") as file:
        return list(read_members(file))


def test_any_gzip_reads_all_members(sealed):
    assert gzip.decompress(sealed.read_bytes()) == LINES


def test_members_follow_each_other_and_hold_whole_lines(sealed):
    found = members_of(sealed)
    assert len(found) > 5
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert found[-1].packed + found[-1].length == sealed.stat().st_size
    with sealed.open("rb") as file:
        pieces = [read_member(file, one) for one in found]
    assert b"".join(pieces) == LINES
    assert all(piece.endswith(b"}\n") for piece in pieces)


def test_heads_tell_what_is_in_them(sealed):
    with sealed.open("rb") as file:
        for one in members_of(sealed):
            rows = [orjson.loads(line) for line in read_member(file, one).splitlines()]
            assert one.content.first == rows[0]["sent_at"]
            assert one.content.last == rows[-1]["sent_at"]
            assert one.content.most == (max(row["end_s"] for row in rows), -INFINITE, -INFINITE, 7)


def seal_lines(path, *facts):
    with path.open("wb") as out:
        write_members(io.BytesIO(b"".join(orjson.dumps(each) + b"\n" for each in facts)), out)
    (member,) = members_of(path)
    return member.content


def test_heads_tell_of_each_model(tmp_path):
    content = seal_lines(tmp_path / "x.gz", {"model": "a", "end_s": 1.5}, {"model": "b", "end_s": 9, "tokens_in": 3},
                         {"model": "a", "end_s": 2.5, "tokens_out": None}, {"end_s": 30.0})  # fmt: skip
    assert content.most_of("a") == (2.5, -INFINITE, -INFINITE, -INFINITE)
    assert content.most_of("b") == (9, -INFINITE, 3, -INFINITE)
    assert content.most_of(None) == (30.0, -INFINITE, 3, -INFINITE)
    assert content.most_of("c") is None
    assert content.most_of("\udc80") == content.most


def test_long_head_is_read_whole_and_too_many_models_are_not_told(tmp_path):
    told = seal_lines(
        tmp_path / "x.gz", *({"model": f"model-{number:02}" * 5, "end_s": number} for number in range(30))
    )
    assert len(told.models) > room.HEAD / 2
    assert told.most_of("model-07" * 5)[0] == 7
    untold = seal_lines(tmp_path / "x.gz", *({"model": f"model-{number}" * 9, "end_s": number} for number in range(99)))
    assert (untold.models, untold.most_of("nobody")) == (b"", untold.most)


def test_line_that_cannot_be_read_leaves_models_untold(tmp_path):
    path = tmp_path / "x.gz"
    with path.open("wb") as out:
        write_members(io.BytesIO(b'{"model":"a"}\nnonsense\n'), out)
    assert members_of(path)[0].content.models == b""


def test_reading_goes_on_behind_a_member(sealed):
    found = members_of(sealed)
    with sealed.open("rb") as file:
        assert list(read_members(file, found[2])) == found[3:]


def test_empty_file_is_one_empty_member(tmp_path):
    path = tmp_path / "sealed.gz"
    with path.open("wb") as out:
        write_members(io.BytesIO(), out)
    assert gzip.decompress(path.read_bytes()) == b""
    assert [one.size for one in members_of(path)] == [0]


def test_line_without_an_end_is_kept(tmp_path, small):
    path = tmp_path / "sealed.gz"
    content = b"x" * 9_000 + b"\n" + b"y" * 9_000
    with path.open("wb") as out:
        write_members(io.BytesIO(content), out)
    assert gzip.decompress(path.read_bytes()) == content


def test_file_of_somebody_else_has_no_members(tmp_path):
    path = tmp_path / "sealed.gz"
    for content in (b"", b"\x1f\x8b", gzip.compress(LINES), b"hello" * 99):
        path.write_bytes(content)
        assert members_of(path) == []


def test_damaged_member_has_no_lines(sealed):
    first = members_of(sealed)[0]
    content = bytearray(sealed.read_bytes())
    content[first.packed + first.length - 20] ^= 0xFF
    sealed.write_bytes(content)
    with sealed.open("rb") as file:
        assert read_member(file, first) == b""


def test_cut_file_ends_before_the_cut(sealed):
    whole = members_of(sealed)
    sealed.write_bytes(sealed.read_bytes()[:-30])
    assert members_of(sealed) == whole[:-1]


@pytest.mark.parametrize(
    "told",
    [b"{}", b"[]", b"nonsense", b'{"packed":-99,"size":1}', b'{"packed":"1","size":1}', b'{"packed":1.5,"size":1}',
     b'{"packed":1,"size":-1}', b'{"packed":0,"size":0,"first":"x"}', b'{"packed":9999999999,"size":1}'],
)  # fmt: skip
def test_head_that_lies_ends_the_list(tmp_path, told):
    path = tmp_path / "sealed.gz"
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + room._EXTRA.pack(4 + len(told), b"OS", len(told)) + told
    path.write_bytes(head * 3 + zlib.compress(LINES, wbits=-15))
    assert members_of(path) == []


@pytest.mark.parametrize("models", [[], {"a": 1}, {"a": [1]}, {"a": ["x", 1, 1, 1]}, {"a": [True, 1, 1, 1]}, "a"])
def test_models_that_are_told_in_another_form_do_not_count(tmp_path, models):
    path = tmp_path / "x.gz"
    told = orjson.dumps({"packed": 0, "size": 0, "models": models})
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + room._EXTRA.pack(4 + len(told), b"OS", len(told)) + told
    path.write_bytes(head + bytes(8))
    assert [one.content.models for one in members_of(path)] == [b""]


@given(st.binary(max_size=600))
def test_no_bytes_break_the_reading_of_a_head(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("noise") / "x.gz"
    path.write_bytes(room._MAGIC + noise)
    assert len(members_of(path)) < 600


@given(st.text(max_size=60))
def test_text_is_never_taken_for_a_value(text):
    line = orjson.dumps({"note": text + '"sent_at":5,"end_s":9', "sent_at": 2.0}) + b"\n"
    assert content_of(line) == Content(2.0, 2.0, (-INFINITE,) * 4)
