"""Exchanges over real sockets: bad answers, limits in each phase, cancellation, reuse, TLS, leaks."""

import gc
import io
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager

import pytest
import trustme

from ollascope.engines.wire import Patience, Session, connecting
from ollascope.words.errors import (
    AnswerMalformed,
    BadSettings,
    Cancelled,
    ConnectFailed,
    ConnectionCut,
    StaleConnection,
    TimedOut,
    TooLarge,
    Trouble,
)
from tests.contracts.subject import BOUND_S, no_leaks, until
from tests.contracts.wires import CUT, END, HOLD, chunk, chunked, deaf, each_byte, head, whole, wire

HASTY = Patience(connect_s=0.2, first_s=0.2, idle_s=0.2, answer_s=0.3)
PATIENT = Patience(connect_s=10, first_s=10, idle_s=10, answer_s=10)
TEXT = "text/plain"


@contextmanager
def session_at(url, patience=PATIENT, **more):
    with closing(Session(url, patience, **more)) as session:
        yield session


def asked_of(script, patience=PATIENT, method="GET"):
    """The whole body, or the Trouble."""
    with (
        wire(lambda _: script) as server,
        session_at(server.url, patience) as session,
        session.open(method, "/x") as exchange,
    ):
        exchange.begin()
        return b"".join(exchange)


def trouble_of(call) -> Trouble:
    with pytest.raises(Trouble) as caught:
        call()
    assert caught.value.hint
    return caught.value


# Bad answers


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([b"hello\r\n\r\n", END], AnswerMalformed),
        ([b"\r\n" * 10, END], AnswerMalformed),
        ([b"HTTP/1.1 abc OK\r\n\r\n", END], AnswerMalformed),
        ([b"HTTP/1.1 99999 OK\r\n\r\n", END], AnswerMalformed),
        ([b"HTTP/1.1 " + b"2" * 70_000, END], AnswerMalformed),
        ([b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", END], AnswerMalformed),
        ([b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000, END], AnswerMalformed),
        ([head(200, "Content-Length: many")], AnswerMalformed),
        ([head(200, "Content-Length: -1")], AnswerMalformed),
        ([head(200, "Transfer-Encoding: gzip, chunked")], AnswerMalformed),
        ([head(200, "Content-Encoding: br", "Content-Length: 1"), b"x"], AnswerMalformed),
        ([head(307, "Location: http://elsewhere/", "Content-Length: 0")], AnswerMalformed),
        ([head(304, "Content-Length: 0")], AnswerMalformed),
        ([head(200, "Transfer-Encoding: chunked"), b"-1\r\n"], AnswerMalformed),
        ([head(200, "Transfer-Encoding: chunked"), b"5\r\nabcdefgh"], AnswerMalformed),
        ([END], ConnectionCut),
        ([CUT], ConnectionCut),
        ([b"HT", END], (ConnectionCut, AnswerMalformed)),
        ([b"HTTP/1.1 200 OK\r\nServer: x\r\n", END], ConnectionCut),
        ([b"HTTP/1.1 200 OK\r\nServer: x", CUT], ConnectionCut),
        ([head(200, "Content-Length: 5"), b"abc", END], ConnectionCut),
        ([head(200, "Content-Length: 5"), b"abc", CUT], ConnectionCut),
        ([head(200, "Transfer-Encoding: chunked"), chunk(b"abc"), END], ConnectionCut),
        ([head(200, "Transfer-Encoding: chunked"), b"5\r\nab", END], ConnectionCut),
        ([head(200, "Transfer-Encoding: chunked"), b"0\r\n", END], ConnectionCut),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_bad_answer_has_its_name(script, kind):
    trouble = trouble_of(lambda: asked_of(script))
    assert isinstance(trouble, kind), repr(trouble)


def test_redirect_is_not_followed_and_says_where_it_points():
    trouble = trouble_of(lambda: asked_of([head(302, "Location: https://other.example/", "Content-Length: 0")]))
    assert "https://other.example/" in trouble.message


def test_redirect_without_an_end_is_not_read():
    with wire(lambda _: [head(302, "Location: /x"), b"x" * 1000, HOLD]) as server, session_at(server.url) as session:
        assert isinstance(trouble_of(lambda: session.whole("GET", "/x")), AnswerMalformed)
        assert server.left.wait(BOUND_S)


# Nobody there


def test_closed_port_is_told_with_the_address():
    with session_at("http://user:secret@127.0.0.1:9") as session:
        trouble = trouble_of(lambda: session.whole("GET", "/"))
    assert isinstance(trouble, ConnectFailed)
    assert "http://127.0.0.1:9" in trouble.message
    assert "secret" not in trouble.message + repr(session.url)


def test_unknown_name_is_told(monkeypatch):
    def nobody(host, port, flags=0):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(connecting, "_look_up", nobody)
    with session_at("http://nowhere.invalid") as session:
        trouble = trouble_of(lambda: session.whole("GET", "/"))
    assert isinstance(trouble, ConnectFailed)
    assert "nowhere.invalid" in trouble.message


def test_slow_name_server_is_bounded_and_can_be_abandoned(monkeypatch):
    answer, seen = threading.Event(), threading.Event()

    def slow(host, port, flags=0):
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        seen.set()
        answer.wait(BOUND_S)
        return []

    monkeypatch.setattr(connecting, "_look_up", slow)
    with session_at("http://slow.invalid", HASTY) as session:
        assert isinstance(trouble_of(lambda: session.whole("GET", "/")), TimedOut)
    with session_at("http://slow.invalid") as session:
        seen.clear()
        exchange = session.open("GET", "/")
        failed = reading(exchange)
        assert seen.wait(BOUND_S)
        closes_at_once(exchange)
        assert isinstance(failed(), Cancelled)
    answer.set()


def test_each_address_of_a_name_is_tried(monkeypatch):
    with wire(lambda _: [whole(b"here")]) as server:
        port = int(server.url.rpartition(":")[2])
        found = [(socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET, ("127.0.0.1", port))]
        monkeypatch.setattr(connecting, "_look_up", lambda host, port, flags=0: found)
        with session_at("http://two.invalid") as session:
            assert session.whole("GET", "/").body == b"here"


@pytest.mark.parametrize("path", ["/\r\nX-Evil: 1", "/ HTTP/1.1\r\n\r\n"])
def test_path_cannot_smuggle_a_header(path):
    with wire(lambda asked: [whole(asked.path.encode())]) as server, session_at(server.url) as session:
        session.whole("GET", path)
        assert b"Evil: 1" not in b"".join(one.head for one in server.asked).replace(b"%20", b" ").partition(b"\r\n")[2]


def test_key_with_a_line_break_is_refused():
    with session_at("http://127.0.0.1:9", headers={"Authorization": "Bearer a\nb"}) as session:
        trouble = trouble_of(lambda: session.whole("GET", "/"))
    assert isinstance(trouble, BadSettings)
    assert "a\nb" not in trouble.message


# Too late, too much


def test_connection_that_is_never_made_is_bounded():
    with deaf() as url, session_at(url, HASTY) as session, no_leaks():
        assert isinstance(trouble_of(lambda: session.whole("GET", "/")), TimedOut)


@pytest.mark.parametrize(
    "script",
    [
        [HOLD],
        [b"HTTP/1.1 200 OK\r\n", HOLD],
        [head(200, "Content-Length: 5"), b"abc", HOLD],
        [head(200, "Transfer-Encoding: chunked"), chunk(b"abc"), HOLD],
    ],
    ids=["no-head", "half-head", "counted", "chunked"],
)
def test_silence_in_any_phase_is_bounded(script):
    started = time.monotonic()
    assert isinstance(trouble_of(lambda: asked_of(script, HASTY)), TimedOut)
    assert time.monotonic() - started < 20 * HASTY.first_s


def drip(data, times=1000, each_s=0.02):
    for _ in range(times):
        time.sleep(each_s)
        yield data


def test_head_that_comes_in_drops_is_bounded():
    script = lambda _: (step for part in ([b"HTTP/1.1 200 OK\r\n"], drip(b"a: b\r\n", 60)) for step in part)  # noqa: E731
    with wire(script) as server, session_at(server.url, HASTY) as session:
        started = time.monotonic()
        assert isinstance(trouble_of(session.open("GET", "/").begin), TimedOut)
        assert time.monotonic() - started < BOUND_S


def test_endless_stream_of_interim_heads_is_bounded():
    script = lambda _: drip(b"HTTP/1.1 100 Continue\r\n\r\n", 60)  # noqa: E731
    with wire(script) as server, session_at(server.url, HASTY) as session:
        assert isinstance(trouble_of(session.open("GET", "/").begin), TimedOut)


def test_whole_answer_that_comes_in_drops_is_bounded():
    script = lambda _: (s for part in ([head(200, "Transfer-Encoding: chunked")], drip(chunk(b"a"), 60)) for s in part)  # noqa: E731
    with wire(script) as server, session_at(server.url, HASTY) as session:
        assert isinstance(trouble_of(lambda: session.whole("GET", "/")), TimedOut)


def test_slow_stream_is_not_bounded_as_long_as_pieces_come():
    script = lambda _: (s for part in ([head(200, "Transfer-Encoding: chunked")], drip(chunk(b"a"), 25), [b"0\r\n\r\n"])  # noqa: E731
                        for s in part)  # fmt: skip
    with wire(script) as server, session_at(server.url, HASTY) as session, session.open("GET", "/") as exchange:
        exchange.begin()
        assert b"".join(exchange) == b"a" * 25


def test_answer_of_too_many_bytes_is_refused():
    with wire(lambda _: [whole(b"x" * 1001)]) as server, session_at(server.url) as session:
        assert isinstance(trouble_of(lambda: session.whole("GET", "/", most=1000)), TooLarge)
        assert len(session.whole("GET", "/", most=1001).body) == 1001


def test_rest_is_read_up_to_a_bound():
    script = [head(500, "Transfer-Encoding: chunked"), chunk(b"x" * 500), HOLD]
    with wire(lambda _: script) as server, session_at(server.url) as session, session.open("GET", "/") as exchange:
        assert exchange.begin().status == 500
        assert exchange.read(100) == b"x" * 100


# Good answers


@pytest.mark.parametrize(
    "said",
    [
        [whole(b"hello world")],
        chunked([b"hello", b" world"], TEXT),
        [head(200, "Content-Type: text/plain"), b"hello", b" world", END],
        [b"HTTP/1.0 200 OK\r\n\r\nhello world", END],
        [head(100), whole(b"hello world")],
        [head(200, "Content-Length: 11", "Connection: close"), b"hello world", END],
    ],
    ids=["counted", "chunked", "open", "http-1.0", "continue", "close"],
)
def test_body_is_read_however_it_is_framed_and_cut(said):
    assert asked_of(said) == b"hello world"
    torn = [step for part in said for step in (each_byte(part) if isinstance(part, bytes) else [part])]
    assert asked_of(torn) == b"hello world"


def test_head_request_has_no_body():
    assert asked_of([head(200, "Content-Length: 100")], method="HEAD") == b""


def test_head_tells_status_headers_and_the_time_to_connect():
    with wire(lambda _: [whole(b"", 404, TEXT, "X-One: 1")]) as server, session_at(server.url) as session:
        first, second = session.open("GET", "/").begin(), session.open("GET", "/").begin()
    assert (first.status, first.headers["x-one"]) == (404, "1")
    assert first.connect_s is not None
    assert 0 < first.connect_s < BOUND_S
    assert second.connect_s is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("", None), ("soon", None), ("-1", None), ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0), ("٣", None)],
)
def test_wait_that_the_server_asks_for_is_read(said, seconds):
    lines = ["Date: Wed, 21 Oct 2026 07:28:00 GMT"]
    if said.isascii():
        lines.append(f"Retry-After: {said}")
    with wire(lambda _: [whole(b"", 503, TEXT, *lines)]) as server, session_at(server.url) as session:
        assert session.open("GET", "/").begin().retry_after_s == seconds


def test_pieces_are_given_as_they_arrive():
    go = threading.Event()
    script = [head(200, "Transfer-Encoding: chunked"), chunk(b"one"), go, chunk(b"two") + chunk(b"three"), b"0\r\n\r\n"]
    with wire(lambda _: script) as server, session_at(server.url) as session, session.open("GET", "/") as exchange:
        exchange.begin()
        assert next(exchange) == b"one"
        go.set()
        assert list(exchange) == [b"twothree"]
        assert exchange.done


@pytest.mark.parametrize("body", [b"abc", [b"a", b"bc"], io.BytesIO(b"abc")], ids=["bytes", "pieces", "file"])
def test_body_is_sent_whatever_it_is_made_of(body):
    with wire(lambda _: [whole(b"")]) as server, session_at(server.url) as session:
        with session.open("POST", "/x", body) as exchange:
            exchange.begin()
        (asked,) = server.asked
    assert asked.body in {b"abc", b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"}


def test_nothing_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with wire(lambda _: [whole(b"here", 200, TEXT, "Set-Cookie: a=b")]) as server, session_at(server.url) as session:
        assert session.whole("GET", "/").body == session.whole("GET", "/").body == b"here"
        assert all(b"ookie" not in one.head for one in server.asked)
        assert all(b"identity" in one.head for one in server.asked)


def test_headers_of_session_and_exchange_are_sent():
    with wire(lambda _: [whole(b"")]) as server:
        with session_at(server.url, headers={"Authorization": "Bearer key"}) as session:
            session.open("POST", "/", b"{}", headers={"X-One": "1"}).begin()
        (asked,) = server.asked
    assert b"Authorization: Bearer key" in asked.head
    assert b"X-One: 1" in asked.head
    assert b"Content-Type: application/json" in asked.head


def test_early_answer_to_a_long_body_is_read():
    def endless():
        while True:
            yield b"x" * 65_536

    with wire(lambda _: []) as unused, socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse():
            client, _ = listener.accept()
            with client:
                client.recv(65_536)
                client.sendall(whole(b"no", 413))
                client.shutdown(socket.SHUT_WR)
                while client.recv(1 << 20) and not stop.is_set():
                    pass

        stop = threading.Event()
        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with session_at(url) as session, session.open("POST", "/", endless()) as exchange:
            threading.Timer(0.05, stop.set).start()
            try:
                status = exchange.begin().status
            except ConnectionCut:  # the answer may be lost with the connection
                status = 413
            assert status == 413
        thread.join(BOUND_S)
        assert unused.asked == []


# Connections that are kept


def test_connection_is_used_again_only_when_its_answer_was_read_to_the_end():
    with wire(lambda asked: chunked([b"a", b"b"], TEXT)) as server, session_at(server.url) as session:
        for _ in range(3):
            session.whole("GET", "/")
        assert server.connections == 1
    with wire(lambda _: [head(200, "Content-Length: 9"), b"abc", HOLD]) as server, session_at(server.url) as session:
        for _ in range(3):
            with session.open("GET", "/") as exchange:
                exchange.begin()
                next(exchange)
        assert server.connections == 3


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\n\r\n", b"x"])
def test_connection_with_bytes_behind_the_answer_is_not_used_again(more):
    with wire(lambda _: [whole(b"abc") + more]) as server, session_at(server.url) as session:
        assert [session.whole("GET", "/").body for _ in range(2)] == [b"abc"] * 2
        assert server.connections == 2


def test_connection_that_the_server_closes_is_not_used_again():
    script = [head(200, "Content-Length: 1", "Connection: close"), b"x", END]
    with wire(lambda _: script) as server, session_at(server.url) as session, no_leaks():
        assert [session.whole("GET", "/").body for _ in range(3)] == [b"x"] * 3
        assert server.connections == 3


def test_kept_connection_that_has_gone_stale_is_told_or_made_anew():
    """The server answers the first request of a connection, and leaves at the second without a word."""
    seen: set[int] = set()

    def script(asked):
        fresh = asked.connection not in seen
        seen.add(asked.connection)
        return [whole(b"x")] if fresh else [END]

    with wire(script) as server, session_at(server.url) as session:
        assert session.whole("GET", "/").body == b"x"
        assert session.whole("GET", "/").body == b"x"
        assert isinstance(trouble_of(session.open("POST", "/", b"{}").begin), StaleConnection)
        assert session.whole("GET", "/").body == b"x"


def test_threads_share_a_session():
    with wire(lambda asked: chunked([asked.path.encode()] * 3, TEXT)) as server, session_at(server.url) as session:
        found: dict[int, list[bytes]] = {}

        def ask(number):
            found[number] = [session.whole("GET", f"/{number}").body for _ in range(20)]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(BOUND_S)
    assert found == {number: [f"/{number}".encode() * 3] * 20 for number in range(8)}


# Who closes


def reading(exchange):
    """Reads in a thread; the call gives how that ended."""
    ended = []

    def read():
        try:
            exchange.begin()
            for _ in exchange:
                pass
            ended.append(None)
        except Trouble as trouble:
            ended.append(trouble)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    def result():
        thread.join(BOUND_S)
        assert not thread.is_alive(), "the reader still waits"
        return ended[0]

    return result


def closes_at_once(exchange):
    started = time.monotonic()
    exchange.close()
    assert time.monotonic() - started < BOUND_S


@pytest.mark.parametrize(
    "script",
    [
        [HOLD],
        [b"HTTP/1.1 200 OK\r\n", HOLD],
        [head(200, "Content-Length: 9"), HOLD],
        [head(200, "Content-Length: 9"), b"abc", HOLD],
        [head(200, "Transfer-Encoding: chunked"), b"5\r\nab", HOLD],
        [head(200), b"abc", HOLD],
    ],
    ids=["head", "half-head", "body", "counted", "chunk", "open"],
)
def test_close_wakes_the_reader_in_every_phase(script):
    with wire(lambda _: script) as server, session_at(server.url) as session, no_leaks():
        exchange = session.open("GET", "/")
        failed = reading(exchange)
        assert until(lambda: len(server.asked) == 1)
        time.sleep(0.02)
        closes_at_once(exchange)
        assert isinstance(failed(), Cancelled)
        assert server.left.wait(BOUND_S)
        del failed, exchange


def test_close_abandons_a_connection_on_its_way():
    with deaf() as url, session_at(url) as session, no_leaks():
        exchange = session.open("GET", "/")
        failed = reading(exchange)
        time.sleep(0.03)
        closes_at_once(exchange)
        assert isinstance(failed(), Cancelled)


def test_close_wakes_who_sends_a_body_that_nobody_takes():
    def endless():
        while True:
            yield b"x" * 65_536

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with session_at(url) as session:
            exchange = session.open("POST", "/", endless())
            failed = reading(exchange)
            time.sleep(0.05)
            closes_at_once(exchange)
            assert isinstance(failed(), Cancelled)


def test_body_that_nobody_takes_is_bounded():
    def endless():
        while True:
            yield b"x" * 65_536

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with session_at(url, HASTY) as session:
            assert isinstance(trouble_of(session.open("POST", "/", endless()).begin), TimedOut)


def test_exchange_that_was_closed_before_it_began_sends_nothing():
    with wire(lambda _: [whole(b"x")]) as server, session_at(server.url) as session:
        exchange = session.open("GET", "/")
        exchange.close()
        assert isinstance(trouble_of(exchange.begin), Cancelled)
        assert server.asked == []


def test_close_after_the_end_leaves_the_connection_to_others():
    with wire(lambda _: [whole(b"x")]) as server, session_at(server.url) as session:
        first = session.open("GET", "/")
        first.begin()
        assert list(first) == [b"x"]
        second = session.open("GET", "/")
        second.begin()
        first.close()
        first.close()
        assert list(second) == [b"x"]
        assert server.connections == 1


def test_closing_the_session_ends_what_runs_and_refuses_what_follows():
    with wire(lambda _: [head(200), b"abc", HOLD]) as server:
        session = Session(server.url, PATIENT)
        exchange = session.open("GET", "/")
        failed = reading(exchange)
        assert until(lambda: len(server.asked) == 1)
        session.close()
        assert isinstance(failed(), Cancelled)
        assert isinstance(trouble_of(lambda: session.whole("GET", "/")), Cancelled)


def test_forgotten_exchange_gives_its_socket_back():
    with wire(lambda _: [head(200), b"abc", HOLD]) as server, session_at(server.url) as session, no_leaks():
        for _ in range(20):
            exchange = session.open("GET", "/")
            exchange.begin()
            del exchange
        gc.collect()


def test_close_races_with_every_moment_of_an_exchange():
    """However a close falls among the steps of a short exchange, it ends well or is Cancelled, and nothing is left."""
    with wire(lambda _: chunked([b"a", b"b", b"c"], TEXT)) as server, session_at(server.url) as session:
        session.whole("GET", "/")
        with no_leaks():
            for number in range(150):
                exchange = session.open("GET", "/")
                result = reading(exchange)
                time.sleep(number * 1e-5)
                exchange.close()
                trouble = result()
                assert trouble is None or isinstance(trouble, Cancelled), repr(trouble)
                assert session.whole("GET", "/").body == b"abc"
                del exchange, result
            session._session.close()


# TLS


@contextmanager
def secured(certificate, answer=b"safe", handshake=True):
    """A TLS server for one connection after another, or one that never shakes hands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            with raw:
                if not handshake:
                    over.wait(BOUND_S)
                    return
                try:
                    with context.wrap_socket(raw, server_side=True) as client:
                        while client.recv(65_536):
                            client.sendall(b"".join(chunked([answer], TEXT)))
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(BOUND_S)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def test_trusted_certificate_is_accepted_and_its_connection_kept(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with secured(authority.issue_cert("localhost")) as url, no_leaks():
        with session_at(url, ca_file=tmp_path / "ca.pem") as session:
            first, second = session.whole("GET", "/"), session.whole("GET", "/")
        assert (first.body, second.body) == (b"safe", b"safe")
        assert first.connect_s is not None
        assert second.connect_s is None


def test_unknown_certificate_is_refused(authority):
    with secured(authority.issue_cert("localhost")) as url, session_at(url) as session, no_leaks():
        trouble = trouble_of(lambda: session.whole("GET", "/"))
    assert isinstance(trouble, ConnectFailed)
    assert "not trusted" in trouble.message
    assert "ca_file" in trouble.hint


def test_certificate_of_another_name_is_refused(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with secured(authority.issue_cert("other.example")) as url, session_at(url, ca_file=tmp_path / "ca.pem") as session:
        assert isinstance(trouble_of(lambda: session.whole("GET", "/")), ConnectFailed)


def test_server_without_tls_is_told():
    with wire(lambda _: [whole(b"x")]) as server, session_at(server.url.replace("http:", "https:"), HASTY) as session:
        trouble = trouble_of(lambda: session.whole("GET", "/"))
    assert isinstance(trouble, (ConnectFailed, TimedOut))


def test_handshake_that_never_ends_is_bounded_and_can_be_abandoned(authority):
    with secured(authority.issue_cert("localhost"), handshake=False) as url, no_leaks():
        with session_at(url, HASTY) as session:
            assert isinstance(trouble_of(lambda: session.whole("GET", "/")), TimedOut)
        with session_at(url) as session:
            exchange = session.open("GET", "/")
            failed = reading(exchange)
            time.sleep(0.05)
            closes_at_once(exchange)
            assert isinstance(failed(), Cancelled)


def test_missing_file_of_authorities_is_told(tmp_path):
    trouble = trouble_of(lambda: Session("https://localhost:9", HASTY, ca_file=tmp_path / "absent.pem"))
    assert isinstance(trouble, BadSettings)
    assert "absent.pem" in trouble.message


def test_file_without_authorities_is_told(tmp_path, authority):
    (tmp_path / "ca.pem").write_text("nothing")
    with secured(authority.issue_cert("localhost")) as url, session_at(url, ca_file=tmp_path / "ca.pem") as session:
        trouble_of(lambda: session.whole("GET", "/"))
