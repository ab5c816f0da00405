"""`ollascope logs` searches, follows and adds up."""

import json
import threading
from datetime import UTC, datetime

import pytest

from ollascope import wire
from ollascope.cli import COMMANDS, Entry, run
from ollascope.logs.cli import follow
from ollascope.logs.search import Wish


@pytest.fixture(autouse=True)
def tables(monkeypatch):
    monkeypatch.setitem(wire.SECTIONS, "logs", "ollascope.logs.setup:Logs")
    monkeypatch.setitem(COMMANDS, "logs", Entry("ollascope.logs.cli:logs", "Search the logs."))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "logs"
    path.mkdir()
    lines = [line("one"), line("two", level="error", code="engine-busy"), line("three", room="monitor", request="R1")]
    (path / "gateway.log").write_text("".join(lines))
    return path


def line(message, **given):
    facts = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "info",
        "room": "gateway",
        "message": message,
    }
    return json.dumps(facts | given) + "\n"


def logs(tmp_path, *words):
    return run(["--data", str(tmp_path), "logs", *words])


def test_times_that_are_none_are_refused(tmp_path, capsys):
    assert logs(tmp_path, "--since", "soon") == 2
    assert "'soon' is no time" in capsys.readouterr().err


def test_follow_and_top_exclude_each_other(tmp_path, capsys):
    assert logs(tmp_path, "--follow", "--top") == 2


def test_no_logs_yet_is_said_beside_the_result(tmp_path, capsys):
    assert logs(tmp_path) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no process has logged yet" in shown.err


def test_lines_are_shown_for_a_person(tmp_path, folder, capsys):
    assert logs(tmp_path) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [row.rsplit(": ")[-1].split("  ")[0] for row in shown] == ["one", "two", "three"]
    assert shown[1].endswith("code=engine-busy")


def test_lines_as_json_are_as_they_were_written(tmp_path, folder, capsys):
    assert logs(tmp_path, "--json", "--level", "error") == 0
    (shown,) = capsys.readouterr().out.splitlines()
    assert json.loads(shown)["code"] == "engine-busy"


@pytest.mark.parametrize(
    ("words", "messages"),
    [(["--room", "monitor"], ["three"]), (["--request", "R1"], ["three"]), (["--text", "TW"], ["two"]),
     (["-n", "1"], ["three"]),
     (["--since", "1h"], ["one", "two", "three"]), (["--until", "1h"], [])],
)  # fmt: skip
def test_wishes_are_heard(tmp_path, folder, capsys, words, messages):
    assert logs(tmp_path, "--json", *words) == 0
    assert [json.loads(row)["message"] for row in capsys.readouterr().out.splitlines()] == messages


def test_poisoned_file_cannot_steer_the_terminal(tmp_path, folder, capsys):
    (folder / "evil.log").write_text(line("\x1b[2J\u202e", **{"na\x1bme": "x\ny"}, traceback="a\x1b[1m\nb"))
    assert logs(tmp_path) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown


def test_damage_is_told(tmp_path, folder, capsys):
    (folder / "bad.log").write_text("{\n")
    assert logs(tmp_path) == 0
    assert "1 lines could not be read" in capsys.readouterr().err


def test_top_adds_up(tmp_path, folder, capsys):
    assert logs(tmp_path, "--top") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("3 lines: 2 info, 1 error")
    assert "engine-busy" in shown


def test_top_as_json(tmp_path, folder, capsys):
    assert logs(tmp_path, "--top", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["levels"] == {"info": 2, "error": 1}
    assert found["errors"][0]["code"] == "engine-busy"


def test_follow_gives_new_lines_also_of_new_processes_and_over_rotation(folder):
    stop, seen = threading.Event(), []
    lines = follow(folder, {}, Wish(), stop)
    seen += [next(lines)["message"] for _ in range(3)]
    with (folder / "gateway.log").open("a") as file:
        file.write(line("four"))
    seen.append(next(lines)["message"])
    (folder / "gateway.log").rename(folder / "gateway.20261121T010203Z.log")
    (folder / "gateway.log").write_text(line("five"))
    (folder / "chat.log").write_text(line("six"))
    seen += [next(lines)["message"] for _ in range(2)]
    stop.set()
    assert list(lines) == []
    assert seen == ["one", "two", "three", "four", "five", "six"]
