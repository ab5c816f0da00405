"""A process starts logging with one call; nothing it logs can hold it up, forge a line or show a secret."""

import io
import json
import logging
import threading
import time

import pytest

from ollascope.logs.form import bound
from ollascope.logs.setup import Logs, start
from ollascope.words.setting import Secret

LOG = logging.getLogger("ollascope.gateway.relay")
CANARY = "canary-5d1e9f"


@pytest.fixture
def out():
    return io.StringIO()


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def logged(tmp_path, out, work, **given):
    """The lines in the file after some work."""
    with start(Logs(**given), "gateway", tmp_path, [Secret(CANARY)], out) as logging_:
        work()
    return lines_of(logging_.path)


def test_lines_reach_the_file_and_the_console(tmp_path, out):
    (line,) = logged(tmp_path, out, lambda: LOG.info("hello %s", "you", extra={"code": "x"}))
    assert (line["message"], line["room"], line["level"], line["code"]) == ("hello you", "gateway", "info", "x")
    assert line["template"] == "hello %s"
    assert json.loads(out.getvalue()) == line


def test_everything_is_given_back_at_the_end(tmp_path, out):
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.getLogger("ollascope").level, threading.active_count())
    logged(tmp_path, out, lambda: None)
    assert (list(root.handlers), root.level, logging.getLogger("ollascope").level, threading.active_count()) == before


def test_levels_of_ours_and_of_others(tmp_path, out):
    def work():
        LOG.debug("no")
        LOG.info("yes")
        logging.getLogger("urllib3").info("no")
        logging.getLogger("urllib3").warning("yes")

    assert [line["message"] for line in logged(tmp_path, out, work)] == ["yes", "yes"]


def test_ids_are_those_in_force_where_the_line_was_logged(tmp_path, out):
    def work():
        with bound(request="R1", run="N1"):
            LOG.info("within")
        LOG.info("after")

    within, after = logged(tmp_path, out, work)
    assert (within["request"], within["run"]) == ("R1", "N1")
    assert "request" not in after


def test_changed_arguments_do_not_change_the_line(tmp_path, out):
    def work():
        thing = ["before"]
        LOG.info("%s", thing, extra={"thing": thing})
        thing[0] = "after"

    (line,) = logged(tmp_path, out, work)
    assert (line["message"], line["thing"]) == ("['before']", '["before"]')


def test_wrong_arguments_and_strange_things_are_no_error(tmp_path, out, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own would raise

    class Broken:
        def __str__(self):
            raise RuntimeError("no text")

    def work():
        LOG.info("%d", "x")
        LOG.info("%s %s", 1)  # noqa: PLE1206
        LOG.info("%s", Broken())
        LOG.info("ok", extra={"thing": Broken()})

    assert [line["message"] for line in logged(tmp_path, out, work)] == ["%d", "%s %s", "%s", "ok"]


def test_secrets_stay_out_of_message_fields_and_traceback(tmp_path, out):
    def work():
        LOG.info("key is %s", CANARY)
        LOG.info("Authorization: Bearer %s", "OTHERCANARY99", extra={"x_api_key": "OTHERCANARY99", "header": CANARY})
        try:
            raise ValueError(f"cannot use {CANARY}")
        except ValueError:
            LOG.exception("failed")

    found = logged(tmp_path, out, work)
    shown = json.dumps(found) + out.getvalue()
    assert CANARY not in shown
    assert "OTHERCANARY99" not in shown
    assert "Traceback" in found[2]["traceback"]


def test_pretty_console_is_one_safe_line_each(tmp_path, out):
    logged(tmp_path, out, lambda: LOG.warning("a\n2026 forged \x1b[2J"), console="pretty")
    (line,) = out.getvalue().splitlines()
    assert line.endswith("gateway: a\\n2026 forged \\x1b[2J")


def test_console_may_be_off_and_files_too(tmp_path, out):
    with start(Logs(console="off", files=False), "gateway", tmp_path, (), out) as running:
        LOG.info("nowhere")
    assert out.getvalue() == ""
    assert running.path is None
    assert list(tmp_path.iterdir()) == []


def test_console_that_has_gone_does_not_stop_the_file(tmp_path):
    out = io.StringIO()
    out.close()
    assert [line["message"] for line in logged(tmp_path, out, lambda: LOG.info("x"))] == ["x"]


class Stuck(io.StringIO):
    """A console that takes nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def write(self, text):
        self.go.wait(30)
        return super().write(text)


def test_caller_never_waits_and_what_is_dropped_is_counted_and_told(tmp_path):
    out = Stuck()
    with start(Logs(queue_lines=100), "gateway", tmp_path, (), out) as running:
        LOG.info("first")
        started = time.monotonic()
        for number in range(5000):
            LOG.info("line %d", number)
        assert time.monotonic() - started < 10
        assert running.dropped >= 4000
        out.go.set()
    told = lines_of(running.path)
    assert sum(line.get("dropped", 0) for line in told) == running.dropped
    assert len(told) - sum("dropped" in line for line in told) == 5001 - running.dropped


def test_many_threads_lose_nothing(tmp_path, out):
    def work():
        threads = [threading.Thread(target=lambda: [LOG.info("x") for _ in range(250)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(logged(tmp_path, out, work)) == 2000


def test_folder_of_the_settings_wins(tmp_path, out):
    with start(Logs(folder=tmp_path / "elsewhere"), "monitor", tmp_path, (), out) as running:
        LOG.info("x")
    assert running.path == tmp_path / "elsewhere" / "monitor.log"
