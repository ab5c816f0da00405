"""`ollascope bench` as a person and a program use it: crooked servers, ends in the middle, results and exit codes."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from ollascope import cli
from tests.bench.crooked import HEAD, MODEL, Crooked, good, piece, whole, word
from tests.ledger.test_disks import Disk
from tests.processes.stage import until
from tests.serve.fronts import COMMAND, started

SHORT = ("--requests", "6", "--concurrency", "2", "--first-timeout", "0.3s", "--idle-timeout", "0.3s", "--grace", "1s")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("OLLASCOPE", "OLLAMA"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def say(data, capfd):
    """Run `ollascope …`: exit code, standard output, standard error."""

    def run(*words):
        capfd.readouterr()
        code = cli.run(["--data", str(data), *words])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def measure(say, tmp_path):
    """A run whose result is read from its JSON."""

    def run(url, *words, model=MODEL, code=0):
        file = tmp_path / "result.json"
        found, _, err = say("bench", "run", "--url", url, "--model", model, *words, "--json", str(file))
        assert found == code, err
        return json.loads(file.read_text())

    return run


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    with started("--ttft", "0.02", "--gap", "0.005", data=tmp_path_factory.mktemp("fake")) as (_, url):
        yield url


# Servers that answer badly: each way has its code, and the run ends with a result.


def refuse(status, words):
    return lambda connection, _request, _number: whole(connection, status, {"error": words})


def stall(connection, _request, _number):
    connection.sendall(HEAD)
    piece(connection, word("a"))
    threading.Event().wait(30)


def cut(connection, _request, _number):
    connection.sendall(HEAD)
    piece(connection, word("a"))
    connection.shutdown(socket.SHUT_RDWR)


def stop_early(connection, _request, _number):
    connection.sendall(HEAD)
    piece(connection, word("a"))
    connection.sendall(b"0\r\n\r\n")


def babble(connection, _request, _number):
    connection.sendall(b"\x00\xffwhat is this\r\n\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def stutter(connection, _request, _number):
    connection.sendall(HEAD + b"7\r\nnot it\n\r\n0\r\n\r\n")


CROOKED = {
    "stalls in the middle": (stall, "timeout"),
    "cuts": (cut, "connection-cut"),
    "ends without its last line": (stop_early, "answer-unfinished"),
    "says no HTTP": (babble, "answer-malformed"),
    "says no JSON": (stutter, "answer-malformed"),
    "has a full queue": (
        refuse(503, "server busy, please try again.  maximum pending requests exceeded"),
        "engine-busy",
    ),
    "fails": (refuse(500, "llama runner process has terminated"), "engine-crashed"),
    "knows no such model after all": (refuse(404, "model 'm:1b' not found"), "model-missing"),
    "wants less": (refuse(429, "too many requests"), "rate-limited"),
}


@pytest.mark.parametrize("what", CROOKED)
def test_server_that_answers_badly_is_counted_by_code(measure, what):
    play, outcome = CROOKED[what]
    with Crooked(play) as server:
        result = measure(server.url, *SHORT)
    assert result["delivered"]["outcomes"] == {outcome: 6}
    assert (result["delivered"]["failed"], result["delivered"]["ok"]) == (6, 0)
    assert result["verdict"] in {"LIMITED", "INVALID"}
    assert result["reasons"]


def test_server_that_hangs_before_its_head_is_waited_for_as_long_as_the_limit_says(measure):
    with Crooked(lambda *_: None) as server:
        server._play = server.hang
        began = time.monotonic()
        result = measure(server.url, *SHORT)
    assert result["delivered"]["outcomes"] == {"timeout": 6}
    assert time.monotonic() - began < 30


def test_server_that_hangs_at_everything_is_measured_all_the_same(measure):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = measure(url, "--requests", "2", "--concurrency", "2", "--first-timeout", "0.3s")
    assert result["delivered"]["outcomes"] == {"timeout": 2}


def test_server_that_fails_sometimes_gives_figures_of_the_rest(measure):
    def sometimes(connection, request, number):
        (cut if number % 3 == 0 else good)(connection, request, number)

    with Crooked(sometimes) as server:
        result = measure(server.url, "--requests", "9", "--concurrency", "1")
    assert result["delivered"]["outcomes"] == {"ok": 6, "connection-cut": 3}
    assert result["metrics"]["ttft_s"]["p50"] is not None


def test_server_that_answers_with_another_model_is_told(measure):
    with Crooked(lambda connection, request, number: good(connection, request, number, model="other:70b")) as server:
        result = measure(server.url, *SHORT)
    assert result["delivered"]["ok"] == 6
    assert any("other" in reason["text"] for reason in result["reasons"])


def test_server_that_is_gone_in_the_middle_ends_the_run_by_its_limit_of_errors(measure):
    def leave(connection, request, number):
        if number == 3:
            server._listener.close()
        good(connection, request, number) if number < 3 else cut(connection, request, number)

    with Crooked(leave) as server:
        result = measure(server.url, "--requests", "100000", "--concurrency", "2", "--max-errors", "20")
    assert result["delivered"]["outcomes"]["ok"] == 2
    assert 20 <= result["delivered"]["failed"] < 200
    assert result["window"]["cut_by"] == "errors"


# Before anything is sent.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rate", "5", "--concurrency", "2"), "exclude each other"),
        (("--arrival", "poisson"), "goes with a rate"),
        (("--goal", "speed=1s"), "no goal"),
        (("--max-tokens", "lots"), "no length"),
        (("--turns", "3", "--rate", "2"), "conversations"),
        (("--json", "/nowhere/x.json"), "is not there"),
        (("--json", "-", "--csv", "-"), "only one output"),
        (("--trace", "/nowhere/trace.jsonl"), "trace"),
        (("--run", "../../x"), "cannot be the id"),
    ],
)
def test_contradiction_ends_with_2_before_a_server_is_asked(say, words, said):
    code, _, err = say("bench", "run", "--url", "http://127.0.0.1:1", "--model", "m", *words)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) >= 2


def test_server_that_is_absent_ends_soon_with_a_result_and_says_so_in_one_line(say, tmp_path):
    file = tmp_path / "r.json"
    words = ("--url", "http://127.0.0.1:1", "--model", "m", "-c", "2", "-n", "10000", "--json", str(file))
    code, out, err = say("bench", "run", *words)
    assert (code, err.splitlines()[-2]) == (1, "ollascope: nothing answers at http://127.0.0.1:1: connection refused")
    assert "all" in out
    result = json.loads(file.read_text())
    assert (result["verdict"], result["delivered"]["ok"]) == ("INVALID", 0)
    assert set(result["delivered"]["outcomes"]) == {"connect-failed"}
    assert {one["code"] for one in result["reasons"]}.isdisjoint({"server-changed", "client-lag"})
    assert result["notes"][0].startswith("nothing answers at http://127.0.0.1:1")


def test_server_that_is_absent_is_invalid_and_strict_about_it(say):
    code, out, err = say("bench", "run", "--url", "http://127.0.0.1:1", "--model", "m", "-n", "3", "--strict")
    assert (code, "INVALID" in out, "all-failed" in err) == (3, True, True)


def test_server_that_is_absent_has_no_model_to_choose(say, data):
    code, out, err = say("bench", "run", "--url", "http://127.0.0.1:1")
    assert (code, out) == (1, "")
    assert "nothing answers at http://127.0.0.1:1" in err.splitlines()[0]
    assert not list(data.glob("results/*"))


def test_unknown_model_is_counted_and_told_with_names_that_are_near(say, fake, tmp_path):
    file = tmp_path / "r.json"
    code, _, err = say("bench", "run", "--url", fake, "--model", "scriptet", "-n", "3", "--json", str(file))
    assert code == 1
    assert "did you mean scripted" in err
    result = json.loads(file.read_text())
    assert (result["verdict"], result["delivered"]["outcomes"]) == ("INVALID", {"model-missing": 3})


# A good run.


def test_run_gives_the_documented_keys_and_files(measure, say, fake, data, tmp_path):
    files = {"html": "html", "csv": "csv", "junit": "xml", "prometheus": "prom", "jsonl": "jsonl"}
    outputs = [word for flag, kind in files.items() for word in (f"--{flag}", str(tmp_path / f"r.{kind}"))]
    result = measure(fake, "-n", "40", "-c", "8", "--max-tokens", "8", "--name", "first", *outputs, model="scripted")
    assert (result["delivered"]["ok"], result["delivered"]["peak_inflight"], result["demo"]) == (40, 8, True)
    assert {"ttft_s", "ttft_due_s", "total_s", "tpot_s", "gap_s"} <= result["metrics"].keys()
    assert 0.015 < result["metrics"]["ttft_s"]["p50"] < 0.1
    calls = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [call["shot"] for call in calls] == [call["shot"] for call in sorted(calls, key=lambda one: one["at_s"])]
    assert {call["source"] for call in calls} == {"bench"}
    assert "<html" in (tmp_path / "r.html").read_text()
    assert all((tmp_path / f"r.{kind}").stat().st_size for kind in ("csv", "xml", "prom"))
    [folder] = data.glob("results/*")
    assert folder.name.endswith("-first")
    kept = {path.name for path in folder.iterdir()}
    assert {
        "asked.json",
        "run.json",
        "about.json",
        "calls.jsonl",
        "samples.jsonl",
        "result.json",
        "report.html",
    } <= kept
    assert not {"live.json", "calls-0.jsonl"} & kept
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert json.loads((folder / "run.json").read_text())["verdict"] == result["verdict"]


def test_json_on_standard_output_is_all_that_is_said(say, fake):
    code, out, err = say("bench", "run", "--url", f"{fake}/v1", "--model", "scripted", "-n", "4", "--json", "-")
    assert (code, err) == (0, "")
    assert json.loads(out)["delivered"]["ok"] == 4


def test_rate_is_kept_and_its_process_told(measure, fake):
    result = measure(fake, "--rate", "40", "--arrival", "constant", "--duration", "2", model="scripted")
    assert result["delivered"]["requests"] == 80
    assert result["delivered"]["arrival_cv"] < 0.3
    assert result["metrics"]["ttft_due_s"]["n"] == 80


def test_sweep_has_a_stage_for_each_level(measure, fake):
    result = measure(fake, "--sweep", "1:4,3:9", model="scripted")
    assert [(part["users"], part["delivered"]["ok"]) for part in result["parts"]] == [(1, 4), (3, 9)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("csv", "timestamp,input_tokens,output_tokens\n0,0,5\n0.2,0,3\n"),
        ("jsonl", '{"at_s": 0, "tokens_out": 5}\n{"at_s": 0.2, "tokens_out": 3}\n'),
    ],
)
def test_trace_is_replayed_at_its_times_with_its_lengths(measure, say, fake, tmp_path, kind, text):
    trace = tmp_path / f"trace.{kind}"
    trace.write_text(text)
    result = measure(fake, "--trace", str(trace), model="scripted")
    assert (result["delivered"]["ok"], result["asked"]["load"]["arrival"]) == (2, "trace")
    assert say("bench", "report", result["run"], "--jsonl", str(tmp_path / "calls.jsonl"))[0] == 0
    calls = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [call["tokens_out"] for call in calls] == [5, 3]
    assert calls[1]["at_s"] >= 0.2


def test_thinking_is_told_with_the_first_answer_after_it(say, fake, tmp_path):
    asked = tmp_path / "asked.jsonl"
    asked.write_text('{"prompt": "Why? <|think|>"}\n')
    words = ("--url", fake, "--model", "scripted", "--prompts", str(asked), "--cache", "friendly", "-n", "3", "--think")
    code, out, _ = say("bench", "run", *words)
    assert (code, "thinking on" in out, "first answer, after thinking" in out) == (0, True, True)
    assert "after thinking" not in say("bench", "run", "--url", fake, "--model", "scripted", "-n", "3")[1]


def test_engine_inside_is_measured_without_a_server(say):
    code, out, _ = say("bench", "run", "--api", "inside", "-n", "5", "--json", "-")
    assert code == 0
    assert json.loads(out)["delivered"]["ok"] == 5


def test_strict_run_that_is_invalid_ends_with_3_after_its_result(say):
    with Crooked(cut) as server:
        code, out, err = say("bench", "run", "--url", server.url, "--model", MODEL, "-n", "4", "--strict")
    assert code == 3
    assert "INVALID" in out
    assert "the verdict is INVALID" in err


def test_two_workers_share_the_requests(measure, data, fake):
    result = measure(fake, "-n", "21", "-c", "4", "--workers", "2", model="scripted")
    assert (result["delivered"]["ok"], result["client"]["workers"]) == (21, 2)
    [folder] = data.glob("results/*")
    shots = [json.loads(line)["shot"] for line in (folder / "calls.jsonl").read_text().splitlines()]
    assert sorted(shots) == list(range(21))


# What was measured is shown again.


def test_report_shows_a_run_again_and_several_side_by_side(say, measure, fake, tmp_path):
    measure(fake, "-n", "4", "--run", "one", model="scripted")
    measure(fake, "-n", "4", "--run", "two", model="scripted")
    assert "VALID" in (said := say("bench", "report", "one"))[1] or "LIMITED" in said[1]
    code, out, _ = say("bench", "report", "one", "two", "--json", "-")
    assert (code, [one["run"] for one in json.loads(out)]) == (0, ["one", "two"])
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(json.loads(out)[0]))
    assert say("bench", "report", str(file))[0] == 0
    assert say("bench", "report", "thre")[0] == 2
    code, out, _ = say("bench", "list", "--json")
    assert {one["id"] for one in json.loads(out)} == {"one", "two"}
    assert "one DEMO" in say("bench", "list")[1]


def test_nothing_measured_yet_is_said(say):
    assert say("bench", "list")[0] == 0
    assert say("bench", "report")[0] == 2


# Ends in the middle.


@pytest.fixture
def begun(data, fake):
    """A run in a process of its own that has answers already."""
    processes = []

    def begin(*words, run="r", url=fake):
        command = [
            *COMMAND,
            f"--data={data}",
            "bench",
            "run",
            "--url",
            url,
            "--model",
            "scripted",
            "--run",
            run,
            *words,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        until(lambda: live(data / "results" / run).get("ended", 0) > 5, "an answer")
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate(timeout=10)


def live(folder):
    try:
        return json.loads((folder / "live.json").read_text())
    except (OSError, ValueError):
        return {}


def workers_of(folder):
    """The processes that write this run."""
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/fd") if writes(path, folder)]


def writes(path, folder):
    try:
        return any(str(link.readlink()).startswith(f"{folder}/calls") for link in path.iterdir())
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_with_what_there_is_marked_partial(begun, data, number):
    process = begun("-c", "4", "--duration", "60")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "requests" in out
    assert "bench resume r" in err
    result = json.loads((data / "results/r/result.json").read_text())
    assert result["partial"]
    assert result["delivered"]["ok"] > 5
    assert result["window"]["cut_by"] == "interrupted"


def test_end_before_anything_was_sent_leaves_nothing(data):
    with Crooked(lambda *_: None) as server:
        server._play = server.hang
        words = ("--url", server.url, "--model", MODEL, "--tokens-in", "64", "--first-timeout", "60s", "--run", "r")
        command = [*COMMAND, f"--data={data}", "bench", "run", *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            until(lambda: server.asked, "the question how it counts")
            assert live(data / "results/r")["state"] == "preparing"
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert "nothing was measured yet" in err
    assert not (data / "results/r").exists()


def test_run_under_nohup_outlives_its_terminal(data, fake):
    command = ["nohup", *COMMAND, f"--data={data}", "bench", "run", "--url", fake, "--model", "scripted", "-n", "60",
               "-c", "2", "--run", "r"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        until(lambda: live(data / "results/r").get("ended", 0) > 5, "an answer")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0


@pytest.mark.slow
def test_second_signal_ends_at_once_and_leaves_nobody(begun, data):
    process = begun("-c", "4", "--duration", "60")
    folder = data / "results/r"
    workers = workers_of(folder)
    os.kill(workers[0], signal.SIGSTOP)  # a worker that does not hear makes the first one last
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert workers_of(folder) == []


def test_run_of_a_killed_coordinator_is_reported_and_resumed(begun, say, data):
    process = begun("-c", "4", "-n", "200")
    folder = data / "results/r"
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not workers_of(folder), "the end of its workers")
    code, out, err = say("bench", "report", "r", "--json", "-")
    assert code == 0, err
    before = json.loads(out)
    assert before["partial"]
    assert 0 < before["delivered"]["ok"] < 200
    code, out, err = say("bench", "resume", "r", "--json", str(folder / "after.json"))
    assert code == 0, err
    assert "another run" not in err
    after = json.loads((folder / "after.json").read_text())
    assert (after["delivered"]["ok"], after["partial"]) == (200, False)
    shots = [
        json.loads(line)["shot"]
        for line in (folder / "calls.jsonl").read_text().splitlines()
        if "cancelled" not in line
    ]
    assert sorted(shots) == list(range(200))
    code, _, err = say("bench", "resume", "r")
    assert code == 0
    assert "nothing to take up" in err


def test_open_loop_goes_on_where_it_was_killed_with_its_times_kept(begun, say, data):
    process = begun("--rate", "20", "--arrival", "constant", "--duration", "3")
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not workers_of(data / "results/r"), "the end of its workers")
    code, out, err = say("bench", "resume", "r", "--json", "-")
    assert code == 0, err
    after = json.loads(out)
    assert after["delivered"]["ok"] == 60
    assert after["metrics"]["ttft_due_s"]["max"] < 2  # nobody waited for the time between


def test_worker_that_is_killed_ends_the_run_with_what_there_is(begun, data):
    process = begun("-c", "4", "--duration", "60", "--workers", "2")
    os.kill(workers_of(data / "results/r")[0], signal.SIGKILL)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the run is not whole" in err
    result = json.loads((data / "results/r/result.json").read_text())
    assert (result["partial"], result["window"]["cut_by"]) == (True, "worker-died")
    assert result["delivered"]["ok"] > 5


def test_run_is_ended_from_elsewhere(begun, say, data):
    process = begun("-c", "4", "--duration", "60")
    code, out, err = say("bench", "stop", "r")
    assert code == 0, err
    assert "has ended" in out
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert say("bench", "stop", "r")[0] == 2


def test_second_run_beside_another_is_allowed_but_told(begun, say, fake):
    begun("-c", "2", "--duration", "60")
    code, _, err = say("bench", "run", "--url", fake, "--model", "scripted", "-n", "4", "--run", "other")
    assert code == 0
    assert "another run is under way, r" in err
    assert say("bench", "run", "--url", fake, "--model", "scripted", "-n", "4", "--run", "r")[0] == 1
    assert {one["id"]: one["state"] for one in json.loads(say("bench", "list", "--json")[1])}["r"] == "running"
    assert say("bench", "resume", "r")[0] == 1


def test_output_that_cannot_be_written_takes_no_result_with_it(say, fake):
    code, out, err = say("bench", "run", "--url", fake, "--model", "scripted", "-n", "4", "--csv", "/dev/full")
    assert code == 1
    assert "requests" in out
    assert "no room" in err


def test_sweep_that_was_ended_goes_on_with_its_stage(begun, say, data):
    process = begun("--sweep", "2:20,4:60,2:12", "--max-tokens", "8")
    until(lambda: live(data / "results/r").get("stage") == 1, "the second stage")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    code, out, err = say("bench", "resume", "r", "--json", "-")
    assert code == 0, err
    parts = json.loads(out)["parts"]
    assert [(part["users"], part["delivered"]["ok"]) for part in parts] == [(2, 20), (4, 60), (2, 12)]


def test_full_disk_takes_the_files_and_not_the_result(say, fake, tmp_path):
    try:
        disk = Disk(tmp_path / "disk", 160 * 1024)
    except PermissionError:
        pytest.skip("this user may not mount")
    words = ("--url", fake, "--model", "scripted", "-n", "500", "-c", "20", "--json", str(tmp_path / "r.json"))
    try:
        code, out, err = say("--data", str(tmp_path / "disk" / "data"), "bench", "run", *words)
    finally:
        disk.unmount()
    assert code == 1
    assert "no room" in err
    assert "requests" in out
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["delivered"]["ok"] == 500
    assert "calls-lost" in {reason["code"] for reason in result["reasons"]}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_quick_says_in_under_a_minute_how_fast_it_is(say, fake, tmp_path):
    began = time.monotonic()
    code, out, err = say("quick", "--url", fake, "--html", str(tmp_path / "quick.html"))
    assert code == 0, err
    assert time.monotonic() - began < 60 + 30  # the promise, and what a busy machine adds
    assert "tokens/s" in out
    assert "next step" in out
    assert "DEMO" in out
    assert "<html" in (tmp_path / "quick.html").read_text()
