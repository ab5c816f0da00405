"""What is measured, counted and tried again, with a clock that only moves when it is told to."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.engines.engine import Capabilities, Health, Trace
from ollascope.engines.meter import Tools
from ollascope.engines.metered import Metered
from ollascope.engines.retries import Retries
from ollascope.engines.settings import Retrying
from ollascope.stats.sketch import Sketch
from ollascope.words.chunk import Chunk
from ollascope.words.clock import Clock
from ollascope.words.errors import (
    AnswerUnfinished,
    Cancelled,
    ConnectionCut,
    EngineBusy,
    InferenceFailed,
    StaleConnection,
    Trouble,
)
from ollascope.words.ids import Ids
from ollascope.words.prompt import Prompt, ToolCall

LAST = Chunk(done=True, reason="stop", tokens_in=7, tokens_out=3, load_s=0.5, prefill_s=0.25, decode_s=2.0, queue_s=0.1)
PROMPT = Prompt(model="m")
NOTHING = Trace()
NEVER = Retrying(attempts=1)


class Time:
    """A clock that stands still unless it is moved."""

    def __init__(self):
        self.now = 100.0
        self.clock = Clock(wall=lambda: 1_800_000_000.0 + self.now, monotonic=lambda: self.now)


class Script:
    """An engine whose answers are lists of waits, pieces and errors, one list for each attempt."""

    name, backend = "script", "here"

    def __init__(self, time, *answers, trace=NOTHING):
        self.time, self.answers, self.trace, self.asked, self.streams = time, list(answers), trace, 0, []

    def stream(self, prompt):
        return self._next()

    def embed(self, prompt):
        return next(self._next())

    def _next(self):
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        self.streams.append(Said(self.time, answer, self.trace))
        return self.streams[-1]

    def close(self):
        self.closed = True

    def models(self):
        return (Model(name="m"),)

    def loaded(self):
        return ()

    def show(self, model):
        return Card(template=model)

    def load(self, model, *, keep_alive=None, context=None):
        self.loads = (model, keep_alive, context)

    def unload(self, model):
        self.unloads = model

    def pull(self, order):
        return iter([Progress(status=order.model)])

    create = pull

    def copy(self, source, model):
        self.copies = (source, model)

    def delete(self, model):
        self.deletes = model

    def health(self):
        return Health(state="ok", text="fine")

    def capabilities(self, model=None):
        return Capabilities(source=model or "")


class Said:
    def __init__(self, time, answer, trace):
        self.trace, self.closed = trace, 0
        self._time, self._steps = time, iter(answer)

    def __iter__(self):
        return self

    def __next__(self):
        for step in self._steps:
            if isinstance(step, float):
                self._time.now += step
            elif isinstance(step, Chunk):
                return step
            elif callable(step):
                step()
            else:
                raise step
        raise StopIteration

    def close(self):
        self.closed += 1


@pytest.fixture
def time():
    return Time()


def metered(script, calls, retrying=NEVER, **more):
    tools = Tools(script.time.clock, Ids(wall=script.time.clock.wall))
    return Metered(script, calls.append, source="test", retries=Retries(retrying, lambda: 1.0), tools=tools, **more)


def read(script, retrying=NEVER, **more):
    """The Chunks, the error and the Calls."""
    calls, chunks, error = [], [], None
    try:
        chunks.extend(metered(script, calls, retrying, **more).stream(PROMPT))
    except Exception as caught:  # noqa: BLE001 - the test looks at it
        error = caught
    return chunks, error, calls


def refused(kind=EngineBusy):
    return kind("no", hint="wait")


# What goes wrong


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(refused(InferenceFailed), "inference-failed"), (refused(ConnectionCut), "connection-cut"),
     (ValueError("bug"), "failed"), (RecursionError(), "failed"), (refused(Cancelled), "cancelled")],
    ids=str,
)  # fmt: skip
def test_failure_travels_up_and_its_call_is_left(time, error, outcome):
    script = Script(time, [1.0, Chunk(text="a"), 2.0, error])
    chunks, caught, (call,) = read(script)
    assert (caught, call.outcome) == (error, outcome)
    assert (len(chunks), call.first_chunk_s, call.end_s, call.tokens_out) == (1, 1.0, 3.0, None)
    assert script.streams[0].closed


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupted_program_cancels(time, error):
    calls = []
    stream = metered(Script(time, [error()]), calls).stream(PROMPT)
    with pytest.raises(error):
        next(stream)
    assert [call.outcome for call in calls] == ["cancelled"]


def test_engine_that_cannot_even_begin_leaves_a_call(time):
    class Broken(Script):
        def stream(self, prompt):
            raise refused(InferenceFailed)

    _, error, (call,) = read(Broken(time))
    assert isinstance(error, InferenceFailed)
    assert call.outcome == "inference-failed"


def test_answer_without_its_last_piece_is_an_error(time):
    _, error, (call,) = read(Script(time, [Chunk(text="a")]))
    assert isinstance(error, AnswerUnfinished)
    assert call.outcome == "answer-unfinished"


def test_error_behind_the_last_piece_is_the_outcome(time):
    chunks, error, (call,) = read(Script(time, [Chunk(text="a"), LAST, refused(ConnectionCut)]))
    assert (len(chunks), call.outcome) == (2, "connection-cut")
    assert isinstance(error, ConnectionCut)


def test_sink_that_fails_is_a_bug_that_travels_up(time):
    def sink(_call):
        raise OSError("full")

    stream = Metered(Script(time, [LAST]), sink, source="test").stream(PROMPT)
    next(stream)
    with pytest.raises(OSError, match="full"):
        next(stream)


def test_nothing_more_comes_from_a_stream_that_has_failed(time):
    calls = []
    stream = metered(Script(time, [refused(InferenceFailed)]), calls).stream(PROMPT)
    for _ in range(3):
        with pytest.raises(Trouble):
            next(stream)
    assert len(calls) == 1


# What is measured


def test_times_are_offsets_from_the_moment_it_was_sent(time):
    calls = []
    script = Script(time, [2.0, Chunk(thinking="hm"), 1.0, Chunk(text="a"), 0.5, Chunk(text="b"), 0.25, LAST])
    stream = metered(script, calls).stream(PROMPT)
    time.now += 50  # nothing is sent before the first piece is asked for
    assert len(list(stream)) == 4
    (call,) = calls
    assert call.sent_at == 1_800_000_150.0
    assert (call.first_chunk_s, call.first_answer_s, call.end_s) == (2.0, 3.0, 3.75)
    assert call.gaps == Sketch.of([1.0, 0.5]).pairs()
    assert (call.queue_s, call.load_s, call.prefill_s, call.decode_s) == (0.1, 0.5, 0.25, 2.0)
    assert (call.tokens_in, call.tokens_out, call.retries, call.stream) == (7, 3, 0, True)
    assert (call.source, call.engine, call.backend, call.model) == ("test", "script", "here", "m")


def test_tool_call_is_an_answer_and_an_empty_piece_is_none(time):
    said = [1.0, Chunk(), 1.0, Chunk(tool_calls=(ToolCall(name="t"),)), 1.0, LAST]
    _, _, (call,) = read(Script(time, said))
    assert (call.first_chunk_s, call.first_answer_s, call.gaps) == (2.0, 2.0, ())


def test_answer_without_a_word_has_no_first_answer(time):
    _, _, (call,) = read(Script(time, [1.0, LAST]))
    assert (call.first_chunk_s, call.first_answer_s) == (1.0, None)


def test_end_is_the_last_piece_and_not_what_is_done_after_it(time):
    _, _, (call,) = read(Script(time, [1.0, Chunk(text="a"), 1.0, LAST, 30.0]))
    assert call.end_s == 2.0


def test_reader_who_takes_the_last_piece_and_leaves_has_finished(time):
    calls = []
    with metered(Script(time, [Chunk(text="a"), LAST]), calls).stream(PROMPT) as stream:
        next(stream)
        next(stream)
    assert [(call.outcome, call.tokens_out) for call in calls] == [("ok", 3)]


def test_what_the_engine_found_out_is_in_the_call(time):
    trace = Trace(api="ollama", status=200, connect_s=0.25, load_cause="cold", flags=("reloaded",), notes=("Again.",))
    told = []
    _, _, (call,) = read(Script(time, [LAST], trace=trace), tell=told.append)
    assert (call.api, call.status, call.connect_s, call.load_cause) == ("ollama", 200, 0.25, "cold")
    assert (call.flags, told) == (("reloaded",), ["Again."])


@given(st.lists(st.floats(min_value=1e-6, max_value=1e3), min_size=1, max_size=50))
def test_gaps_are_all_counted(gaps):
    time = Time()
    said = [Chunk(text="a")]
    for gap in gaps:
        said += [gap, Chunk(text="b")]
    _, _, (call,) = read(Script(time, [*said, LAST]))
    assert sum(count for _, count in call.gaps) == len(gaps)


def test_gaps_of_a_long_answer_are_counted_without_being_kept(time):
    said = [Chunk(text="a"), *([0.5, Chunk(text="b")] * 10_000), LAST]
    _, _, (call,) = read(Script(time, said))
    assert [count for _, count in call.gaps] == [10_000]


@given(st.lists(st.floats(min_value=1e-6, max_value=1e3), min_size=1, max_size=20), st.integers(2, 6))
def test_gaps_are_the_same_however_often_they_are_counted(gaps, fold):
    time, said = Time(), [Chunk(text="a")]
    for number, gap in enumerate(gaps):
        said += [gap, Chunk(text="b") if number % 3 else Chunk(thinking="hm")]
    before = time.now
    _, _, (whole,) = read(Script(time, [*said, LAST]))
    time.now = before
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ollascope.engines.meter.FOLD", fold)
        patched.setattr("ollascope.engines.metered.FOLD", fold)
        _, _, (parts,) = read(Script(time, [*said, LAST]))
    assert parts.gaps == whole.gaps
    assert sum(count for _, count in whole.gaps) == len(gaps)


def test_empty_piece_within_an_answer_is_no_gap(time):
    said = [Chunk(text="a"), 1.0, Chunk(), 1.0, Chunk(text="b"), LAST]
    _, _, (call,) = read(Script(time, said))
    assert call.gaps == Sketch.of([2.0]).pairs()


def test_what_an_engine_did_in_silence_with_texts_to_embed_is_in_the_call(time):
    calls, told = [], []
    extra = {"flags": ["prompt-truncated", 7], "notes": ["Cut."], "other": 1}
    script = Script(time, [Chunk(done=True, vectors=((1.0,),), extra=extra)])
    metered(script, calls, tell=told.append).embed(Prompt(model="m", operation="embed", inputs=("a",)))
    assert ([call.flags for call in calls], told) == ([("prompt-truncated",)], ["Cut."])


# Exactly one Call


def test_stream_that_never_began_leaves_a_call_when_it_is_closed(time):
    calls, script = [], Script(time, [LAST])
    stream = metered(script, calls).stream(PROMPT)
    stream.close()
    with pytest.raises(Cancelled):
        next(stream)
    assert ([call.outcome for call in calls], script.asked) == (["cancelled"], 0)


def test_stream_that_is_forgotten_is_closed(time):
    calls, script = [], Script(time, [Chunk(text="a"), LAST])
    stream = metered(script, calls).stream(PROMPT)
    next(stream)
    del stream
    assert ([call.outcome for call in calls], script.streams[0].closed) == (["cancelled"], 1)


def test_piece_that_comes_after_the_close_is_not_given(time):
    calls = []
    holder = []

    def leave():
        holder[0].close()

    script = Script(time, [Chunk(text="a"), leave, Chunk(text="b"), LAST])
    stream = metered(script, calls).stream(PROMPT)
    holder.append(stream)
    next(stream)
    with pytest.raises(Cancelled):
        next(stream)
    assert [call.outcome for call in calls] == ["cancelled"]


def test_many_threads_that_close_leave_one_call(time):
    for _ in range(50):
        calls, start = [], threading.Barrier(4)
        stream = metered(Script(time, [Chunk(text="a"), LAST]), calls).stream(PROMPT)
        next(stream)

        def close(stream=stream, start=start):
            start.wait()
            stream.close()

        threads = [threading.Thread(target=close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(calls) == 1


def test_closing_the_engine_closes_its_streams(time):
    calls, script = [], Script(time, [Chunk(text="a"), LAST])
    with metered(script, calls) as engine:
        stream = engine.stream(PROMPT)
        next(stream)
    assert ([call.outcome for call in calls], script.closed) == (["cancelled"], True)


def test_embedding_is_measured_too(time):
    calls = []
    script = Script(time, [1.5, Chunk(done=True, vectors=((1.0,),), tokens_in=4)])
    assert metered(script, calls).embed(Prompt(model="m", operation="embed", inputs=("a",))).vectors == ((1.0,),)
    (call,) = calls
    assert (call.outcome, call.end_s, call.tokens_in, call.stream) == ("ok", 1.5, 4, False)
    script.answers.append([ValueError("bug")])
    with pytest.raises(ValueError, match="bug"):
        metered(script, calls).embed(PROMPT)
    assert calls[1].outcome == "failed"


# What is tried again


AGAIN = Retrying(attempts=3, wait_s=0.001, longest_s=0.01, budget=1.0)


def test_refusal_before_the_first_piece_is_tried_again(time):
    told = []
    script = Script(time, [refused()], [refused(ConnectionCut)], [Chunk(text="a"), LAST])
    chunks, error, (call,) = read(script, AGAIN, tell=told.append)
    assert (len(chunks), error, call.outcome, call.retries) == (2, None, "ok", 2)
    assert [stream.closed for stream in script.streams[:2]] == [1, 1]
    assert len(told) == 2


def test_attempts_come_to_an_end(time):
    script = Script(time, [refused()])
    _, error, (call,) = read(script, AGAIN)
    assert isinstance(error, EngineBusy)
    assert (script.asked, call.retries, call.outcome) == (3, 2, "engine-busy")


def test_what_cannot_pass_is_not_tried_again(time):
    script = Script(time, [refused(InferenceFailed)], [LAST])
    assert isinstance(read(script, AGAIN)[1], InferenceFailed)
    assert script.asked == 1


def test_nothing_is_tried_again_behind_the_first_piece(time):
    script = Script(time, [Chunk(text="a"), refused(ConnectionCut)], [LAST])
    assert isinstance(read(script, AGAIN)[1], ConnectionCut)
    assert script.asked == 1


def test_time_of_all_attempts_is_in_the_call(time):
    _, _, (call,) = read(Script(time, [4.0, refused()], [1.0, Chunk(text="a"), LAST]), AGAIN)
    assert call.first_chunk_s == 5.0


def test_server_that_asks_for_a_longer_wait_than_we_grant_is_not_asked_again(time):
    script = Script(time, [refused()], [LAST], trace=Trace(retry_after_s=60.0))
    assert isinstance(read(script, AGAIN)[1], EngineBusy)
    assert script.asked == 1


def test_close_ends_the_wait_for_another_attempt(time):
    calls = []
    stream = metered(Script(time, [refused()]), calls, Retrying(attempts=2, wait_s=30, longest_s=30)).stream(PROMPT)
    errors = []

    def reads():
        try:
            next(stream)
        except Trouble as trouble:
            errors.append(trouble)

    thread = threading.Thread(target=reads)
    thread.start()
    threading.Timer(0.03, stream.close).start()
    thread.join(5)
    assert [type(error) for error in errors] == [Cancelled]
    assert [call.outcome for call in calls] == ["cancelled"]


def test_embedding_is_tried_again(time):
    calls = []
    script = Script(time, [refused(StaleConnection)], [Chunk(done=True, vectors=((1.0,),))])
    assert metered(script, calls, AGAIN).embed(PROMPT).vectors
    assert [(call.outcome, call.retries) for call in calls] == [("ok", 1)]


def test_everything_else_goes_to_the_engine(time):
    script = Script(time, [LAST])
    engine = metered(script, [])
    engine.load("m", keep_alive=1, context=2)
    engine.unload("u")
    engine.copy("a", "b")
    engine.delete("d")
    assert (script.loads, script.unloads, script.copies, script.deletes) == (("m", 1, 2), "u", ("a", "b"), "d")
    assert (engine.models()[0].name, engine.loaded(), engine.show("x").template) == ("m", (), "x")
    assert [step.status for step in (*engine.pull(Order(model="p")), *engine.create(Order(model="c")))] == ["p", "c"]
    assert (engine.health().text, engine.capabilities("q").source) == ("fine", "q")
    assert (engine.name, engine.backend) == ("script", "here")
