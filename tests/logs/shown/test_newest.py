"""The newest log lines first: over processes, rotation and pages, within a bounded time."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.logs.search import Wish
from ollascope.logs.shown.newest import BLOCK, Cursor, Newest, backwards
from ollascope.words.clock import utc_text

START = 1_790_000_000.0


def entry(at, message="hello", **more):
    facts = {"time": utc_text(START + at), "level": "info", "room": "web", "message": message, **more}
    return json.dumps(facts, separators=(",", ":")) + "\n"


def messages(found):
    return [line.message for line in found.lines]


def pages(folder, count, wish=None, process=""):
    """Every page until the end."""
    cursor, told = None, []
    for _ in range(1000):  # never so many; a page that repeats itself must not go on for ever
        found = Newest(folder).page(wish or Wish(), count, cursor, process)
        told.append(messages(found))
        cursor = found.next
        if cursor is None:
            break
    return told


@pytest.mark.parametrize("text", [b"", b"\n\n", b"no json\n", b"[1]\n{}\n", b"\xff\xfe\n", b'{"message"'])
def test_file_that_holds_no_lines_of_ours_shows_none(tmp_path, text):
    (tmp_path / "web.log").write_bytes(text)
    found = Newest(tmp_path).page(Wish(), 10)
    assert found.lines == []
    assert found.next is None


def test_folder_that_is_not_there_holds_nothing(tmp_path):
    assert Newest(tmp_path / "none").page(Wish(), 10).lines == []


def test_broken_archive_hides_no_other_file(tmp_path):
    (tmp_path / "web.20260101T000000Z.log.gz").write_bytes(b"no gzip")
    (tmp_path / "web.log").write_text(entry(1))
    assert messages(Newest(tmp_path).page(Wish(), 10)) == ["hello"]


def test_unreadable_lines_are_counted(tmp_path):
    (tmp_path / "web.log").write_text(entry(1) + "nonsense\n" + entry(2))
    found = Newest(tmp_path).page(Wish(), 10)
    assert (len(found.lines), found.unreadable) == (2, 1)


def test_line_without_a_time_is_shown_last_and_does_not_end_paging(tmp_path):
    (tmp_path / "web.log").write_text('{"message":"when?"}\n' + entry(1))
    assert messages(Newest(tmp_path).page(Wish(), 10)) == ["hello", "when?"]


def test_lines_of_all_processes_come_newest_first(tmp_path):
    (tmp_path / "web.log").write_text(entry(1, "a") + entry(3, "c"))
    (tmp_path / "monitor.log").write_text(entry(2, "b") + entry(4, "d"))
    assert messages(Newest(tmp_path).page(Wish(), 10)) == ["d", "c", "b", "a"]
    assert messages(Newest(tmp_path).page(Wish(), 10, process="monitor")) == ["d", "b"]
    assert messages(Newest(tmp_path).page(Wish(), 10, process="none")) == []


def test_ended_files_follow_the_one_that_is_written(tmp_path):
    with gzip.open(tmp_path / "web.20260921T000000Z.log.gz", "wt") as packed:
        packed.write(entry(-9, "old"))
    (tmp_path / "web.log").write_text(entry(1, "new"))
    assert messages(Newest(tmp_path).page(Wish(), 10)) == ["new", "old"]


def test_wish_is_kept(tmp_path):
    (tmp_path / "web.log").write_text(
        entry(1, "a") + entry(2, "b", level="error") + entry(3, "Bee", level="warning") + entry(4, "d")
    )
    page = Newest(tmp_path).page
    assert messages(page(Wish(level="warning"), 10)) == ["Bee", "b"]
    assert messages(page(Wish(text="bEE"), 10)) == ["Bee"]
    assert messages(page(Wish(since=START + 2, until=START + 3), 10)) == ["Bee", "b"]


@given(times=st.lists(st.integers(0, 5), max_size=30), count=st.integers(1, 7))
def test_pages_together_show_each_line_once_in_order(tmp_path_factory, times, count):
    folder = tmp_path_factory.mktemp("logs")
    for name in ("a", "b"):
        mine = sorted((at, f"{name}{number}") for number, at in enumerate(times) if (number % 2) == (name == "a"))
        (folder / f"{name}.log").write_text("".join(entry(at, message) for at, message in mine))
    told = [message for page in pages(folder, count) for message in page]
    assert sorted(told) == sorted(f"{'a' if number % 2 else 'b'}{number}" for number in range(len(times)))
    order = {f"{'a' if number % 2 else 'b'}{number}": at for number, at in enumerate(times)}
    assert [order[message] for message in told] == sorted(times, reverse=True)


def test_search_that_takes_long_stops_and_goes_on_where_it_stopped(tmp_path):
    (tmp_path / "web.log").write_text("".join(entry(number, f"m{number}") for number in range(50)))
    told, cursor, rounds = [], None, 0
    while True:
        ticks = iter(range(1000))
        found = Newest(tmp_path, clock=lambda ticks=ticks: float(next(ticks))).page(
            Wish(text="m1"), 100, cursor, patience_s=10.0
        )
        told += messages(found)
        cursor, rounds = found.next, rounds + 1
        if cursor is None:
            break
        assert found.cut
    assert rounds > 2
    assert told == [f"m{number}" for number in range(49, -1, -1) if "m1" in f"m{number}"]


def test_page_does_not_begin_before_the_cursor(tmp_path):
    (tmp_path / "web.log").write_text(entry(1, "a") + entry(2, "b") + entry(2, "c") + entry(3, "d"))
    assert messages(Newest(tmp_path).page(Wish(), 10, Cursor(until=START + 2, skip=1))) == ["b", "a"]


@given(lines=st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=20))
def test_backwards_is_forwards_turned_around(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("file") / "x.log"
    path.write_bytes(b"\n".join(lines))
    assert [line for line in backwards(path) if line] == [line for line in reversed(lines) if line]


def test_lines_across_blocks_stay_whole(tmp_path):
    path = tmp_path / "x.log"
    lines = [b"%d" % number + b"x" * 999 for number in range(3 * BLOCK // 1000)]
    path.write_bytes(b"\n".join(lines))
    assert list(backwards(path)) == lines[::-1]


def test_letters_that_steer_the_reader_are_written_out(tmp_path):
    (tmp_path / "web.log").write_text(entry(1, "a\u202eb", model="x\u2028y", traceback="line\u202e\nnext"))
    (line,) = Newest(tmp_path).page(Wish(), 1).lines
    assert line.message == "a\\u202eb"
    assert line.more == {"model": "x\\u2028y"}
    assert line.traceback == "line\\u202e\nnext"


@pytest.mark.parametrize(
    "wish", [Wish(level="error"), Wish(request="01JD7"), Wish(level="warning", request="01JD7"), Wish(level="debug")]
)
def test_quick_rejection_loses_nothing_that_is_wanted(tmp_path, wish):
    levels = ("debug", "info", "warning", "error", "critical", "odd")
    lines = [
        entry(number, f'm{number} "level":"info"', level=levels[number % 6], request=f"01JD{number % 10}")
        for number in range(1500)
    ]
    (tmp_path / "web.log").write_text("".join(lines))
    wanted = [json.loads(line) for line in lines if wish.wants(json.loads(line))]
    told = [message for page in pages(tmp_path, 1000, wish) for message in page]
    assert told == [facts["message"] for facts in reversed(wanted)]


def test_time_is_kept_also_where_every_line_is_rejected(tmp_path):
    (tmp_path / "web.log").write_text("".join(entry(number) for number in range(2000)))
    ticks = iter(range(1000))
    found = Newest(tmp_path, clock=lambda: float(next(ticks))).page(Wish(level="error"), 10, patience_s=1.0)
    assert found.cut
