"""Running the checks: one that hangs or breaks never hides the others."""

import subprocess
import sys
import threading
import time
from importlib import import_module

import pytest

from ollascope.checks.finding import Surroundings
from ollascope.checks.run import run_check, run_checks
from ollascope.settings.load import Sources, examine
from ollascope.wire import SECTIONS

PLANTED = '''"""Checks that behave badly."""

import threading
import time

from ollascope.checks.finding import Finding
from ollascope.words import errors

release = threading.Event()
running = threading.Semaphore(0)
peak = []
inside = []


def fine(around):
    return Finding(id="fine", state="ok", text="fine")


def hanging(around):
    release.wait(30)
    return Finding(id="hanging", state="ok", text="at last")


def endless(around):
    time.sleep(60)


def counted(around):
    inside.append(1)
    peak.append(len(inside))
    time.sleep(0.02)
    inside.pop()
    return Finding(id="counted", state="ok", text="counted")


def troubled(around):
    raise errors.FolderUnusable("the folder is odd", hint="mend it")


def unsupported(around):
    raise errors.Unsupported("not on this system", hint="use Linux")


def without_package(around):
    import a_package_that_nobody_has


def broken(around):
    return {}["gone"]


def leaving(around):
    raise SystemExit(3)
'''


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """The module of bad checks; whatever still waits in it is let go at the end."""
    (tmp_path / "planted_checks.py").write_text(PLANTED)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "planted_checks", raising=False)
    module = import_module("planted_checks")
    yield module
    module.release.set()
    del sys.modules["planted_checks"]


def table(*names):
    return {name: f"planted_checks:{name}" for name in names}


def limited(**limits):
    assignments = tuple(f"checks.{name}={value}" for name, value in limits.items())
    settings, mistakes = examine(SECTIONS, Sources(assignments=assignments))
    assert not mistakes
    return Surroundings(settings=settings)


def test_check_that_hangs_becomes_unknown_and_the_rest_are_there(planted):
    began = time.monotonic()
    findings = run_checks(limited(timeout_s=0.1, workers=1), table("hanging", "fine"))
    assert time.monotonic() - began < 10
    assert [(finding.id, finding.state) for finding in findings] == [("hanging", "unknown"), ("fine", "ok")]
    assert findings[0].text == "took longer than 0.1 s"
    assert "checks.timeout_s" in findings[0].hint


def test_end_of_the_program_does_not_wait_for_a_check_that_hangs(planted, tmp_path):
    program = (
        "from ollascope.checks.run import run_checks\n"
        "from ollascope.checks.finding import Surroundings\n"
        "from ollascope.settings.load import Sources, examine\n"
        "from ollascope.wire import SECTIONS\n"
        "settings, _ = examine(SECTIONS, Sources(assignments=('checks.timeout_s=0.1',)))\n"
        "print(run_checks(Surroundings(settings=settings), {'endless': 'planted_checks:endless'})[0].state)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("unknown\n", "", 0)


def test_order_of_the_table_is_kept(planted):
    names = ("counted", "fine", "broken", "troubled")
    findings = run_checks(limited(workers=4), table(*names))
    assert tuple(finding.id for finding in findings) == names


def test_no_more_checks_run_at_once_than_allowed(planted):
    checks = {f"c{number}": "planted_checks:counted" for number in range(8)}
    assert len(run_checks(limited(workers=2), checks)) == 8
    assert max(planted.peak) <= 2


def test_checks_leave_no_thread_behind(planted):
    before = threading.active_count()
    run_checks(limited(), table("fine", "broken"))
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_trouble_in_a_check_is_a_problem_with_its_hint(planted):
    finding = run_check("troubled", "planted_checks:troubled", limited())
    assert (finding.state, finding.text, finding.hint) == ("problem", "the folder is odd", "mend it")


def test_what_the_system_cannot_tell_is_unknown(planted):
    finding = run_check("unsupported", "planted_checks:unsupported", limited())
    assert (finding.state, finding.text, finding.hint) == ("unknown", "not on this system", "use Linux")


def test_missing_package_is_a_problem_that_names_it(planted):
    finding = run_check("without_package", "planted_checks:without_package", limited())
    assert finding.state == "problem"
    assert "a_package_that_nobody_has" in finding.text


def test_bug_in_a_check_is_called_a_bug_and_says_where(planted):
    finding = run_check("broken", "planted_checks:broken", limited())
    assert finding.state == "unknown"
    assert finding.text.startswith("this is a bug in Ollascope: KeyError: 'gone' (planted_checks.py:")
    assert finding.hint


@pytest.mark.parametrize("path", ["planted_checks:absent", "ollascope.checks.absent:check", "no colon"])
def test_wrong_line_in_the_table_is_a_bug(planted, path):
    finding = run_check("x", path, limited())
    assert finding.state == "unknown"
    assert "this is a bug in Ollascope" in finding.text


def test_check_that_wants_to_end_the_program_is_a_bug(planted):
    findings = run_checks(limited(), table("leaving", "fine"))
    assert [finding.state for finding in findings] == ["unknown", "ok"]
    assert "this is a bug in Ollascope: SystemExit: 3" in findings[0].text


def test_checks_run_where_no_thread_can_be_started(planted, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert [finding.state for finding in run_checks(limited(), table("broken", "fine"))] == ["unknown", "ok"]


def test_empty_table_has_no_findings():
    assert run_checks(limited(), {}) == []
