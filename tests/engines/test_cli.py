"""The commands `models` and `ask`, as a person types them."""

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollascope.cli import run
from ollascope.engines.fake import Fake
from ollascope.engines.flags import FLAGS
from ollascope.ledger.reading import read_calls
from tests.contracts.fakes import fake_server
from tests.contracts.wires import END, HOLD, chunk, chunked, head, whole, wire

PAGE = Path(__file__).parent.parent.parent / "docs" / "engines.md"
PROGRAM = [sys.executable, "-m", "ollascope"]
NOWHERE = "http://127.0.0.1:9"
QUICK = Fake(ttft_s=0.0, gap_s=0.0)
SECRET = "do-not-keep-these-words"
LINE = {"model": "m", "created_at": "2026-08-01T10:00:00Z", "done": False}
LAST = {
    "total_duration": 2 * 10**8,
    "load_duration": 10**6,
    "prompt_eval_count": 9,
    "eval_count": 3,
    "eval_duration": 10**8,
}
BEGUN = head(200, "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
GGUF = b"GGUF\x03\0\0\0" + bytes(16)


@pytest.fixture
def ollascope(tmp_path, capsys, monkeypatch):
    """Run a command on the test's data folder: exit code, result, remarks."""

    def type_it(*words, piped=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
        code = run(["--data", str(tmp_path / "data"), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_it


@pytest.fixture
def server():
    with fake_server(QUICK) as running:
        yield running


@pytest.fixture
def interruptible():
    """Programs that are started hear Ctrl-C, also where the tests run in the background and do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def calls(tmp_path):
    """The Calls that were recorded."""
    return lambda: list(read_calls(tmp_path / "data" / "ledger"))


def said(text="", **more):
    """One line of an Ollama's answer."""
    return json.dumps({**LINE, "message": {"role": "assistant", "content": text}, **more}).encode() + b"\n"


def ollama(*steps, path="/api/chat", can=("completion",)):
    """An Ollama that answers one path with these steps, and has one model that can do this."""

    def script(asked):
        if asked.path == path:
            return steps
        models = [{"name": "m", "size": 1, "capabilities": can}]
        beside = {"/api/version": {"version": "0.32.15"}, "/api/ps": {"models": []}, "/api/tags": {"models": models}}
        return [whole(json.dumps(beside.get(asked.path, {"capabilities": can})).encode())]

    return wire(script)


@contextmanager
def started(tmp_path, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
    """The program as a process, ended with the test."""
    usual = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}  # it would flush for us
    process = subprocess.Popen(
        [*PROGRAM, "--data", str(tmp_path / "data"), *words], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
        env=usual,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def on_terminal(tmp_path, *words):
    """The program on a terminal of its own: what it shows so far, and a way to type."""
    here, there = pty.openpty()
    process = subprocess.Popen([*PROGRAM, "--data", str(tmp_path), *words], stdin=there, stdout=there, stderr=there)
    os.close(there)
    shown = bytearray()

    def until(text, limit_s=20.0):
        deadline = time.monotonic() + limit_s
        while text.encode() not in shown and time.monotonic() < deadline:
            if not select.select([here], [], [], 0.1)[0]:
                continue
            try:
                shown.extend(os.read(here, 4096))
            except OSError:  # the program has ended
                break
        return shown.decode(errors="replace")

    try:
        yield process, until, lambda text: os.write(here, text.encode())
    finally:
        process.kill()
        process.wait()
        os.close(here)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["ask", "--engine", "gpt", "hi"], "'gpt' is not one of"),
        (["ask", "--url", "", "hi"], "the address is empty"),
        (["ask", "--url", "ftp://x", "hi"], "ftp://x"),
        (["ask", "--engine", "fake", "--url", NOWHERE, "hi"], "has no address"),
        (["ask", "--max-tokens", "0", "hi"], "'--max-tokens'"),
        (["ask", "--temperature", "warm", "hi"], "'--temperature'"),
        (["ask", "--nope", "hi"], "No such option"),
        (["ask"], "there is no question"),
        (["ask", "  "], "there is no question"),
        (["ask", "caf\udce9"], "no UTF-8 text"),
        (["ask", "--engine", "fake", "--model", "caf\udce9", "hi"], "no UTF-8 text"),
        (["ask", "--image", "", "hi"], "The path is empty"),
        (["ask", "--image", "/nowhere.png", "hi"], "/nowhere.png is not there"),
        (["ask", "--image", "/", "hi"], "/ is a folder"),
        (["ask", "--schema", "/nowhere.json", "hi"], "/nowhere.json is not there"),
        (["models", "create", "m"], "it is not said what to make it from"),
        (["models", "create", "m", "--from", "a", "--gguf", "b"], "a model is made from one thing"),
        (["models", "create", "m", "--gguf", "/nowhere.gguf"], "there is no file /nowhere.gguf"),
        (["models", "pull"], "Missing argument 'MODEL'"),
        (["models", "load", "m", "--context", "0"], "'--context'"),
    ],
)
def test_wrong_words_are_one_line_and_a_hint(ollascope, words, complaint, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", NOWHERE)
    code, out, err = ollascope(*words)
    assert code == 2
    assert out == ""
    assert complaint in err.splitlines()[0]
    assert 1 < len(err.splitlines()) <= 3


@pytest.mark.parametrize("words", [["models", "list"], ["models", "ps"], ["models", "pull", "m"], ["ask", "hi"]])
def test_no_server_is_told_in_at_most_four_lines(ollascope, words, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", NOWHERE)
    code, out, err = ollascope(*words)
    assert (code, out) == (1, "")
    assert "nothing answers at http://127.0.0.1:9" in err
    assert len(err.splitlines()) <= 4


@pytest.mark.parametrize(
    ("words", "setting"), [(["models", "list"], "answer_s"), (["ask", "--model", "m", "hi"], "first_s")]
)
def test_server_that_hangs_is_not_waited_for_beyond_the_setting(ollascope, words, setting):
    began = time.monotonic()
    with wire(lambda _: [HOLD]) as server:
        attempts = ["--set", "engines.retries.attempts=1"]
        code, out, err = ollascope("--set", f"engines.patience.{setting}=0.2", *attempts, *words, "--url", server.url)
    assert (code, out) == (1, "")
    assert "within 0.2 s" in err
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (whole(b"<html>", 200, "text/html"), ""),
        (whole(b'{"models": 5}'), ""),
        (whole(b"{}"), "no list of models"),
        (whole(b'{"error":"go away"}', 401), "go away"),
        (head(302, "Location: http://elsewhere/", "Content-Length: 0"), "sends elsewhere"),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer in HTTP"),
    ],
)
def test_odd_server_is_a_line_and_a_hint(ollascope, answer, complaint):
    with wire(lambda _: [answer, END]) as server:
        code, out, err = ollascope("models", "list", "--url", server.url)
    assert (code, out) == (1, "")
    assert complaint in err
    assert 1 < len(err.splitlines()) <= 4


@pytest.mark.parametrize(
    ("piped", "complaint"),
    [
        (b"\xff\xd8\xff\xe0", "standard input is no UTF-8 text"),
        (b"a\0b", "it holds a NUL byte"),
        (b" \n", "no question"),
    ],
)
def test_input_that_is_no_text_is_not_sent(ollascope, server, piped, complaint):
    code, out, err = ollascope("ask", "--url", server.url, piped=piped)
    assert (code, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize(
    ("option", "name", "content", "complaint"),
    [
        ("--schema", "s.json", b"{", "is no JSON, line 1"),
        ("--schema", "s.json", b"[]", "holds no JSON object"),
        ("--schema", "s.json", b"", "is empty"),
        ("--image", "a.png", b"no image", "is no image"),
    ],
)
def test_file_that_is_not_what_it_should_be_is_not_sent(ollascope, tmp_path, option, name, content, complaint):
    path = tmp_path / name
    path.write_bytes(content)
    with wire(lambda _: [HOLD]) as server:
        code, out, err = ollascope("ask", "hi", option, str(path), "--url", server.url)
        assert server.asked == []
    assert (code, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize(
    "words",
    [
        ["ask", "--model", "scriptd", "hi"],
        ["models", "show", "scriptd"],
        ["models", "copy", "scriptd", "other"],
        ["models", "rm", "scriptd", "--yes"],
        ["models", "load", "scriptd"],
        ["models", "unload", "scriptd"],
    ],
)
def test_wrong_model_is_told_with_the_nearest_names(ollascope, server, words):
    code, out, err = ollascope(*words, "--url", server.url)
    assert (code, out) == (1, "")
    assert "not found" in err
    assert "did you mean scripted:latest" in err


def test_model_that_cannot_see_is_not_sent_an_image(ollascope, server, tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, _, err = ollascope("ask", "hi", "--model", "scripted", "--image", str(image), "--url", server.url)
    assert code == 1
    assert "scripted cannot see images" in err


def test_disk_that_is_full_is_told(tmp_path, server):
    with (
        open("/dev/full", "wb") as full,
        started(tmp_path, "ask", "hi", "--url", server.url, stdout=full) as process,
    ):
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"standard output cannot be written" in err
    assert b"Traceback" not in err


def test_reader_who_leaves_ends_the_answer_quietly(tmp_path, calls):
    pieces = [chunk(said(f"line {number}\n")) for number in range(3)]
    gone = threading.Event()
    with (
        ollama(BEGUN, pieces[0], gone, *pieces * 200, HOLD) as server,
        started(tmp_path, "ask", "hi", "--model", "m", "--url", server.url) as process,
    ):
        assert process.stdout.readline() == b"line 0\n"
        process.stdout.close()
        gone.set()
        err = process.stderr.read()
        assert process.wait(30) == 0
    assert b"Traceback" not in err
    assert b"Error" not in err
    assert [call.outcome for call in calls()] == ["cancelled"]


def test_ctrl_c_ends_the_answer_and_records_it(tmp_path, calls, interruptible):
    with ollama(BEGUN, chunk(said("Once upon")), HOLD) as server:
        with started(tmp_path, "ask", "hi", "--model", "m", "--url", server.url) as process:
            assert os.read(process.stdout.fileno(), 100) == b"Once upon"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert server.left.wait(10)
    assert process.returncode == 130
    assert out == b"\n"
    assert b"ollascope: the answer was interrupted" in err
    assert b"Traceback" not in err
    assert [call.outcome for call in calls()] == ["cancelled"]


def test_fake_wears_its_badge_by_whatever_way_it_is_asked(ollascope, server):
    for way in (("--engine", "fake"), ("--url", server.url)):
        _, _, err = ollascope("ask", "hi", "--model", "scripted", *way)
        assert "DEMO" in err
        _, out, _ = ollascope("ask", "hi", "--model", "scripted", *way, "--json")
        assert json.loads(out)["demo"] is True


@pytest.mark.parametrize("data", ["/dev/null/data", "/proc/nowhere"])
def test_data_folder_that_cannot_be_used_costs_one_warning(capsys, monkeypatch, server, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    code = run(["--data", data, "ask", "hi", "--model", "scripted", "--url", server.url])
    told = capsys.readouterr()
    assert (code, told.out) == (0, "Hello! I say what my script says.\n")
    assert told.err.count("this Call is not recorded") == 1
    assert len([line for line in told.err.splitlines() if "DEMO" not in line]) == 2


def test_ledger_that_cannot_be_written_costs_one_warning(ollascope, server, tmp_path):
    ollascope("ask", "hi", "--model", "scripted", "--url", server.url)
    ledger = tmp_path / "data" / "ledger"
    ledger.rename(tmp_path / "elsewhere")
    ledger.write_text("in the way")
    with started(tmp_path, "ask", "hi", "--model", "scripted", "--url", server.url) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"Hello! I say what my script says.\n")
    assert err.count(b"this Call is not recorded") == 1
    assert len([line for line in err.splitlines() if b"DEMO" not in line]) == 2


def test_answer_that_fails_in_the_middle_keeps_what_came(ollascope, server, calls):
    code, out, err = ollascope("ask", "<|fail:line|>", "--model", "scripted", "--url", server.url)
    assert code == 1
    assert out.startswith("Hello")
    assert out.endswith("\n")
    assert "\nollascope: " in err
    assert [call.outcome for call in calls()] == ["engine-crashed"]


def test_answer_is_printed_and_recorded_without_its_words(ollascope, server, calls, tmp_path):
    code, out, err = ollascope("ask", SECRET, "--model", "scripted", "--system", SECRET, "--url", server.url)
    assert (code, out) == (0, "Hello! I say what my script says.\n")
    assert f"scripted by ollama ({server.url}): first token after" in err
    assert "8 tokens" in err
    recorded = calls()
    assert [(call.outcome, call.source, call.engine, call.model) for call in recorded] == [
        ("ok", "cli", "ollama", "scripted")
    ]
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_each_piece_is_shown_before_the_next_one_comes(tmp_path):
    seen = [threading.Event(), threading.Event()]
    last = chunk(said(done=True, done_reason="stop", **LAST)) + b"0\r\n\r\n"
    with (
        ollama(BEGUN, chunk(said("one ")), seen[0], chunk(said("two ")), seen[1], last) as server,
        started(tmp_path, "ask", "hi", "--model", "m", "--url", server.url) as process,
    ):
        for expected, event in zip((b"one ", b"two "), seen, strict=True):
            assert os.read(process.stdout.fileno(), 100) == expected
            event.set()
        assert process.communicate(timeout=30)[0] == b"\n"


def test_question_comes_from_words_and_input(ollascope, server):
    _, out, _ = ollascope("ask", "what is", "this?", "--model", "scripted", "--json", "--url", server.url)
    alone = json.loads(out)["tokens"]["in"]
    _, out, _ = ollascope(
        "ask", "what is", "this?", "--model", "scripted", "--json", "--url", server.url, piped=b"<|json|>"
    )
    assert json.loads(out)["text"] == '{"answer": 42, "why": "because"}'
    assert json.loads(out)["tokens"]["in"] > alone


def test_json_is_one_object_with_everything(ollascope, server, calls):
    code, out, err = ollascope("ask", "<|think|>", "--model", "scripted", "--json", "--url", server.url)
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["text"].strip() == "Forty-two"
    assert facts["thinking"].strip() == "Let me think"
    assert (facts["engine"], facts["backend"], facts["model"]) == ("ollama", server.url, "scripted")
    assert facts["times"]["ttft_s"] > 0
    assert facts["flags"] == []
    assert facts["call"] == calls()[0].id


def test_thinking_goes_beside_the_answer_and_quiet_hides_it(ollascope, server):
    words = ("ask", "<|think|>", "--think", "--model", "scripted", "--url", server.url)
    _, out, err = ollascope(*words)
    assert "Let me think" not in out
    assert "Let me think" in err
    _, out, err = ollascope("--quiet", *words)
    assert "Forty-two" in out
    assert err == ""


def test_what_was_done_in_silence_is_told(ollascope, tmp_path):
    schema = tmp_path / "s.json"
    schema.write_text('{"type": "object"}')
    last = said(done=True, done_reason="stop", **LAST)
    with ollama(*chunked([said("no JSON"), last], "application/x-ndjson")) as server:
        code, out, err = ollascope("ask", "hi", "--model", "m", "--schema", str(schema), "--url", server.url)
        sent = json.loads(server.to("/api/chat")[0].body)
        _, facts, _ = ollascope("ask", "hi", "--model", "m", "--schema", str(schema), "--json", "--url", server.url)
    assert (code, out) == (0, "no JSON\n")
    assert "does not keep the format" in err.splitlines()[1]
    assert (sent["format"], sent["think"]) == ({"type": "object"}, False)
    assert json.loads(facts)["flags"] == ["format-missed"]


def test_options_and_images_are_sent(ollascope, tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n")
    last = said("fine", done=True, done_reason="stop", **LAST)
    more = ["--max-tokens", "5", "--temperature", "0", "--seed", "7", "--system", "be brief", "--no-think"]
    more += ["--image", str(image), "--image", str(image)]
    with ollama(*chunked([last], "application/x-ndjson"), can=("completion", "vision")) as server:
        code, _, err = ollascope("ask", "hi", "--model", "m", *more, "--url", server.url)
        sent = json.loads(server.to("/api/chat")[0].body)
    assert code == 0, err
    assert sent["options"] == {"num_predict": 5, "temperature": 0.0, "seed": 7}
    assert sent["think"] is False
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert sent["messages"][1]["images"] == ["iVBORw0KGgo="] * 2


def test_model_that_answers_unasked_is_named(ollascope, server):
    code, _, err = ollascope("ask", "hi", "--url", server.url)
    assert code == 0
    assert err.splitlines()[0].endswith("it is the smallest here that can chat")
    ollascope("models", "load", "plain", "--url", server.url)
    ollascope("models", "unload", "scripted", "--url", server.url)
    _, _, err = ollascope("ask", "hi", "--url", server.url)
    assert err.splitlines()[0] == "plain:latest answers: it is in memory"


def test_address_of_the_openai_api_is_asked_by_it(ollascope, server):
    code, out, err = ollascope("ask", "hi", "--model", "scripted", "--url", f"{server.url}/v1")
    assert (code, out) == (0, "Hello! I say what my script says.\n")
    assert f"scripted by openai ({server.url})" in err
    code, out, _ = ollascope("models", "list", "--url", f"{server.url}/v1", "--json")
    assert [model["name"] for model in json.loads(out)][:1] == ["scripted:latest"]
    code, _, err = ollascope("models", "pull", "m", "--url", f"{server.url}/v1")
    assert code == 1
    assert "cannot pull models" in err


def test_list_tells_size_quantisation_context_and_abilities(ollascope, server):
    code, out, _ = ollascope("models", "list", "--url", server.url)
    assert code == 0
    assert out.splitlines()[0].split() == ["name", "size", "parameters", "quantisation", "context", "can"]
    assert out.splitlines()[1].split() == [
        "scripted:latest", "5.1", "MiB", "1.32M", "-", "4096", "completion,", "tools,", "thinking",
    ]  # fmt: skip
    facts = json.loads(ollascope("models", "list", "--url", server.url, "--json")[1])
    assert facts[0]["size_bytes"] == 5_302_074
    assert facts[0]["capabilities"] == ["completion", "tools", "thinking"]


def test_server_without_a_model_is_given_one_that_fits(ollascope):
    with fake_server(Fake(models=())) as server:
        code, out, err = ollascope("models", "list", "--url", server.url)
        assert (code, out) == (0, "")
        assert "has no model" in err
        assert "ollascope models pull qwen3:" in err
        assert json.loads(ollascope("models", "list", "--json", "--url", server.url)[1]) == []
        code, _, err = ollascope("ask", "hi", "--url", server.url)
        assert code == 1
        assert "ollascope models pull qwen3:0.6b" in err
        code, out, _ = ollascope("models", "list", "--yes", "--url", server.url)
        assert code == 0
        assert out.splitlines()[1].startswith("qwen3:")


def test_person_is_asked_before_a_first_model_is_got(tmp_path):
    with fake_server(Fake(models=(), ttft_s=0, gap_s=0)) as server:
        with on_terminal(tmp_path, "models", "list", "--url", server.url) as (process, until, answer):
            assert "to download" in until("[y/N]")
            answer("n\n")
            assert "ollascope models pull qwen3:" in until("ollascope models pull qwen3:")
            until("never")
            assert process.wait(20) == 0
        assert server.source.library.models() == []
        with on_terminal(tmp_path, "ask", "hi", "--url", server.url) as (process, until, answer):
            until("[y/N]")
            answer("y\n")
            shown = until("in all")
            assert "I say what my script says." in shown
            until("never")
            assert process.wait(20) == 0


def test_show_tells_of_one_model(ollascope, server):
    code, out, _ = ollascope("models", "show", "scripted", "--url", server.url)
    assert code == 0
    assert "context           4096" in out
    facts = json.loads(ollascope("models", "show", "scripted", "--url", server.url, "--json")[1])
    assert facts["context"] == 4096
    assert facts["model_info"]["general.architecture"] == "qwen3"


def test_ps_tells_place_context_and_time(ollascope, server):
    assert ollascope("models", "ps", "--url", server.url) == (0, "", "no model is in memory\n")
    code, out, _ = ollascope(
        "models", "load", "scripted", "--context", "512", "--keep-alive", "10m", "--url", server.url
    )
    assert code == 0
    assert out.startswith("scripted is in memory after")
    code, out, _ = ollascope("models", "ps", "--url", server.url)
    assert code == 0
    assert out.splitlines()[1].split()[:5] == ["scripted:latest", "5.1", "MiB", "100%", "CPU"]
    facts = json.loads(ollascope("models", "ps", "--url", server.url, "--json")[1])
    assert facts[0]["context"] == 512
    assert 500 < facts[0]["expires_s"] <= 600
    assert ollascope("models", "unload", "scripted", "--url", server.url)[1] == "scripted leaves memory\n"
    assert json.loads(ollascope("models", "ps", "--url", server.url, "--json")[1]) == []


def test_pull_tells_how_far_it_is(ollascope, server):
    code, out, err = ollascope("models", "pull", "qwen3:0.6b", "--url", server.url)
    assert (code, out) == (0, "qwen3:0.6b is here\n")
    assert "50 %, 2.5 MiB of 5.1 MiB" in err
    assert ollascope("--quiet", "models", "pull", "qwen3:0.6b", "--url", server.url)[2] == ""
    assert "qwen3:0.6b" in ollascope("models", "list", "--url", server.url)[1]


def pulling(done):
    digest = "sha256:" + "21aa30f6b0a3" * 5
    step = {"status": "pulling 21aa30f6b0a3", "digest": digest, "total": 416_090_720, "completed": done}
    return json.dumps(step).encode() + b"\n"


FULL = b'{"error":"write /models/blobs/x: no space left on device"}\n'


@pytest.mark.parametrize(
    ("pieces", "complaint", "hint"),
    [
        ([pulling(1000), FULL], "no space left", "give the same command again"),
        ([pulling(1000)], "", "give the same command again"),
        ([b'{"error":"pull model manifest: file does not exist"}\n'], "file does not exist", "ollama.com/library"),
        ([b"garbage\n"], "", ""),
    ],
)
def test_pull_that_fails_is_one_line_and_a_hint(ollascope, pieces, complaint, hint):
    with ollama(*chunked(pieces, "application/x-ndjson"), path="/api/pull") as server:
        code, out, err = ollascope("--quiet", "models", "pull", "m", "--url", server.url)
    assert (code, out) == (1, "")
    assert complaint in err.splitlines()[0]
    assert hint in " ".join(err.split())
    assert len(err.splitlines()) <= 3


def test_pull_that_is_cut_says_that_the_same_command_goes_on(ollascope):
    with ollama(BEGUN, chunk(pulling(1000)), END, path="/api/pull") as server:
        code, out, err = ollascope("models", "pull", "m", "--url", server.url)
    assert (code, out) == (1, "")
    assert "give the same command again" in " ".join(err.split())


def test_pull_that_was_interrupted_goes_on(tmp_path, ollascope, interruptible):
    with ollama(BEGUN, chunk(pulling(7_028_736)), HOLD, path="/api/pull") as server:
        with started(tmp_path, "models", "pull", "m", "--url", server.url) as process:
            assert process.stderr.readline().startswith(b"pulling 21aa30f6b0a3: 1 %")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert server.left.wait(10)
    assert (process.returncode, out) == (130, b"")
    assert b"`ollascope models pull m` goes on where it stopped" in err
    again = chunked([pulling(119_113_312), b'{"status":"success"}\n'], "application/x-ndjson")
    with ollama(*again, path="/api/pull") as server:
        code, out, err = ollascope("models", "pull", "m", "--url", server.url)
    assert (code, out) == (0, "m is here\n")
    assert "going on where it stopped: 114 MiB of 397 MiB are there" in err


def test_pull_shows_a_bar_on_a_terminal(tmp_path, server):
    with on_terminal(tmp_path, "models", "pull", "qwen3:0.6b", "--url", server.url) as (process, until, _):
        shown = until("is here")
        until("never")
        assert process.wait(20) == 0
    assert "━" in shown
    assert "5.1 MiB" in shown


def test_models_are_made_from_models_and_files(ollascope, server, tmp_path):
    gguf, modelfile = tmp_path / "a.gguf", tmp_path / "Modelfile"
    gguf.write_bytes(GGUF)
    modelfile.write_text("FROM ./a.gguf\nSYSTEM be brief\n")
    for words in (["--from", "plain"], ["--gguf", str(gguf)], ["--modelfile", str(modelfile)]):
        code, out, err = ollascope("models", "create", "mine", *words, "--quantize", "q8_0", "--url", server.url)
        assert (code, out) == (0, "mine is made\n"), err
    assert "a.gguf" in err
    code, out, _ = ollascope("models", "copy", "mine", "yours", "--url", server.url)
    assert (code, out) == (0, "yours is mine\n")
    assert "yours:latest" in ollascope("models", "list", "--url", server.url)[1]


def test_file_that_is_no_model_is_not_sent(ollascope, tmp_path):
    gguf = tmp_path / "a.gguf"
    gguf.write_bytes(GGUF[:10])
    with ollama(HOLD, path="/api/create") as server:
        code, _, err = ollascope("models", "create", "m", "--gguf", str(gguf), "--url", server.url)
        assert {asked.path for asked in server.asked} <= {"/api/version"}
    assert code == 1
    assert "cannot be a model" in err


def test_model_is_removed_only_when_somebody_says_so(ollascope, server, tmp_path):
    code, out, err = ollascope("models", "rm", "plain", "--url", server.url)
    assert (code, out) == (2, "")
    assert "--yes" in err
    with on_terminal(tmp_path, "models", "rm", "plain", "--url", server.url) as (process, until, answer):
        until("[y/N]")
        answer("n\n")
        until("never")
        assert process.wait(20) == 0
    names = [model.name for model in server.source.library.models()]
    assert "plain:latest" in names
    assert ollascope("models", "rm", "plain", "--yes", "--url", server.url)[1] == "removed plain\n"
    assert "plain:latest" not in [model.name for model in server.source.library.models()]


def completed(*words, **environment):
    """What a shell offers for the last of these words."""
    known = {"_OLLASCOPE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["ollascope", *words]),
             "COMP_CWORD": str(len(words))}  # fmt: skip
    began = time.monotonic()
    program = "from ollascope.cli import cli; cli(prog_name='ollascope')"
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, **known, **environment},
                          capture_output=True, text=True, check=False, timeout=30)  # fmt: skip
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line], time.monotonic() - began


def test_shell_completes_names_of_models(tmp_path, server):
    names, _ = completed("models", "show", "pl", OLLAMA_HOST=server.url, OLLASCOPE_DATA=str(tmp_path))
    assert names == ["plain:latest"]
    names, _ = completed("ask", "--model", "sc", OLLAMA_HOST=server.url, OLLASCOPE_DATA=str(tmp_path))
    assert names == ["scripted:latest"]


def test_shell_is_not_held_up_by_a_server_that_hangs_or_is_not_there(tmp_path):
    with wire(lambda _: [HOLD]) as server:
        for url in (server.url, NOWHERE):
            names, took_s = completed("models", "show", "pl", OLLAMA_HOST=url, OLLASCOPE_DATA=str(tmp_path))
            assert names == []
            assert took_s < 15


def test_page_lists_every_flag_with_its_sentence():
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name, sentence in FLAGS.items() if f"| `{name}` | {sentence} |" not in text] == []
