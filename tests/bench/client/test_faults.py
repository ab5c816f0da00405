"""Servers that fail: every shot of the plan is one Call with a stable outcome, and nothing hangs past its time."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
import trustme

from ollascope.bench.client import Crew
from ollascope.bench.material import FRESH
from ollascope.words.errors import Trouble
from tests.bench.client.runs import ENDS, LOOP, ask, calls, carried_out, closed, due, plan_of, users

QUICK = replace(ENDS, connect_s=0.5, first_s=0.5, idle_s=0.5, whole_s=3.0, grace_s=1.0)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n"
HTML = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"
LINE = b'{"model":"slow","created_at":"t","message":{"role":"assistant","content":"a"},"done":false}\n'
LAST = b'{"model":"slow","created_at":"t","message":{"role":"assistant","content":""},"done":true,"eval_count":1}\n'


def whole(body, head=HEAD):
    return head + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def play(plain, script, keeps, tls):
    with plain, suppress(OSError), tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
        while connection.recv(65536):
            for part in script:
                if isinstance(part, bytes):
                    connection.sendall(part)
                else:
                    time.sleep(part)
            if not keeps:
                return


@contextmanager
def answering(script, *, keeps=False, tls=None):
    """A server that reads a request and plays the script: bytes to send, seconds to be silent."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=play, args=(connection, script, keeps, tls), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def outcomes(url, folder, **more):
    """What became of three shots of one user."""
    began = time.monotonic()
    [last] = carried_out(plan_of(url, folder, closed(users(1, shots=3)), ends=QUICK, **more))
    found = calls(folder)
    assert [call.extra["shot"] for call in found] == [0, 1, 2]
    assert (last.sent, last.ended, last.in_flight) == (3, 3, 0)
    assert last.outcomes == {call.outcome: sum(one.outcome == call.outcome for one in found) for call in found}
    assert time.monotonic() - began < 30
    return found


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_nobody_listens(tmp_path):
    found = outcomes(f"http://127.0.0.1:{closed_port()}", tmp_path)
    assert {call.outcome for call in found} == {"connect-failed"}
    assert all(call.first_chunk_s is None and call.end_s is not None and call.connect_s is None for call in found)
    assert "cannot connect" in found[0].extra["why"]


def test_name_that_nobody_knows(tmp_path):
    found = outcomes("http://no-such-host.invalid:11434", tmp_path)
    assert {call.outcome for call in found} <= {"connect-failed", "timeout"}


SCRIPTS = {
    "a head that never comes": ([5.0], "timeout", None),
    "silence behind the head": ([HEAD + b"content-length: 99\r\n\r\n", 5.0], "timeout", 200),
    "silence in the middle": ([HEAD + b"content-length: 999\r\n\r\n" + LINE, 5.0], "timeout", 200),
    "a cut before the head": ([], "connection-cut", None),
    "a cut in the middle": ([HEAD + b"content-length: 999\r\n\r\n" + LINE], "connection-cut", 200),
    "no HTTP": ([b"nonsense\r\n\r\n"], "answer-malformed", None),
    "bad request": ([whole(b'{"error":"no"}', b"HTTP/1.1 400 Bad\r\n")], "bad-usage", 400),
    "no such model": ([whole(b'{"error":"model \'slow\' not found"}', b"HTTP/1.1 404 No\r\n")], "model-missing", 404),
    "too many": ([whole(b"{}", b"HTTP/1.1 429 Slow\r\n")], "rate-limited", 429),
    "a mistake of the server": ([whole(b"<html>", b"HTTP/1.1 500 Oh\r\n")], "inference-failed", 500),
    "a full queue": ([whole(b'{"error":"server busy"}', b"HTTP/1.1 503 Busy\r\n")], "engine-busy", 503),
    "garbage": ([whole(b"\xff\xfe\x00garbage\n" * 9)], "answer-malformed", 200),
    "another media type": ([whole(LINE + LAST, HTML)], "answer-malformed", 200),
    "an empty body": ([whole(b"")], "answer-unfinished", 200),
    "an answer without an end": ([whole(LINE)], "answer-unfinished", 200),
    "an error among the lines": ([whole(LINE + b'{"error":"boom"}\n')], "inference-failed", 200),
    "an endless line": ([HEAD + b"content-length: 99999999\r\n\r\n" + b"x" * (9 << 20), 5.0], "too-large", 200),
}  # fmt: skip


@pytest.mark.parametrize("what", SCRIPTS)
def test_server_that_answers_with(what, tmp_path):
    script, outcome, status = SCRIPTS[what]
    with answering(script) as url:
        found = outcomes(url, tmp_path)
    assert [(call.outcome, call.status) for call in found] == [(outcome, status)] * 3
    assert all(call.end_s is not None and call.end_s < 4 for call in found)


def test_faults_of_the_fake_are_told_apart_and_the_others_are_not_hurt(fake, tmp_path):
    kinds = ["429", "line", "cut", "unfinished", "garbage", "content-type", "stall"]
    prompts = [ask(f"{FRESH} <|loop|><|fail:{kind}|>") for kind in kinds]
    schedule = closed(users(4, shots=2 * (len(kinds) + 1)))
    carried_out(plan_of(fake, tmp_path, schedule, LOOP, *prompts, ends=QUICK))
    found = [call.outcome for call in calls(tmp_path)]
    wanted = ["ok", "rate-limited", "engine-crashed", "connection-cut", "answer-unfinished", "answer-malformed",
              "answer-malformed", "timeout"]  # fmt: skip
    assert found == wanted * 2


def test_answer_of_another_model_is_flagged(tmp_path):
    with answering([whole(LINE.replace(b"slow", b"quick") + LAST)]) as url:
        found = outcomes(url, tmp_path)
    assert [(call.outcome, call.flags, call.extra["answered_by"]) for call in found] == [
        ("ok", ("other-model",), "quick")
    ] * 3


def test_connection_that_the_server_closed_meanwhile_is_opened_again(tmp_path):
    silent = HEAD + b"content-length: %d\r\n\r\n" % len(LINE + LAST) + LINE + LAST
    with answering([silent]) as url:  # it closes behind every answer, without saying so
        carried_out(plan_of(url, tmp_path, closed(users(1, shots=3), think_s=0.1)))
    found = calls(tmp_path)
    assert [call.outcome for call in found] == ["ok"] * 3
    assert all(call.connect_s is not None for call in found)


def test_key_that_is_no_header_ends_before_the_run(fake, tmp_path):
    with (
        Crew([plan_of(fake, tmp_path, due(0.0), key="a\nb")]) as crew,
        pytest.raises(Trouble, match="the key of the server"),
    ):
        crew.ready(30)


def test_address_that_is_none_ends_before_the_run(tmp_path):
    with Crew([plan_of("ftp://x", tmp_path, due(0.0))]) as crew, pytest.raises(Trouble, match="ftp:// is not spoken"):
        crew.ready(30)


def test_certificate_is_checked_against_the_file_of_authorities(tmp_path):
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for name, known in (("good", authority), ("bad", stranger)):
        (tmp_path / name).mkdir()
        known.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    with answering([whole(LINE + LAST)], tls=context) as url:
        good = outcomes(url, tmp_path / "good", ca_file=str(tmp_path / "good.pem"))
        bad = outcomes(url, tmp_path / "bad", ca_file=str(tmp_path / "bad.pem"))
    assert [call.outcome for call in good] == ["ok"] * 3
    assert [call.outcome for call in bad] == ["connect-failed"] * 3


def test_file_of_authorities_that_is_none_ends_before_the_run(tmp_path):
    plan = plan_of("https://127.0.0.1:1", tmp_path, due(0.0), ca_file=str(tmp_path / "none.pem"))
    with Crew([plan]) as crew, pytest.raises(Trouble, match=r"none\.pem cannot be read"):
        crew.ready(30)


def test_key_is_sent_and_a_path_before_the_api_is_kept(tmp_path):
    heard = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(whole(LINE + LAST))

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/behind/"
    carried_out(plan_of(url, tmp_path, due(0.0), key="secret"))
    thread.join(5)
    listener.close()
    [call] = calls(tmp_path)
    head = heard[0].partition(b"\r\n\r\n")[0].lower()
    assert call.outcome == "ok"
    assert head.startswith(b"post /behind/api/chat http/1.1")
    assert b"authorization: bearer secret" in head
    assert f"x-request-id: {call.id}".lower().encode() in head
