"""`ollascope host` shows the machine, once or again and again."""

import json

import pytest

from ollascope import wire
from ollascope.cli import COMMANDS, Entry, run
from ollascope.host.runner import Counters, Runner, Slots
from ollascope.words.record import loads
from ollascope.words.sample import Sample


@pytest.fixture(autouse=True)
def tables(monkeypatch):
    monkeypatch.setitem(wire.SECTIONS, "host", "ollascope.host.thresholds:Host")
    monkeypatch.setitem(COMMANDS, "host", Entry("ollascope.host.cli:host", "Show the machine."))
    monkeypatch.setattr("ollascope.host.cli.FIRST_LOOK_S", 0.02)


def host(tmp_path, *words):
    return run(["--data", str(tmp_path), *words])


def test_count_of_nothing_is_refused(tmp_path, capsys):
    assert host(tmp_path, "host", "--watch", "--count", "0") == 2


def test_table_has_every_kind_of_reading(tmp_path, capsys):
    assert host(tmp_path, "host") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("CPU in use", "memory free", "swap in use", "disk free", "network in, out"))


def test_json_is_a_sample_with_the_drivers(tmp_path, capsys):
    assert host(tmp_path, "host", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found.pop("drivers"), dict)
    assert isinstance(found.pop("runners"), list)
    assert loads(Sample, json.dumps(found)).memory_total_bytes > 0


def test_watching_prints_a_line_a_reading(tmp_path, capsys):
    assert host(tmp_path, "--set", "host.interval_s=0.5", "host", "--watch", "--count", "2") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_watching_as_json_prints_samples(tmp_path, capsys):
    assert host(tmp_path, "--set", "host.interval_s=0.5", "host", "--watch", "--count", "1", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert loads(Sample, line).at > 0


def test_threshold_that_is_crossed_is_noted_beside_the_readings(tmp_path, capsys):
    lines = ["--set", "host.thresholds.memory_available_ratio=1", "--set", "host.thresholds.hold_s=0"]
    assert host(tmp_path, *lines, "host", "--watch", "--count", "1") == 0
    assert "memory_available_ratio is beyond its threshold" in capsys.readouterr().err


def test_runners_of_this_machine_are_shown(tmp_path, capsys, monkeypatch):
    runner = Runner(
        port=33421, counters=Counters(prompt_tokens=23.0), slots=Slots(count=4, busy=1, context_tokens=2048)
    )
    monkeypatch.setattr("ollascope.host.cli.read_runners", lambda _known: (runner,))
    assert host(tmp_path, "host") == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["33421", "1", "of", "4", "2048", "23", "-", "-"]
    assert host(tmp_path, "--set", "host.runners=false", "host") == 0
    assert "33421" not in capsys.readouterr().out
