"""The one suite that every engine passes; a subclass names its Subject."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ollascope.engines.engine import Engine, Stream
from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.fake.settings import Loading, Queueing
from ollascope.engines.metered import MeteredStream
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import (
    AccessDenied,
    AnswerMalformed,
    AnswerUnfinished,
    BadUsage,
    Cancelled,
    ConnectFailed,
    ConnectionCut,
    EngineBusy,
    EngineCrashed,
    ModelMissing,
    RateLimited,
    StaleConnection,
    Trouble,
)
from ollascope.words.prompt import Message, Prompt, ToolCall
from tests.contracts.subject import (
    BOUND_S,
    HELLO,
    PIECES,
    QUICK,
    Reading,
    Subject,
    Wired,
    chat,
    failing,
    no_leaks,
    text_of,
    trouble_of,
    until,
)
from tests.contracts.wires import CUT, END, HOLD, Asked, Step, chunked, deaf, each_byte, head, whole, wire

SLOW = Fake(ttft_s=30, gap_s=30)
HALTING = Fake(ttft_s=0, gap_s=30)
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


class EngineContract:
    """What holds for every engine, whatever it talks to."""

    subject: Subject

    # What comes, and in which order

    def test_pieces_come_in_order_and_make_the_whole_text(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, chat())
        assert text_of(chunks) == HELLO
        assert [chunk.text for chunk in chunks if chunk.text] == list(PIECES)

    def test_last_piece_and_no_other_says_that_it_is_the_last(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, chat())
        assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        assert chunks[-1].reason == "stop"

    def test_usage_is_the_true_one(self) -> None:
        with self.ground() as engine:
            last = self.read(engine, chat("count me"))[-1]
        true = self.truth(chat("count me"))
        assert (last.tokens_in, last.tokens_out) == (true.tokens_in, true.tokens_out)

    def test_answer_that_is_cut_at_its_limit_says_so(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, chat(max_tokens=3))
        assert (text_of(chunks), chunks[-1].reason, chunks[-1].tokens_out) == ("Hello! I say", "length", 3)

    def test_whole_answer_has_the_text_of_the_streamed_one(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, chat(stream=False))
        assert (text_of(chunks), chunks[-1].done) == (HELLO, True)

    def test_text_prompt_is_answered_too(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, Prompt(model="plain", operation="generate", text="Say something."))
        assert (text_of(chunks), chunks[-1].reason) == (HELLO, "stop")

    def test_characters_of_several_tokens_arrive_whole(self) -> None:
        with self.ground() as engine:
            assert text_of(self.read(engine, chat("<|zh|>"))) == "你好，世界。"

    def test_thinking_is_kept_apart_from_the_answer(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, chat("<|think|>", think=True))
        thinking = "".join(chunk.thinking for chunk in chunks)
        assert (thinking.strip(), text_of(chunks).strip()) == ("Let me think", "Forty-two")

    def test_tool_calls_come_with_their_arguments(self) -> None:
        with self.ground() as engine:
            chunks = self.read(engine, chat("<|tool|>", tools=(TOOL,)))
        calls = [call for chunk in chunks for call in chunk.tool_calls]
        assert [(call.name, call.arguments) for call in calls] == [("get_weather", {"city": "Paris"})]

    def test_conversation_with_a_tool_result_is_taken(self) -> None:
        asked = Message(
            role="assistant", tool_calls=(ToolCall(name="get_weather", arguments={"city": "Rome"}, id="1"),)
        )
        told = Message(role="tool", content="sunny", tool_name="get_weather", tool_call_id="1")
        prompt = replace(chat("and now?"), messages=(*chat("weather?").messages, asked, told), tools=(TOOL,))
        with self.ground() as engine:
            assert self.read(engine, prompt)[-1].done

    def test_schema_is_kept(self) -> None:
        with self.ground() as engine:
            answer = json.loads(text_of(self.read(engine, chat(format=SCHEMA, think=False))))
        assert isinstance(answer["answer"], int)

    def test_vectors_come_in_the_order_of_the_texts(self) -> None:
        self.needs("embed")
        texts = ("red", "green", "red")
        with self.ground() as engine:
            found = engine.embed(Prompt(model="vectors", operation="embed", inputs=texts))
        first, second, third = found.vectors
        assert first == third != second
        assert found.tokens_in == len("redgreenred")

    def test_embeddings_are_no_stream(self) -> None:
        with self.ground() as engine:
            prompt = Prompt(model="vectors", operation="embed", inputs=("red",))
            assert isinstance(trouble_of(lambda: list(engine.stream(prompt))), BadUsage)

    def test_stream_that_has_ended_gives_nothing_more(self) -> None:
        with self.ground() as engine, engine.stream(chat()) as stream:
            list(stream)
            assert list(stream) == []

    def test_streams_beside_each_other_do_not_mix(self) -> None:
        with self.ground(Fake(ttft_s=0, gap_s=0.002)) as engine:
            readings = [Reading(engine.stream(chat(text))) for text in ("", "<|json|>") * 4]
            assert all(reading.ended() for reading in readings)
        assert [text_of(one.chunks) for one in readings] == [HELLO, '{"answer": 42, "why": "because"}'] * 4

    # What it knows

    def test_its_name_and_place_are_told_without_secrets(self) -> None:
        with self.ground() as engine:
            assert engine.name == self.subject.name
            assert engine.backend
            assert "@" not in engine.backend

    def test_models_are_listed(self) -> None:
        with self.ground() as engine:
            names = {model.name.removesuffix(":latest") for model in engine.models()}
        assert names == {"scripted", "plain", "bare", "slow", "vectors"}

    def test_server_that_answers_is_healthy_though_nothing_is_loaded(self) -> None:
        with self.ground() as engine:
            assert engine.health().state == "ok"

    def test_its_operations_are_known(self) -> None:
        with self.ground() as engine:
            assert "chat" in engine.capabilities().operations

    def test_model_is_loaded_and_unloaded(self) -> None:
        self.needs("orders")
        with self.ground() as engine:
            engine.load("scripted")
            assert [model.name for model in engine.loaded()] == ["scripted:latest"]
            engine.unload("scripted")
            assert engine.loaded() == ()

    def test_model_is_copied_shown_and_deleted(self) -> None:
        self.needs("orders")
        with self.ground() as engine:
            engine.copy("scripted", "second")
            assert "completion" in engine.show("second").capabilities
            engine.delete("second")
            assert isinstance(trouble_of(lambda: engine.show("second")), ModelMissing)

    # What goes wrong

    def test_unknown_model_is_an_error_that_names_the_near_ones(self) -> None:
        with self.ground() as engine:
            trouble = trouble_of(lambda: self.read(engine, chat(model="scriptd")))
        assert isinstance(trouble, ModelMissing)
        if "near" not in self.subject.lacks:
            assert "scripted" in trouble.hint

    @pytest.mark.parametrize(("status", "kind"), [(401, AccessDenied), (429, RateLimited), (503, EngineBusy)])
    def test_refusal_has_its_name(self, status: int, kind: type[Trouble]) -> None:
        with self.ground() as engine:
            assert isinstance(trouble_of(lambda: self.read(engine, failing(str(status)))), kind)

    @pytest.mark.parametrize(
        ("kind", "error"),
        [("cut", ConnectionCut), ("line", EngineCrashed), ("unfinished", AnswerUnfinished),
         ("garbage", AnswerMalformed)],
    )  # fmt: skip
    def test_failure_in_mid_stream_comes_behind_what_came_before(self, kind: str, error: type[Trouble]) -> None:
        with self.ground() as engine:
            reading = Reading(engine.stream(failing(kind)))
            assert reading.ended()
        assert isinstance(reading.error, error), reading.error
        assert [chunk.text for chunk in reading.chunks] == list(PIECES[:3])

    def test_engine_goes_on_after_a_failure(self) -> None:
        with self.ground() as engine:
            for kind in ("503", "cut", "garbage"):
                trouble_of(lambda kind=kind: self.read(engine, failing(kind)))  # type: ignore[misc]
                assert text_of(self.read(engine, chat())) == HELLO

    def test_every_error_says_what_one_can_do(self) -> None:
        with self.ground() as engine:
            for kind in ("401", "429", "500", "503", "cut", "line", "unfinished", "garbage"):
                trouble = trouble_of(lambda kind=kind: self.read(engine, failing(kind)))  # type: ignore[misc]
                assert trouble.message
                assert trouble.hint

    # Who leaves

    def test_stream_that_was_closed_before_it_began_sends_nothing(self) -> None:
        with self.subject.serve(QUICK) as ground:
            stream = ground.engine.stream(chat())
            stream.close()
            assert isinstance(trouble_of(lambda: next(stream)), Cancelled)
            assert len(ground.source.memory) == 0

    def test_close_wakes_who_waits_for_the_first_piece(self) -> None:
        self.closes_in_time(SLOW, lambda reading, source: until(lambda: len(source.memory) == 1))

    def test_close_wakes_who_waits_for_a_load(self) -> None:
        loading = replace(QUICK, loading=Loading(load_s=30))
        self.closes_in_time(loading, lambda reading, source: until(lambda: len(source.memory) == 1))

    def test_close_wakes_who_waits_between_two_pieces(self) -> None:
        self.closes_in_time(HALTING, lambda reading, source: reading.first.wait(BOUND_S))

    def test_close_wakes_who_waits_for_a_slot(self) -> None:
        queue = replace(SLOW, queue=Queueing(slots=1))
        with self.subject.serve(queue) as ground:
            first = ground.engine.stream(chat())
            occupying = Reading(first)
            assert until(lambda: len(ground.source.memory) == 1)
            second = ground.engine.stream(chat())
            waiting = Reading(second)
            assert until(lambda: len(ground.source.memory) == 2)
            second.close()
            assert waiting.ended()
            first.close()
            assert occupying.ended()
        assert isinstance(waiting.error, Cancelled)

    def test_server_learns_at_once_that_a_reader_left(self) -> None:
        with self.subject.serve(HALTING) as ground:
            with ground.engine.stream(chat()) as stream:
                next(stream)
            (truth,) = ground.source.memory
            assert until(lambda: truth.outcome == "cancelled"), truth.outcome

    def test_close_after_the_end_and_a_second_close_do_nothing(self) -> None:
        with self.ground() as engine:
            stream = engine.stream(chat())
            assert text_of(list(stream)) == HELLO
            stream.close()
            stream.close()
            assert list(stream) == []

    def test_closing_the_engine_ends_its_streams(self) -> None:
        with self.subject.serve(HALTING) as ground:
            reading = Reading(ground.engine.stream(chat()))
            assert reading.first.wait(BOUND_S)
            ground.engine.close()
            assert reading.ended()
        assert isinstance(reading.error, Cancelled)

    def test_nothing_is_left_of_streams_that_were_left(self) -> None:
        with self.subject.serve(HALTING) as ground:
            with ground.engine.stream(chat()) as stream:
                next(stream)
            with no_leaks():
                for _ in range(50):
                    with ground.engine.stream(chat()) as stream:
                        next(stream)
                assert until(lambda: all(one.outcome == "cancelled" for one in ground.source.memory))

    # What is counted

    def test_finished_stream_leaves_one_call(self) -> None:
        call = self.one_call(QUICK, chat(), list)
        assert (call.outcome, call.engine, call.model, call.operation) == ("ok", self.subject.name, "scripted", "chat")
        assert call.tokens_out == self.truth(chat()).tokens_out
        assert sum(count for _, count in call.gaps) == len(PIECES) - 1

    def test_call_is_there_when_the_reader_learns_of_the_end(self) -> None:
        calls: list[Call] = []
        with self.subject.serve(QUICK) as ground:
            for _ in self.subject.metered(ground.engine, calls).stream(chat()):
                assert calls == []
            assert len(calls) == 1

    def test_call_is_there_when_close_returns(self) -> None:
        calls: list[Call] = []
        with self.subject.serve(HALTING) as ground:
            stream = self.subject.metered(ground.engine, calls).stream(chat())
            next(stream)
            stream.close()
            assert [call.outcome for call in calls] == ["cancelled"]
            stream.close()
            assert len(calls) == 1

    def test_stream_that_failed_leaves_one_call_with_the_code_of_the_error(self) -> None:
        def fails(stream: Iterator[Chunk]) -> None:
            trouble_of(lambda: list(stream))

        assert self.one_call(QUICK, failing("cut"), fails).outcome == ConnectionCut.code
        assert self.one_call(QUICK, failing("401"), fails).outcome == AccessDenied.code

    def test_stream_that_is_forgotten_leaves_one_call(self) -> None:
        calls: list[Call] = []
        with self.subject.serve(HALTING) as ground:
            stream = self.subject.metered(ground.engine, calls).stream(chat())
            next(stream)
            del stream
            assert [call.outcome for call in calls] == ["cancelled"]

    def test_stream_that_is_closed_by_another_thread_leaves_one_call(self) -> None:
        calls: list[Call] = []
        with self.subject.serve(HALTING) as ground:
            stream = self.subject.metered(ground.engine, calls).stream(chat())
            reading = Reading(stream)
            assert reading.first.wait(BOUND_S)
            stream.close()
            assert reading.ended()
            assert isinstance(reading.error, Cancelled)
        assert [call.outcome for call in calls] == ["cancelled"]

    def test_embedding_leaves_one_call(self) -> None:
        self.needs("embed")
        calls: list[Call] = []
        with self.subject.serve(QUICK) as ground:
            metered = self.subject.metered(ground.engine, calls)
            metered.embed(Prompt(model="vectors", operation="embed", inputs=("red",)))
            trouble_of(lambda: metered.embed(Prompt(model="absent", operation="embed", inputs=("red",))))
        assert [call.outcome for call in calls] == ["ok", ModelMissing.code]

    def test_refusal_that_may_pass_is_tried_again_and_is_still_one_call(self) -> None:
        calls: list[Call] = []
        with self.subject.serve(QUICK) as ground:
            stream = self.subject.metered(ground.engine, calls).stream(failing("503"))
            assert isinstance(trouble_of(lambda: list(stream)), EngineBusy)
            assert len(ground.source.memory) == 3
        assert [(call.outcome, call.retries) for call in calls] == [(EngineBusy.code, 2)]

    def test_failure_behind_the_first_piece_is_not_tried_again(self) -> None:
        calls: list[Call] = []
        with self.subject.serve(QUICK) as ground:
            stream = self.subject.metered(ground.engine, calls).stream(failing("line"))
            trouble_of(lambda: list(stream))
            assert len(ground.source.memory) == 1
        assert [call.retries for call in calls] == [0]

    def test_times_are_seconds_in_their_order(self) -> None:
        settings = Fake(ttft_s=0.2, gap_s=0.02, prefill_s=0.002)
        started = time.monotonic()
        call = self.one_call(settings, chat(), list)
        wall = time.monotonic() - started
        first, answer, end = call.first_chunk_s, call.first_answer_s, call.end_s
        assert first is not None
        assert answer is not None
        assert end is not None
        assert 0.2 <= first <= answer <= end <= wall
        parts = (call.queue_s, call.connect_s, call.load_s, call.prefill_s, call.decode_s)
        assert all(0 <= part <= end for part in parts if part is not None), parts
        assert abs(call.sent_at - time.time()) < 60
        if "timings" not in self.subject.lacks:
            assert call.prefill_s is not None
            assert call.decode_s is not None
            assert call.prefill_s >= 0.2
            assert call.decode_s >= 6 * 0.02

    # Its tools

    @contextmanager
    def ground(self, settings: Fake = QUICK) -> Iterator[Engine]:
        with self.subject.serve(settings) as ground:
            yield ground.engine

    def needs(self, what: str) -> None:
        if what in self.subject.lacks:
            pytest.skip(f"it has no {what}")

    def read(self, engine: Engine, prompt: Prompt) -> list[Chunk]:
        with engine.stream(prompt) as stream:
            return list(stream)

    def truth(self, prompt: Prompt) -> Chunk:
        """The last piece as the fake in this process gives it."""
        return self.read(FakeEngine(FakeSource(QUICK)), prompt)[-1]

    def one_call(self, settings: Fake, prompt: Prompt, use: Callable[[MeteredStream], object]) -> Call:
        calls: list[Call] = []
        with self.subject.serve(settings) as ground:
            use(self.subject.metered(ground.engine, calls).stream(prompt))
        (call,) = calls
        return call

    def closes_in_time(self, settings: Fake, ready: Callable[[Reading, FakeSource], object]) -> None:
        with self.subject.serve(settings) as ground:
            stream = ground.engine.stream(chat())
            reading = Reading(stream)
            assert ready(reading, ground.source)
            self.ends(stream, reading)
            (truth,) = ground.source.memory
            assert until(lambda: truth.outcome == "cancelled"), truth.outcome

    def ends(self, stream: Stream, reading: Reading) -> None:
        """Another thread closes: it returns at once, and the reader is Cancelled."""
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < BOUND_S
        assert reading.ended(), "the reader still waits"
        assert isinstance(reading.error, Cancelled), reading.error


class WiredContract(EngineContract):
    """What holds beside it for every engine that speaks HTTP."""

    def test_piece_is_given_when_it_comes_and_not_with_the_next(self) -> None:
        wired, go = self.wired(), threading.Event()
        first, *rest = chunked(wired.pieces(), wired.content_type)
        said: list[Step] = [first, rest[0], go, *rest[1:]]
        with (
            wire(wired.script(lambda _: said)) as server,
            self.at(server.url) as engine,
            engine.stream(chat()) as stream,
        ):
            assert next(stream).text == PIECES[0]
            go.set()
            assert text_of(list(stream)) == HELLO.removeprefix(PIECES[0])

    def test_answer_cut_into_single_bytes_is_the_same(self) -> None:
        wired = self.wired()
        said = each_byte(b"".join(chunked(wired.pieces(), wired.content_type)))
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            assert text_of(self.read(engine, chat())) == HELLO

    def test_answer_in_one_piece_is_the_same(self) -> None:
        wired = self.wired()
        said = [b"".join(chunked(wired.pieces(), wired.content_type))]
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            assert [chunk.text for chunk in self.read(engine, chat())][: len(PIECES)] == list(PIECES)

    def test_answer_that_ends_with_its_connection_is_taken(self) -> None:
        wired = self.wired()
        said: list[Step] = [head(200, f"Content-Type: {wired.content_type}"), *wired.pieces(), END]
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            assert text_of(self.read(engine, chat())) == HELLO

    def test_connection_is_used_again_after_a_good_answer(self) -> None:
        wired = self.wired()
        said = chunked(wired.pieces(), wired.content_type)
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            for _ in range(3):
                assert text_of(self.read(engine, chat())) == HELLO
            assert len({asked.connection for asked in server.to(wired.path)}) == 1

    def test_connection_is_not_used_again_after_an_answer_that_was_left(self) -> None:
        wired = self.wired()
        first, *rest = chunked(wired.pieces(), wired.content_type)
        asked: list[int] = []

        def answer(one: Asked) -> list[Step]:
            asked.append(one.connection)
            return [first, rest[0], HOLD] if len(asked) == 1 else [first, *rest]

        with wire(wired.script(answer)) as server, self.at(server.url) as engine:
            with engine.stream(chat()) as stream:
                next(stream)
            assert text_of(self.read(engine, chat())) == HELLO
        assert len(set(asked)) == 2, asked

    @pytest.mark.parametrize("end", [END, CUT], ids=["closed", "torn"])
    def test_cut_in_mid_stream_is_no_end(self, end: Step) -> None:
        wired = self.wired()
        said: list[Step] = [*chunked(wired.pieces(), wired.content_type)[:3], end]
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            assert isinstance(trouble_of(lambda: self.read(engine, chat())), ConnectionCut)

    def test_answer_whose_last_piece_is_missing_is_unfinished(self) -> None:
        wired = self.wired()
        first, *rest = chunked(wired.pieces()[:-1], wired.content_type)
        with wire(wired.script(lambda _: [first, *rest])) as server, self.at(server.url) as engine:
            assert isinstance(trouble_of(lambda: self.read(engine, chat())), AnswerUnfinished)

    def test_error_in_the_place_of_a_piece_is_raised(self) -> None:
        wired = self.wired()
        said = chunked([*wired.pieces()[:2], wired.failure()], wired.content_type)
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            reading = Reading(engine.stream(chat()))
            assert reading.ended()
        assert isinstance(reading.error, EngineCrashed)
        assert [chunk.text for chunk in reading.chunks] == list(PIECES[:2])

    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            ([b"SSH-2.0-OpenSSH_9.9\r\n", END], AnswerMalformed),
            ([b"\x00\xff\x80" * 50 + b"\r\n\r\n", END], AnswerMalformed),
            ([END], (ConnectionCut, StaleConnection)),  # it cannot be known whether the request was read
            ([b"HTTP/1.1 200 OK\r\nContent-Ty", END], ConnectionCut),
            ([head(302, "Location: http://127.0.0.1:9/", "Content-Length: 0")], AnswerMalformed),
            ([head(200, "Content-Encoding: gzip", "Content-Length: 2"), b"\x1f\x8b"], AnswerMalformed),
            ([head(200, "Transfer-Encoding: chunked"), b"twelve\r\n"], AnswerMalformed),
            ([whole(b"<html>hello</html>", 200, "text/html")], AnswerMalformed),
            ([whole(b"", 401)], AccessDenied),
        ],
        ids=["ssh", "garbage", "nothing", "half-head", "redirect", "gzip", "bad-chunk", "html", "key"],
    )
    def test_what_is_no_answer_has_a_name(
        self, said: list[Step], kind: type[Trouble] | tuple[type[Trouble], ...]
    ) -> None:
        wired = self.wired()
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            trouble = trouble_of(lambda: self.read(engine, chat()))
        assert isinstance(trouble, kind), trouble
        assert trouble.hint

    def test_close_wakes_who_waits_for_the_head(self) -> None:
        wired = self.wired()
        with wire(wired.script(lambda _: [HOLD])) as server, self.at(server.url) as engine:
            stream = engine.stream(chat())
            reading = Reading(stream)
            assert until(lambda: len(server.to(wired.path)) == 1)
            self.ends(stream, reading)
            assert server.left.wait(BOUND_S)

    def test_close_wakes_who_waits_within_a_piece(self) -> None:
        wired = self.wired()
        first, second, third, *_ = chunked(wired.pieces(), wired.content_type)
        said: list[Step] = [first, second, third[: len(third) // 2], HOLD]
        with wire(wired.script(lambda _: said)) as server, self.at(server.url) as engine:
            stream = engine.stream(chat())
            reading = Reading(stream)
            assert reading.first.wait(BOUND_S)
            self.ends(stream, reading)
            assert server.left.wait(BOUND_S)

    def test_close_abandons_a_connection_on_its_way(self) -> None:
        self.wired()
        with deaf() as url, self.at(url) as engine, no_leaks():
            stream = engine.stream(chat())
            reading = Reading(stream)
            reading.thread.join(0.05)
            assert reading.thread.is_alive()
            self.ends(stream, reading)

    def test_address_where_nothing_listens_is_told(self) -> None:
        self.wired()
        with self.at("http://127.0.0.1:9") as engine:
            trouble = trouble_of(lambda: self.read(engine, chat()))
            assert isinstance(trouble, ConnectFailed)
            assert "127.0.0.1:9" in trouble.message
            assert engine.health().state == "problem"

    # Its tools

    def wired(self) -> Wired:
        assert self.subject.wired is not None
        return self.subject.wired

    @contextmanager
    def at(self, url: str) -> Iterator[Engine]:
        engine = self.wired().open(url)
        try:
            yield engine
        finally:
            engine.close()
