"""What can go wrong between the client and an Ollama: each a named error with a hint, in time, and nothing is left."""

import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollascope.apis.models import Order
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.wire import Patience
from ollascope.words.errors import (
    AccessDenied,
    AnswerMalformed,
    AnswerUnfinished,
    BadUsage,
    Cancelled,
    ConnectFailed,
    ConnectionCut,
    ContextExceeded,
    DiskFull,
    EngineBusy,
    EngineCrashed,
    InferenceFailed,
    LoadFailed,
    ModelMissing,
    OutOfMemory,
    RateLimited,
    StaleConnection,
    TimedOut,
    TooLarge,
    Trouble,
    Unsupported,
)
from ollascope.words.prompt import Message, Prompt
from tests.engines.ollama.stage import Cut, last, line, plain, said, staged, streamed

QUICK = Patience(connect_s=0.5, first_s=0.5, idle_s=0.5, answer_s=0.5)
HELLO = Prompt(model="m", messages=(Message(role="user", content="Hi"),))


def opened(url: str) -> Ollama:
    return Ollama(url, QUICK)


def ask(url: str, prompt: Prompt = HELLO) -> str:
    engine = opened(url)
    try:
        with engine.stream(prompt) as stream:
            return "".join(chunk.text for chunk in stream)
    finally:
        engine.close()


def descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def connections_to(url: str) -> int:
    """How many connections this process has open to that port."""
    port = f":{int(url.rpartition(':')[2]):04X}"
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[2].endswith(port) and line.split()[3] == "01" for line in lines)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test leaves a socket or a thread behind."""
    before, threads = descriptors(), threading.active_count()
    yield
    until = time.monotonic() + 5
    while time.monotonic() < until and (descriptors() > before or threading.active_count() > threads):
        time.sleep(0.01)
    assert descriptors() <= before
    assert threading.active_count() <= threads


def test_no_server_is_named():
    with pytest.raises(ConnectFailed) as caught:
        ask("http://127.0.0.1:9")
    assert "127.0.0.1:9" in caught.value.message
    assert caught.value.hint


def test_server_that_hangs_before_its_head_is_given_up():
    with staged(lambda _asked, stage: stage.hang()) as stage, pytest.raises(TimedOut) as caught:
        ask(stage.url)
    assert caught.value.hint


def test_server_that_hangs_after_its_head_is_given_up():
    def answer(_asked, stage):
        yield b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        yield from stage.hang()

    with staged(answer) as stage, pytest.raises(TimedOut):
        ask(stage.url)


def test_server_that_hangs_in_everything_is_given_up():
    """Also the short questions beside an answer have their time."""
    with staged(lambda _asked, stage: stage.hang(), ps=None) as stage:
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            ask(stage.url)
    assert time.monotonic() - begun < 20 * 1.5


STATUSES = {
    "unauthorized": (401, {"error": "unauthorized"}, AccessDenied),
    "without a key": (403, b"", AccessDenied),
    "missing model": (404, {"error": "model 'm' not found"}, ModelMissing),
    "no such path": (404, b"404 page not found", Unsupported),
    "too many requests": (429, {"error": "too many requests"}, RateLimited),
    "queue full": (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, EngineBusy),
    "runner gone": (500, {"error": "llama runner process has terminated: exit status 2"}, EngineCrashed),
    "runner stopped": (500, {"error": "model runner has unexpectedly stopped, this may be due to …"}, EngineCrashed),
    "no memory": (500, {"error": "model requires more system memory (5.6 GiB) than is available (2.1 GiB)"},
                  OutOfMemory),
    "no graphics memory": (500, {"error": "llama runner process has terminated: cudaMalloc failed: out of memory"},
                           OutOfMemory),
    "no load": (500, {"error": "timed out waiting for llama runner to start - progress 0.00 - "}, LoadFailed),
    "damaged": (500, {"error": "unable to load model: /models/blobs/sha256-12"}, LoadFailed),
    "too long": (400, {"error": "the input length exceeds the context length"}, ContextExceeded),
    "runner's JSON in a string": (
        400,
        {"error": '{"error":{"code":400,"message":"request (4096 tokens) exceeds the available context size (2048 '
                  'tokens), try increasing it","type":"exceed_context_size_error"}}'},
        ContextExceeded,
    ),
    "wrong option": (500, {"error": 'option "num_predict" must be of type integer'}, BadUsage),
    "anything else": (500, {"error": "something odd"}, InferenceFailed),
    "a page": (502, b"<html>Bad Gateway</html>", ConnectFailed),
}  # fmt: skip


@pytest.mark.parametrize("name", STATUSES)
def test_refusal_has_its_name_and_a_hint(name):
    status, body, kind = STATUSES[name]
    with staged(lambda _asked, _stage: [plain(body, status)]) as stage, pytest.raises(Trouble) as caught:
        ask(stage.url)
    assert type(caught.value) is kind
    assert caught.value.hint


def test_missing_model_is_told_with_the_names_that_are_near():
    names = {"models": [{"name": name} for name in ("llama3.2:1b", "qwen3:0.6b", "qwen3:8b")]}
    missing = plain({"error": "model 'qwen3' not found"}, 404)
    with staged(lambda _asked, _stage: [missing], tags=names) as stage, pytest.raises(ModelMissing) as caught:
        ask(stage.url, Prompt(model="qwen3", messages=HELLO.messages))
    assert caught.value.hint == "did you mean qwen3:0.6b, qwen3:8b?"


def test_names_that_cannot_be_asked_hide_no_error():
    def answer(asked, stage):
        if asked.path == "/api/tags":
            raise Cut
        yield plain({"error": "model 'm' not found"}, 404)

    with staged(answer, tags=None) as stage, pytest.raises(ModelMissing):
        ask(stage.url)


STREAMS = {
    "error in mid-stream": (
        (said("a"), line({"error": "an error was encountered while running the model: unexpected EOF"})),
        EngineCrashed,
    ),
    "an odd error in mid-stream": ((said("a"), line({"error": "something odd"})), InferenceFailed),
    "an end without an end": ((said("a"),), AnswerUnfinished),
    "nothing": ((), AnswerUnfinished),
    "a truncated line": ((said("a"), said("b")[:30]), AnswerMalformed),
    "garbage": ((b"\x00\xff\x13garbage\n",), AnswerMalformed),
    "HTML": ((b"<html>\n",), AnswerMalformed),
    "another's JSON": ((b'{"choices": []}\n',), AnswerMalformed),
    "more after the end": ((last(), said("a")), AnswerMalformed),
    "a huge line": ((b'{"model":"m","message":{"content":"' + b"x" * (9 << 20),), TooLarge),
}


@pytest.mark.parametrize("name", STREAMS)
def test_answer_that_goes_wrong_has_its_name_and_a_hint(name):
    pieces, kind = STREAMS[name]
    with staged(lambda _asked, _stage: streamed(*pieces)) as stage, pytest.raises(Trouble) as caught:
        ask(stage.url)
    assert type(caught.value) is kind
    assert caught.value.hint


def test_server_whose_answer_makes_no_sense_is_left_at_once():
    def answer(_asked, stage):
        yield from list(streamed(b"garbage\n", b""))[:2]
        yield from stage.hang()

    with staged(answer) as stage:
        engine = opened(stage.url)
        stream = engine.stream(HELLO)
        with pytest.raises(AnswerMalformed) as caught:
            next(stream)
        assert connections_to(stage.url) == 1  # the one for short questions
        engine.close()
        assert caught.value.hint


def test_chunks_before_an_error_are_given():
    with staged(lambda _asked, _stage: streamed(said("a"), said("b"), line({"error": "odd"}))) as stage:
        engine = opened(stage.url)
        heard = []
        with pytest.raises(InferenceFailed), engine.stream(HELLO) as stream:
            heard.extend(chunk.text for chunk in stream)
        engine.close()
    assert heard == ["a", "b"]


def test_whole_answer_that_is_not_done_is_unfinished():
    body = {"model": "m", "message": {"role": "assistant", "content": "half"}, "done": False}
    prompt = Prompt(model="m", messages=HELLO.messages, stream=False)
    with staged(lambda _asked, _stage: [plain(body)]) as stage, pytest.raises(AnswerUnfinished):
        ask(stage.url, prompt)


def test_connection_cut_in_the_middle_is_named():
    with staged(lambda _asked, _stage: streamed(said("a"), ends=False)) as stage, pytest.raises(ConnectionCut):
        ask(stage.url)


def test_connection_cut_before_the_head_is_named():
    def answer(_asked, _stage):
        raise Cut
        yield b""

    with staged(answer) as stage, pytest.raises(ConnectionCut) as caught:
        ask(stage.url)
    assert caught.value.retryable


def test_kept_connection_that_is_gone_is_named():
    def answer(_asked, stage):
        if len(stage.main()) > 1:
            raise Cut
        yield from streamed(last())

    with staged(answer) as stage:
        engine = opened(stage.url)
        list(engine.stream(HELLO))
        with pytest.raises(StaleConnection):
            list(engine.stream(HELLO))
        engine.close()


def test_server_that_speaks_no_http_is_named():
    hello = b"SSH-2.0-OpenSSH_9.9\r\n"
    with staged(lambda _asked, _stage: [hello], ps=None) as stage, pytest.raises(AnswerMalformed):
        ask(stage.url)


def test_redirect_is_not_followed():
    answer = plain(b"", 307, location="http://192.0.2.1/api/chat")
    with staged(lambda _asked, _stage: [answer]) as stage, pytest.raises(AnswerMalformed) as caught:
        ask(stage.url)
    assert "192.0.2.1" in caught.value.message
    assert caught.value.hint


def test_encoding_that_was_not_asked_for_is_named():
    answer = plain(b"\x1f\x8b", content_encoding="gzip")
    with staged(lambda _asked, _stage: [answer]) as stage, pytest.raises(AnswerMalformed):
        ask(stage.url)


@pytest.mark.parametrize("phase", ["head", "body"])
def test_close_from_another_thread_ends_the_wait(phase):
    def answer(_asked, stage):
        if phase == "body":
            yield from list(streamed(said("a"), b""))[:2]
        stage.left.set()
        yield from stage.hang()

    caught = []
    with staged(answer) as stage:
        engine = Ollama(stage.url)
        stream = engine.stream(HELLO)

        def read():
            try:
                list(stream)
            except Trouble as trouble:
                caught.append(trouble)

        reader = threading.Thread(target=read)
        reader.start()
        assert stage.left.wait(5)
        begun = time.monotonic()
        stream.close()
        took = time.monotonic() - begun
        reader.join(5)
        engine.close()
    assert isinstance(caught[0], Cancelled)
    assert took < 20 * 0.1


def test_stream_that_was_closed_before_it_began_sends_nothing():
    with staged(lambda _asked, _stage: streamed(last())) as stage:
        engine = opened(stage.url)
        stream = engine.stream(HELLO)
        stream.close()
        with pytest.raises(Cancelled):
            next(stream)
        engine.close()
        assert stage.asked == []


def test_connection_that_was_read_to_its_end_is_used_again():
    with staged(lambda _asked, _stage: streamed(said("a"), last())) as stage:
        engine = opened(stage.url)
        for _ in range(3):
            with engine.stream(HELLO) as stream:
                assert [chunk.done for chunk in stream] == [False, True]
        engine.close()
        assert stage.connections == 2  # one for answers, one for short questions


def test_connection_that_was_left_in_the_middle_is_not_used_again():
    def answer(_asked, stage):
        if len(stage.main()) == 1:
            yield from list(streamed(said("a"), b""))[:2]
            yield from stage.hang()
        yield from streamed(said("a"), said("b"), last())

    with staged(answer) as stage:
        engine = opened(stage.url)
        with engine.stream(HELLO) as stream:
            next(stream)
        with engine.stream(HELLO) as stream:
            assert [chunk.text for chunk in stream] == ["a", "b", ""]
        engine.close()
        assert stage.connections == 3  # the first, another, and the one for short questions


def test_answer_of_another_coding_is_replaced_and_not_lost():
    """Bytes that are no UTF-8 become the mark that says so; the answer goes on."""
    odd = said("XX").replace(b"XX", b"\xff\xfe")
    with staged(lambda _asked, _stage: streamed(odd, last())) as stage:
        assert ask(stage.url) == "\ufffd\ufffd"


PULLS = {
    "disk full": ((line({"error": "write /models/blobs/sha256-1-partial: no space left on device"}),), DiskFull),
    "no registry": (
        (line({"error": 'pull model manifest: Get "https://x/": dial tcp 127.0.0.1:9: connect: connection refused'}),),
        ConnectFailed,
    ),
    "no model": ((line({"error": "pull model manifest: file does not exist"}),), ModelMissing),
    "a registry that leaves": ((line({"error": "read tcp: connection reset by peer"}),), ConnectFailed),
    "an end without success": ((line({"status": "verifying sha256 digest"}),), AnswerUnfinished),
    "too new": (
        (line({"error": "pull model manifest: 412: \n\nThe model you are attempting to pull requires a newer version "
                        "of Ollama."}),),
        Unsupported,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PULLS)
def test_pull_that_fails_has_its_name_and_a_hint(name):
    pieces, kind = PULLS[name]
    first = line({"status": "pulling manifest"})
    with staged(lambda _asked, _stage: streamed(first, *pieces)) as stage:
        engine = opened(stage.url)
        steps = engine.pull(Order(model="qwen3:0.6b"))
        assert next(steps).status == "pulling manifest"
        with pytest.raises(Trouble) as caught:
            list(steps)
        engine.close()
    assert type(caught.value) is kind
    assert caught.value.hint


def test_pull_that_was_killed_is_resumed_by_the_same_order():
    """Ollama goes on where it stood and checks the digest itself; we only ask again, and say so."""
    rounds = []

    def answer(asked, _stage):
        rounds.append(asked.json())
        part = {"status": "pulling 817f921c1fba", "digest": "sha256:817f", "total": 100}
        if len(rounds) == 1:
            yield from streamed(line({**part, "completed": 40}), ends=False)
        yield from streamed(line({**part, "completed": 60}), line({"status": "success"}))

    with staged(answer) as stage:
        engine = opened(stage.url)
        steps = engine.pull(Order(model="m"))
        assert next(steps).completed == 40
        with pytest.raises(ConnectionCut) as caught:
            next(steps)
        assert "same command" in caught.value.hint
        assert [step.completed for step in engine.pull(Order(model="m"))] == [60, None]
        engine.close()
    assert rounds == [{"model": "m"}, {"model": "m"}]


def test_pull_that_is_left_ends_its_exchange():
    def answer(_asked, stage):
        yield from list(streamed(line({"status": "pulling manifest"}), b""))[:2]
        yield from stage.hang()

    with staged(answer) as stage:
        engine = opened(stage.url)
        steps = engine.pull(Order(model="m"))
        next(steps)
        steps.close()
        engine.close()


@pytest.mark.parametrize("name", ["", "bad name!!", "a//b", "-x"])
def test_wrong_name_is_told_before_anything_is_sent(name):
    with staged(lambda _asked, _stage: [plain({})]) as stage:
        engine = opened(stage.url)
        with pytest.raises(BadUsage):
            list(engine.pull(Order(model=name)))
        engine.close()
        assert stage.asked == []


def test_embedding_by_a_model_that_cannot_is_told():
    body = {"error": "This server does not support embeddings. Start it with `--embeddings`"}
    with staged(lambda _asked, _stage: [plain(body, 501)]) as stage:
        engine = opened(stage.url)
        with pytest.raises(Unsupported) as caught:
            engine.embed(Prompt(model="m", operation="embed", inputs=("Hi",)))
        engine.close()
    assert "embedding" in caught.value.hint


def test_other_server_at_the_address_is_no_health():
    with staged(lambda _asked, _stage: [plain(b"404 page not found", 404)], version=None) as stage:
        engine = opened(stage.url)
        health = engine.health()
        engine.close()
    assert health.state == "problem"
    assert "no Ollama" in health.text


def test_health_of_a_server_that_is_down_is_a_finding():
    engine = opened("http://127.0.0.1:9")
    health = engine.health()
    engine.close()
    assert (health.state, bool(health.hint)) == ("problem", True)


def test_wrong_port_with_a_silent_listener_is_given_up():
    listener = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(TimedOut):
        ask(f"http://127.0.0.1:{listener.getsockname()[1]}")
    listener.close()


def test_list_of_another_form_is_malformed():
    with staged(lambda _asked, _stage: [plain(json.dumps([1]).encode())], tags=None) as stage:
        engine = opened(stage.url)
        with pytest.raises(AnswerMalformed):
            engine.models()
        engine.close()
