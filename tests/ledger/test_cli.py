"""The commands `calls` and `ledger`, as a person types them."""

import csv
import io
import json
import subprocess
import sys
import threading
import time

import pytest

from ollascope.cli import COMMANDS, Entry, run
from ollascope.ledger import cli as room
from ollascope.ledger.cli import instant
from ollascope.ledger.codec import Amendment
from ollascope.ledger.reading import read_calls
from ollascope.ledger.rollups import FILE
from ollascope.ledger.sealed.sealing import upkeep
from ollascope.wire import SECTIONS
from ollascope.words.errors import BadUsage
from ollascope.words.sample import Sample


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """Both groups in the table of commands, and the section in the table of sections."""
    monkeypatch.setitem(COMMANDS, "calls", Entry("ollascope.ledger.cli:calls", ""))
    monkeypatch.setitem(COMMANDS, "ledger", Entry("ollascope.ledger.cli:ledger", ""))
    monkeypatch.setitem(SECTIONS, "ledger", "ollascope.ledger.settings:Ledger")


@pytest.fixture
def ollascope(tmp_path, capsys):
    """Run a command on the test's data folder: exit code, facts, remarks."""

    def type_it(*words):
        code = run(["--data", str(tmp_path), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_it


def test_tail_shows_the_last_calls(ollascope, write, make_call):
    write(*(make_call() for _ in range(12)))
    code, out, _ = ollascope("calls", "tail", "-n", "2")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["call-000010", "call-000011"]
    assert out.splitlines()[0].startswith("sent (UTC)")


def test_tail_shows_what_was_not_measured_as_such(ollascope, write, make_call):
    write(make_call(first_chunk_s=None, tokens_in=None, model=None))
    _, out, _ = ollascope("calls", "tail")
    assert out.splitlines()[1].split()[3:] == ["-", "ok", "-", "1.000", "-", "20", "-"]


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\nb", "a\u202eb"])
def test_name_that_a_client_made_up_cannot_steer_the_terminal(ollascope, write, make_call, name):
    write(make_call(model=name, extra={name: name}))
    for words in (("tail",), ("query",), ("show", "call-000000")):
        _, out, _ = ollascope("calls", *words)
        assert name not in out
        assert out.replace("\n", "").isprintable()
    assert "a\\" in out


def test_nothing_recorded_is_said(ollascope):
    for words in (("calls", "tail"), ("calls", "query")):
        assert ollascope(*words) == (0, "", "no Calls\n")
    assert ollascope("ledger", "compact") == (0, "", "nothing has been recorded yet\n")
    assert ollascope("ledger", "rebuild") == (0, "", "nothing has been recorded yet\n")
    assert ollascope("ledger", "verify")[1] == "0 files, 0 records\n"


@pytest.mark.parametrize("words", [("compact",), ("rebuild",), ("verify",), ("usage",)])
def test_facts_for_a_program_are_json_also_where_nothing_is_recorded(ollascope, words, ledger):
    code, out, _ = ollascope("ledger", *words, "--json")
    assert code == 0
    assert json.loads(out)
    assert not ledger.exists()


def test_query_filters_and_prints_json(ollascope, write, make_call):
    write(make_call(model="a"), make_call(model="b", key_id="k"), make_call(model="b", source="bench"))
    for words, expected in [
        (["--model", "b"], ["call-000001", "call-000002"]),
        (["--model", "b", "--counted"], ["call-000001"]),
        (["--key", "k"], ["call-000001"]),
        (["--since", "2025-11-21T12:00:01"], ["call-000001", "call-000002"]),
        (["--until", "2025-11-21T13:00:01+01:00"], ["call-000000"]),
        (["--since", "1h"], []),
    ]:
        code, out, _ = ollascope("calls", "query", "--json", *words)
        assert code == 0
        assert [call["id"] for call in json.loads(out)] == expected


def test_query_says_when_there_is_more(ollascope, write, make_call):
    write(make_call(), make_call())
    _, out, err = ollascope("calls", "query", "--limit", "1")
    assert len(out.splitlines()) == 2
    assert "more than 1" in err


def test_show_tells_everything_of_a_call_amendments_too(ollascope, write, make_call, noon):
    write(make_call(gaps=((800, 2),)), Amendment(id="call-000000", sent_at=noon, flags=("reloaded",)))
    code, out, _ = ollascope("calls", "show", "call-000000", "--json")
    assert code == 0
    assert json.loads(out)["flags"] == ["reloaded"]
    _, out, _ = ollascope("calls", "show", "call-000000")
    assert "2025-11-21T12:00:00.000Z" in out


def test_call_that_is_not_there_is_told(ollascope):
    code, _, err = ollascope("calls", "show", "nobody")
    assert code == 2
    assert "there is no Call 'nobody'" in err


@pytest.mark.parametrize("group", ["calls", "ledger"])
def test_export_writes_csv_to_a_pipe_or_a_file(ollascope, write, make_call, tmp_path, group):
    write(make_call(), make_call())
    _, out, err = ollascope(group, "export")
    assert [row["id"] for row in csv.DictReader(io.StringIO(out))] == ["call-000000", "call-000001"]
    assert "2 Calls exported" in err
    ollascope(group, "export", "-o", str(tmp_path / "calls.csv"))
    assert (tmp_path / "calls.csv").read_text() == out


def test_samples_are_exported_and_not_chosen_by_what_calls_have(ollascope, write, noon):
    write(Sample(at=noon), Sample(at=noon + 1))
    _, out, _ = ollascope("ledger", "export", "--samples", "--until", "2025-11-21T12:00:01")
    assert [row["at"] for row in csv.DictReader(io.StringIO(out))] == [str(noon)]
    code, _, err = ollascope("ledger", "export", "--samples", "--model", "m")
    assert code == 2
    assert "--since and --until" in err


def test_export_to_a_place_that_cannot_be_written_is_told(ollascope, write, make_call, tmp_path):
    write(make_call())
    code, _, err = ollascope("calls", "export", "-o", str(tmp_path / "none" / "calls.csv"))
    assert code == 1
    assert "none" in err
    assert "--output" in err


def test_parquet_on_the_terminal_is_told(ollascope):
    code, _, err = ollascope("calls", "export", "--format", "parquet")
    assert code == 2
    assert "--output" in err


def test_compact_sums_and_compresses_and_tells(ollascope, write, make_call, ledger):
    write(make_call(), make_call())
    code, out, _ = ollascope("ledger", "compact", "--json")
    facts = json.loads(out)
    assert (code, facts["summed_calls"], facts["sealed_segments"]) == (0, 2, 1)
    assert (ledger / FILE).exists()
    _, out, _ = ollascope("ledger", "compact")
    assert out.startswith("0 Calls summed")


def test_compact_gives_up_what_settings_say(ollascope, write, make_call, ledger):
    write(make_call(sent_at=0.0))
    ollascope("--set", "ledger.calls_days=null", "--set", "ledger.calls_mib=null", "ledger", "compact")
    assert len(list(read_calls(ledger))) == 1
    _, out, _ = ollascope("ledger", "compact")
    assert "1 files given up" in out
    assert list(read_calls(ledger)) == []


def test_second_one_who_looks_after_the_ledger_is_told(ollascope, ledger, write, make_call):
    write(make_call())
    with upkeep(ledger):
        for command in ("compact", "rebuild"):
            code, _, err = ollascope("ledger", command)
            assert code == 1
            assert "looked after by process" in err
            assert "--wait" in err


def test_rebuild_makes_damaged_sums_anew(ollascope, write, make_call, ledger):
    write(make_call(sent_at=time.time()))
    ollascope("ledger", "compact")
    (ledger / FILE).write_bytes(b"spoilt " * 1000)
    code, _, err = ollascope("ledger", "compact")
    assert code == 1
    assert "ledger rebuild" in err
    code, out, err = ollascope("ledger", "rebuild")
    assert (code, out) == (0, "1 Calls summed\n")
    assert "made from nothing" in err


def test_verify_says_no_where_records_are_spoilt(ollascope, write, make_call, ledger):
    write(make_call())
    assert ollascope("ledger", "verify")[:2] == (0, "1 files, 1 records\n")
    (path,) = ledger.glob("*/calls-*")
    with path.open("ab") as file:
        file.write(b"{}\n")
    code, out, err = ollascope("ledger", "verify")
    assert code == 3
    assert "1 lines are no records" in out
    assert "1 files have problems" in err
    assert ollascope("calls", "query")[2].startswith("1 lines are no records and were skipped")


def test_usage_tells_how_much_lies_where(ollascope, write, make_call):
    write(make_call())
    _, out, _ = ollascope("ledger", "usage", "--json")
    assert [one["kind"] for one in json.loads(out)] == ["calls", "samples", "amendments", "sums"]
    _, out, _ = ollascope("ledger", "usage")
    assert out.splitlines()[1].split() == ["calls", "1", "0.0", "MiB", "2025-11-21", "2025-11-21"]


def test_times_are_read_as_people_write_them():
    assert instant("90s", 1000.0) == 910.0
    assert instant("2h", 10_000.0) == 2800.0
    assert instant("2025-11-21", 0.0) == instant("2025-11-21T00:00Z", 0.0) == 1_763_683_200.0
    for text in ("yesterday", "5", "2025-13-01", "9" * 30 + "d"):
        with pytest.raises(BadUsage, match="no time"):
            instant(text, 0.0)


def test_progress_is_silent_where_nobody_looks(capsys):
    assert list(room._bar("x")([])) == []
    assert capsys.readouterr() == ("", "")


FOLLOW = """
import sys
from ollascope.cli import COMMANDS, Entry, run
from ollascope.ledger import cli
from ollascope.wire import SECTIONS
cli.LOOK_S = 0.01
COMMANDS["calls"] = Entry("ollascope.ledger.cli:calls", "")
SECTIONS["ledger"] = "ollascope.ledger.settings:Ledger"
sys.exit(run(["--data", sys.argv[1], "calls", "tail", "-f", "--json"]))
"""


def test_tail_goes_on_with_what_comes_and_ends_when_its_reader_leaves(tmp_path, write, make_call, noon, ledger):
    now = noon + 10**9  # in the future, so that the day counts as recent
    write(make_call(sent_at=now))
    process = subprocess.Popen([sys.executable, "-c", FOLLOW, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    guard = threading.Timer(30, process.kill)
    guard.start()
    try:
        assert json.loads(process.stdout.readline())["id"] == "call-000000"
        write(make_call(sent_at=now + 1))
        assert json.loads(process.stdout.readline())["id"] == "call-000001"
        process.stdout.close()
        write(make_call(sent_at=now + 2))
        assert process.wait(20) in {0, 1}
    finally:
        guard.cancel()
        process.kill()
        process.wait()
