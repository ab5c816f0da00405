"""`ollascope top`: one view after another, honest about what nobody tells."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest

from ollascope.apis.models import Model
from ollascope.engines.asking.reaching import survey
from ollascope.engines.fake import Fake
from ollascope.engines.llamacpp.announced import Announced, announce
from ollascope.engines.ollama.client import Ollama
from ollascope.monitor.top import Asking, Seen, counted_calls, endings_of, shows_demo, windows_of
from ollascope.processes.identity import identify
from ollascope.words.errors import ConnectFailed
from tests.contracts.fakes import fake_server
from tests.monitor.conftest import NOON

FAKE = ("--set=engines.use=fake",)


@pytest.mark.parametrize("words", [("--interval", "0"), ("--interval", "often"), ("--once", "--never")])
def test_nonsense_is_refused(say, words):
    assert say("top", *words)[0] == 2


def test_engine_that_hangs_is_told_after_its_time():
    ended = threading.Event()
    asking = Asking(lambda: Seen(models=()) if ended.wait(30) else Seen(), patience_s=0.02)
    assert "no answer" in asking.read().trouble
    ended.set()
    deadline = time.monotonic() + 20
    while asking.read().models is None:
        assert time.monotonic() < deadline
    assert asking.read() == Seen(models=())


def test_engine_that_is_down_is_told_and_asked_again():
    answers = iter([ConnectFailed("nothing answers", hint="start it"), Seen(models=())])

    def ask():
        answer = next(answers)
        if isinstance(answer, ConnectFailed):
            raise answer
        return answer

    asking = Asking(ask)
    assert asking.read().trouble == "nothing answers"
    assert asking.read().models == ()


def test_window_holds_what_ended_in_it(make_call):
    calls = [make_call(sent_at=NOON - age, end_s=1.0) for age in (10, 100, 200, 800, 2000)]
    assert [window.requests for window in windows_of(calls, NOON)] == [1, 3, 4]
    assert windows_of(calls, NOON)[1].per_minute == pytest.approx(0.6)


def test_window_without_calls_has_no_figures():
    window = windows_of([], NOON)[0]
    assert (window.requests, window.ttft.n, window.ttft.p50) == (0, 0, None)


def test_failures_stand_before_what_the_asker_did(make_call):
    outcomes = ("ok", "cancelled", "cancelled", "cancelled", "timeout", "timeout", "engine-busy", "model-missing")
    calls = [make_call(sent_at=NOON, outcome=outcome) for outcome in outcomes]
    assert list(endings_of(calls, NOON).items()) == [
        ("timeout", 2), ("engine-busy", 1), ("cancelled", 3), ("model-missing", 1)
    ]  # fmt: skip
    assert windows_of(calls, NOON)[-1].failed == 3


def test_measurements_of_our_own_do_not_count(make_call):
    calls = [make_call(), make_call(source="bench"), make_call(model="demo"), make_call(parent="x"),
             make_call(engine="fake")]  # fmt: skip
    chosen, left_out = counted_calls(calls)
    assert (len(chosen), left_out) == (1, 3)


def test_view_that_shows_a_demo_says_so(make_call):
    real, model = Seen(models=(Model(name="qwen3:8b"),)), Model(name="scripted:latest")
    assert not shows_demo([make_call()], "ollama", real)
    assert shows_demo([make_call(engine="fake")], "ollama", real)
    assert shows_demo([make_call()], "ollama", Seen(models=(model,)))
    assert shows_demo([], "fake", Seen())


def test_view_in_a_pipe_is_printed_once(say):
    code, out, _ = say(*FAKE, "top")
    assert code == 0
    assert all(word in out for word in ("Models in memory", "Requests", "Machine", "CPU", "DEMO"))


def test_engine_that_is_not_there_is_no_failure(say):
    code, out, _ = say("--set=engines.ollama.url=http://127.0.0.1:9", "top", "--once")
    assert code == 0
    assert "not measured: nothing answers" in out


def test_json_has_null_where_nothing_was_measured(facts):
    told = facts(*FAKE, "top")
    assert told["in_flight"] is None
    assert told["windows"][0]["ttft_s"] == {"n": 0}
    assert told["machine"]["memory_total_bytes"] > 0


def test_requests_of_the_last_minutes_are_told(facts, write, make_call, now):
    write(make_call(sent_at=now - 5), make_call(sent_at=now - 5, outcome="timeout"))
    told = facts(*FAKE, "top")
    assert (told["windows"][0]["requests"], told["windows"][0]["failed"]) == (2, 1)
    assert told["faults"] == {"timeout": 1}


def test_models_in_memory_are_listed(say):
    with fake_server(Fake(ttft_s=0, gap_s=0)) as server:
        engine = Ollama(server.url)
        engine.load("scripted")
        engine.close()
        _, out, _ = say("--set", f"engines.ollama.url={server.url}", "top")
    assert "scripted" in out


def test_embedded_engine_of_the_data_folder_is_found(say, data):
    if survey().answers:
        pytest.skip("an Ollama answers on this machine, and goes before the embedded engine")
    with fake_server(Fake(ttft_s=0, gap_s=0)) as server:
        who = identify(os.getpid(), time.time())
        announce(data, Announced(who=who, url=server.url, model="scripted", demo=True))
        engine = Ollama(server.url)
        engine.load("scripted")
        engine.close()
        _, out, _ = say("top")
    assert server.url in out
    assert "scripted" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_live_view_ends_cleanly_and_gives_the_screen_back(data, number):
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "ollascope", "--data", str(data), *FAKE, "top", "--interval", "0.5"]
    process = subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    seen = b""
    try:
        while b"Machine" not in seen:
            seen += os.read(ours, 65_536)
        process.send_signal(number)
        while True:
            try:
                seen += os.read(ours, 65_536)
            except OSError:
                break
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"\x1b[?1049h" in seen
    assert seen.rindex(b"\x1b[?1049l") > seen.rindex(b"\x1b[?1049h")
    assert b"Traceback" not in seen
