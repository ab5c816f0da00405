"""The check `settings`."""

import os
import socket

import pytest

from ollascope.checks.finding import Surroundings
from ollascope.checks.settings import check_settings
from ollascope.processes.identity import identify
from ollascope.processes.state import Report, Standing, write_report
from ollascope.settings.load import Sources, examine
from ollascope.wire import SECTIONS


@pytest.fixture
def of_file(tmp_path):
    """Make surroundings whose settings come from a file of this text."""

    def make(text):
        file = tmp_path / "settings.yaml"
        file.write_text(text)
        settings, mistakes = examine(SECTIONS, Sources(file=file))
        return Surroundings(settings=settings, mistakes=mistakes, settings_file=file)

    return make


def test_one_mistake_is_a_problem_with_file_line_and_hint(of_file):
    finding = check_settings(of_file("addresses:\n  dashbord: 8081\n"))
    assert finding.state == "problem"
    assert finding.text.startswith("1 mistake: ")
    assert "settings.yaml:2" in finding.text
    assert "dashboard" in finding.hint


def test_more_mistakes_are_counted_and_the_first_is_told(of_file):
    finding = check_settings(of_file("addresses:\n  dashbord: 8081\n  gateway: many\n"))
    assert finding.state == "problem"
    assert finding.text.startswith("2 mistakes: the first: ")
    assert "ollascope settings check" in finding.hint
    assert len(finding.facts["mistakes"]) == 2


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "\x00", "&a"])
def test_file_that_cannot_be_read_is_a_problem(of_file, text):
    assert check_settings(of_file(text)).state == "problem"


def test_value_that_makes_no_sense_here_is_a_warning(of_file):
    finding = check_settings(of_file("addresses:\n  dashboard: 8081\n  gateway: 8081\n"))
    assert finding.state == "warning"
    assert "8081" in finding.text
    assert finding.facts["warnings"]


def test_good_file_is_ok_and_named(of_file):
    around = of_file("checks:\n  timeout_s: 7\n")
    finding = check_settings(around)
    assert (finding.state, finding.hint) == ("ok", "")
    assert finding.text == f"{around.settings_file}; 1 value set"


def test_no_file_means_defaults(around, tmp_path):
    finding = check_settings(around(data_folder=None, settings_file=tmp_path / "absent.yaml"))
    assert (finding.state, finding.text) == ("ok", "no settings file, so defaults; 0 values set")


def test_port_that_a_child_of_ours_has_is_no_warning(of_file, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        text = f"data:\n  folder: {tmp_path / 'data'}\naddresses:\n  dashboard: {port}\n"
        assert "in use" in check_settings(of_file(text)).text
        (tmp_path / "data/run").mkdir(parents=True)
        child = Standing(state="ready", since=2.0, pid=812, port=port)
        write_report(
            tmp_path / "data",
            Report(supervisor=identify(os.getpid(), 1.0), children={"dashboard": child}, settled=True),
        )
        assert check_settings(of_file(text)).state == "ok"
