"""One line of an Ollama log: nonsense tells nothing, what tells something is read exactly."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.logs.ollama_lines import Access, Step, Told, read_line, span_seconds

SERVED = '[GIN] 2026/11/21 - 01:55:54 | 200 |  285.429687ms |       127.0.0.1 | POST     "/api/generate"'
ZONED = (
    'time=2026-11-21T09:55:59.223+08:00 level=WARN source=llama_server.go:317 msg="truncating input prompt" limit=1026'
)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[GIN]",
        "[GIN] 2026/11/21 - 01:55:54 | 200 |",
        "[GIN-debug] POST   /v1/images/edits --> github.com/ollama/ollama/server",
        '[GIN] 2026/11/21 - 01:55:54 | 2000 | 1ms | 127.0.0.1 | POST "/api/generate"',
        '[GIN] 2026/11/21 - 01:55:54 | 200 | 1.2.3s | 127.0.0.1 | POST "/api/generate"',
        '[GIN] 2026/11/21 - 01:55:54 | 200 | soon | 127.0.0.1 | POST "/api/generate"',
        "time=",
        "time=never level=INFO",
        "slot print_timing: id  0 | task 0 | eval time = x ms / y tokens",
        "slot print_timing: id 99999999999999999999999 | task",
        "srv          stop: cancel task, id_task = ",
        "\x00\x01\xff[GIN]",
        "slot " + "9" * 100_000,
    ],
)
def test_nonsense_tells_nothing(line):
    assert read_line(line) is None


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    read_line(text)
    read_line("[GIN] " + text)
    read_line("time=" + text)
    read_line("slot x: id 0 | task 0 | " + text)


def test_impossible_date_leaves_the_instant_open():
    fact = read_line(SERVED.replace("2026/11/21", "2026/13/45"))
    assert isinstance(fact, Access)
    assert fact.at is None


def test_served_request_is_read():
    fact = read_line(SERVED, UTC)
    assert fact == Access(
        at=1795226154.0, status=200, duration_s=pytest.approx(0.285429687), method="POST", path="/api/generate"
    )


def test_query_is_not_part_of_the_path():
    fact = read_line(SERVED.replace("/api/generate", "/api/generate?x=1"))
    assert isinstance(fact, Access)
    assert fact.path == "/api/generate"


def test_colours_of_a_terminal_are_passed_over():
    fact = read_line(
        '[GIN] 2026/11/21 - 01:55:54 |\x1b[97;42m 200 \x1b[0m|  1ms |  ::1 |\x1b[97;44m POST    \x1b[0m "/api/chat"'
    )
    assert isinstance(fact, Access)
    assert (fact.status, fact.path) == (200, "/api/chat")


@pytest.mark.parametrize(
    "before",
    ["Nov 21 01:55:49 box ollama[123]: ", "2026-11-21T01:55:54.123456789Z ", "2026-11-21T01:55:54+01:00 "],
)
def test_what_a_journal_or_container_writes_before_is_passed_over(before):
    assert isinstance(read_line(before + SERVED + "\r\n"), Access)


def test_message_tells_flag_instant_and_zone():
    fact = read_line(ZONED + " prompt=30019 keep=4 new=1026")
    assert isinstance(fact, Told)
    assert (fact.flag, fact.kept, fact.at) == ("prompt-truncated", 1026, pytest.approx(1795226159.223))


def test_runner_lines_of_llama_server_itself_are_steps():
    line = "0.03.093.697 I slot print_timing: id  1 | task 2 | prompt eval time =       0.77 ms /    23 tokens (x)"
    assert read_line(line) == Step(kind="prefilled", slot=1, task=2, tokens=23, seconds=pytest.approx(0.00077))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("854.2µs", 0.0008542), ("3.18ms", 0.00318), ("1.754442994s", 1.754442994), ("2m0s", 120),
     ("1h2m3s", 3723), ("12ns", 12e-9)],
)  # fmt: skip
def test_durations_as_go_writes_them(said, seconds):
    assert span_seconds(said) == pytest.approx(seconds)


@pytest.mark.parametrize("said", ["", "s", "-1s", "1", "1 s", "1.2.3s", "2m0"])
def test_what_is_no_duration_is_none(said):
    assert span_seconds(said) is None
