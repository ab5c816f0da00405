"""A reader follows a log over its own restarts, and what it kept is enough to miss nothing and count nothing twice."""

import pytest

from ollascope.logs.follow import Tail
from ollascope.logs.reading import OllamaSource, Reader, follow_ollama, kept_place, read_file
from ollascope.logs.traffic import Traffic
from ollascope.words.clock import Clock
from tests.logs.recorded import OLLAMA_032, log_lines, read_log
from tests.logs.test_traffic import Ledger


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now = 100.0

    def clock(self):
        return Clock(wall=lambda: self.now, monotonic=lambda: self.now)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "server.log"
    path.touch()
    return path


def drain(reader, hand):
    while reader.step():
        pass
    hand.now += 5
    reader.step()


def write(path, lines):
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


def test_whole_log_becomes_calls_after_a_quiet_moment(log):
    ledger, hand = Ledger(), Hand()
    write(log, log_lines(OLLAMA_032))
    drain(Reader(Tail(log), Traffic(hands=ledger.hands()), clock=hand.clock()), hand)
    assert len(ledger.added) == len(read_log(OLLAMA_032))


@pytest.mark.parametrize("size", [37, 400, 1501])
def test_restarts_anywhere_lose_nothing_and_count_nothing_twice(log, tmp_path, size):
    ledger, hand, keep = Ledger(), Hand(), tmp_path / "place"
    lines = log_lines(OLLAMA_032)
    for start in range(0, len(lines), size):
        write(log, lines[start : start + size])
        reader = Reader(Tail(log, kept_place(keep)), Traffic(hands=ledger.hands()), keep, hand.clock())
        while reader.step():
            pass
        reader.close()
    drain(Reader(Tail(log, kept_place(keep)), Traffic(hands=ledger.hands()), keep, hand.clock()), hand)
    whole = read_log(OLLAMA_032)
    assert len(ledger.added) == len(whole)
    assert sum(call.tokens_out or 0 for call in ledger.added) == sum(served.tokens_out or 0 for served in whole)


def test_first_reader_of_a_file_begins_at_its_end_with_the_zone_of_its_beginning(log, tmp_path):
    write(log, ["time=2026-11-21T01:00:00.000+09:00 level=INFO source=x msg=y", "old"])
    ledger = Ledger()
    reader = read_file(log, Traffic(hands=ledger.hands()), tmp_path / "place")
    assert reader.step() == 0
    write(log, ['[GIN] 2026/11/21 - 01:55:54 | 200 | 1ms | 127.0.0.1 | POST "/api/chat"'])
    assert reader.step() == 1
    write(log, ['[GIN] 2026/11/21 - 01:56:54 | 200 | 1ms | 127.0.0.1 | POST "/api/chat"'])
    reader.step()
    assert [call.sent_at for call in ledger.added] == [pytest.approx(1795193754 - 0.001)]
    reader.close()


def test_damaged_place_counts_as_none(tmp_path):
    (tmp_path / "place").write_bytes(b"\xff\xfe")
    assert kept_place(tmp_path / "place") is None
    assert kept_place(tmp_path / "absent") is None


def test_settings_say_which_log_is_read(log, tmp_path):
    traffic = Traffic(hands=Ledger().hands())
    assert follow_ollama(OllamaSource(), tmp_path, traffic) is None
    reader = follow_ollama(OllamaSource(file=log), tmp_path, traffic)
    write(log, ["a line"])
    assert reader.step() == 1
    assert kept_place(tmp_path / "ollama-log.place")
    reader.close()
