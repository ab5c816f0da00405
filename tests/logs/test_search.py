"""Log files are searched in the order of time, over processes and rotations; damage costs only what is damaged."""

import gzip
import json

import pytest

from ollascope.logs.search import Search, Wish, moment
from ollascope.words.errors import BadUsage


def line(second, message="hello", **given):
    facts = {"time": f"2026-11-21T01:00:{second:02}.000Z", "level": "info", "room": "gateway", "message": message}
    return json.dumps(facts | given) + "\n"


def found(folder, **wish):
    search = Search(folder)
    return [facts["message"] for facts in search.lines(Wish(**wish))], search


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "gateway.20261121T010010Z.log.gz").write_bytes(gzip.compress((line(1, "a") + line(5, "c")).encode()))
    (tmp_path / "gateway.log").write_text(line(20, "e", level="error", request="R1") + line(30, "f"))
    (tmp_path / "monitor.log").write_text(line(3, "b", room="monitor") + line(10, "d", room="monitor", level="warning"))
    return tmp_path


def test_absent_folder_has_no_lines(tmp_path):
    assert found(tmp_path / "absent")[0] == []


def test_damaged_lines_and_files_are_counted_and_the_rest_is_read(folder):
    (folder / "bad.log").write_bytes(b"\xff\xfe\n{\n[]\n\n" + line(2, "whole").encode())
    whole = gzip.compress((line(4, "x") * 50_000).encode())
    (folder / "cut.20261121T010010Z.log.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "no.20261121T010010Z.log.gz").write_bytes(b"not compressed")
    messages, search = found(folder)
    assert {"whole", "a", "f"} <= set(messages)
    assert search.unreadable_lines == 3
    assert sorted(told.split(":")[0] for told in search.unreadable_files) == [
        "cut.20261121T010010Z.log.gz", "no.20261121T010010Z.log.gz"
    ]  # fmt: skip


def test_lines_of_all_processes_come_in_the_order_of_time(folder):
    assert found(folder)[0] == ["a", "b", "c", "d", "e", "f"]


def test_file_being_compressed_is_read_once(folder):
    (folder / "gateway.20261121T010010Z.log").write_text(line(1, "a") + line(5, "c"))
    assert found(folder)[0].count("a") == 1


@pytest.mark.parametrize(
    ("wish", "messages"),
    [
        ({"level": "warning"}, ["d", "e"]),
        ({"level": "error"}, ["e"]),
        ({"room": "monitor"}, ["b", "d"]),
        ({"request": "R1"}, ["e"]),
        ({"request": "R"}, []),
        ({"text": "MONITOR"}, ["b", "d"]),
        ({"since": 1795222810.0}, ["d", "e", "f"]),
        ({"until": 1795222803.0}, ["a", "b"]),
        ({"since": 1795222803.0, "until": 1795222805.0}, ["b", "c"]),
        ({"level": "info", "room": "gateway", "text": "e"}, ["a", "c", "e", "f"]),
    ],
)
def test_wishes(folder, wish, messages):
    assert found(folder, **wish)[0] == messages


@pytest.mark.parametrize(
    ("said", "at"),
    [("90s", 910.0), ("2m", 880.0), ("1h", -2600.0), ("0.5m", 970.0), ("1d", -85400.0), ("1w", -603_800.0)],
)
def test_how_long_ago(said, at):
    assert moment(said, 1000.0) == at


def test_date_and_time(tmp_path):
    assert moment("2026-11-21T01:00:10Z", 0.0) == 1795222810.0


@pytest.mark.parametrize("said", ["", "soon", "5", "5 weeks", "-5m", "2026-13-45", "1e9d", "0001-01-01"])
def test_what_is_no_time_is_refused_with_a_hint(said):
    with pytest.raises(BadUsage) as caught:
        moment(said, 0.0)
    assert "30m" in caught.value.hint
