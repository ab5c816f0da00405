"""Settings as a page shows them: found by words, changed only elsewhere, secrets never told."""

import shlex

import pytest

from ollascope.checks.pages.inforce import groups_of
from ollascope.settings.load import Sources, load
from ollascope.wire import SECTIONS

SECRET = "correct-horse-battery-staple"


def shown(text="", *assignments, environ=None, only_set=False, things=()):
    settings = load(SECTIONS, Sources(assignments=assignments, environ=environ or {}))
    return {each.key: each for group in groups_of(settings.entries(), things, text, only_set=only_set)
            for each in group.entries}  # fmt: skip


def test_secret_shows_neither_its_value_nor_a_command_that_would_hold_it():
    one = shown("monitor.token", environ={"OLLASCOPE__MONITOR__TOKEN": SECRET})["monitor.token"]
    assert one.secret
    assert one.is_set
    assert SECRET not in repr(one)
    assert one.command == ""
    assert SECRET not in str(one.to_json())


def test_what_looks_like_a_secret_elsewhere_is_hidden_too():
    found = shown("", "engines.ollama.url=http://user:hunter2hunter2@127.0.0.1:1")["engines.ollama.url"]
    assert "hunter2" not in repr(found)
    assert found.command == ""


@pytest.mark.parametrize("text", ["no such word anywhere", "ledger.calls_days zzz"])
def test_word_that_nothing_has_finds_nothing(text):
    assert shown(text) == {}


def test_all_words_must_be_there_capitals_or_not():
    assert "ledger.calls_days" in shown("CALLS days ledger")
    assert "ledger.samples_days" not in shown("CALLS days amendments")


def test_only_what_is_set_leaves_defaults_out():
    assert list(shown("", "ledger.calls_days=7", only_set=True)) == ["ledger.calls_days"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ledger.calls_days", "7"), ("ledger.calls_days", "null"), ("logs.compress", "false"),
        ("objectives.targets", 'ttft p95 < 2 s,"success > 99.5 %, really"'), ("logs.folder", "/a folder/it's"),
    ],
)  # fmt: skip
def test_command_sets_what_is_shown(key, value):
    first = shown(key, f"{key}={value}")[key]
    _, _, assignment, _ = shlex.split(first.command)
    assert shown(key, assignment)[key].value == first.value


def test_list_of_things_has_no_command():
    one = shown("ledger.calls_days", things={"ledger.calls_days"})["ledger.calls_days"]
    assert (one.command, one.variable) == ("", "")
