"""The desk: what came is read in time and in small parts, and each flight leaves one Call."""

import asyncio

import pytest

from ollascope.bench.asked import Target
from ollascope.bench.client.calls import Subject
from ollascope.bench.client.desk import FOLD, Desk
from ollascope.bench.client.flight import HEAP, Flight, Shot
from ollascope.bench.client.journal import Journal
from ollascope.pipe import AnswerHead, Headers, run
from ollascope.words.errors import ConnectionCut, StaleConnection
from tests.bench.client.runs import LOOP, calls, gaps

LINE = b'{"model":"slow","created_at":"t","message":{"role":"assistant","content":"a"},"done":false}\n'
LAST = b'{"model":"slow","created_at":"t","message":{"role":"assistant","content":""},"done":true,"eval_count":9}\n'
MS = 1_000_000
SENT = 1000 * MS


class Stage:
    """A desk with flights that are played by hand."""

    def __init__(self, folder):
        subject = Subject(run="r", target=Target(url="http://x", model="slow"), engine="ollama", backend="http://x")
        self.journal = Journal(folder, 0)
        self.desk = Desk(subject, ("ollama", "chat"), self.journal, talks=False)
        self.landed = []

    def fly(self, number=0, *, kind=b"application/x-ndjson", status=200, **more):
        flight = Flight(Shot(number, 0, **more), LOOP, self.desk, self.landed.append)
        flight.id, flight.at_wall, flight.sent_ns = f"c{number}", 1.0, SENT
        self.desk.begin(flight)
        headers = Headers([(b"content-type", kind)])
        flight.on_head(AnswerHead(status, b"", 1, headers, -1, True, None, None), SENT)
        return flight

    def finish(self):
        self.desk.finish()
        self.journal.close()


@pytest.fixture
def staged(tmp_path):
    """Runs what happens on a stage inside a loop, and gives the Calls that it left."""

    def play(script):
        async def there():
            stage = Stage(tmp_path)
            await script(stage)
            stage.finish()
            return stage

        stage = run(there())
        return stage, calls(tmp_path)

    return play


def test_garbage_is_noticed_long_before_the_answer_ends(staged):
    async def script(stage):
        flight = stage.fly()
        flight.on_piece(b"<html>\n", SENT + MS)
        await asyncio.sleep(0.05)
        assert flight.done
        assert stage.landed == [flight]

    _, [call] = staged(script)
    assert (call.outcome, call.end_s) == ("answer-malformed", pytest.approx(0.001))


def test_failure_after_good_pieces_keeps_their_times(staged):
    async def script(stage):
        flight = stage.fly()
        for number in range(5):
            flight.on_piece(LINE, SENT + number * MS)
        flight.on_failed(ConnectionCut("cut", hint=""))

    _, [call] = staged(script)
    assert (call.outcome, call.first_chunk_s, call.tokens_out) == ("connection-cut", 0.0, None)
    assert sum(count for _, count in call.gaps) == 4


def test_stale_connection_is_no_failure(staged):
    async def script(stage):
        again = []
        stage.desk.resend = again.append
        flight = stage.fly()
        flight.on_failed(StaleConnection("stale", hint=""))
        assert again == [flight]
        flight.on_piece(LAST, SENT + MS)
        flight.on_end(SENT + MS)

    stage, [call] = staged(script)
    assert (call.outcome, call.retries) == ("ok", 1)
    assert stage.desk.counts.sent == 1


def test_long_answer_is_folded_and_loses_nothing(staged, tmp_path):
    pieces = 2 * FOLD + 100

    async def script(stage):
        flight = stage.fly()
        for number in range(pieces):
            flight.on_piece(LINE, SENT + number * MS)
            if number % HEAP == 0:
                stage.desk.finish()
                assert len(flight.pieces) <= HEAP
                assert flight.heard is None or len(flight.heard.stamps) < FOLD + HEAP
        assert stage.desk.counts.tokens > 2 * FOLD
        flight.on_piece(LAST, SENT + pieces * MS)
        flight.on_end(SENT + pieces * MS)

    stage, [call] = staged(script)
    assert sum(count for _, count in call.gaps) == pieces - 1 == len(gaps(tmp_path))
    assert call.end_s == pytest.approx(pieces / 1000)
    assert stage.desk.counts.tokens == 9


def test_long_pieces_are_read_before_there_are_many(staged):
    async def script(stage):
        flight = stage.fly()
        for number in range(3):
            flight.on_piece(b'{"model":"slow","created_at":"t","response":"' + b"x" * 20_000, SENT + number * MS)
        await asyncio.sleep(0.05)
        assert flight.pieces == []
        stage.desk.cut(flight)

    staged(script)


def test_refusal_is_named_by_its_words_and_bounded(staged):
    async def script(stage):
        flight = stage.fly(status=503, kind=b"application/json")
        flight.on_piece(b'{"error":"server busy, please try again"}', SENT + MS)
        flight.on_end(SENT + MS)
        large = stage.fly(1, status=500, kind=b"text/html")
        for _ in range(100):
            large.on_piece(b"<html>" * 10_000, SENT + MS)
            stage.desk.finish()
        assert len(large.body) == 1 << 20
        large.on_end(SENT + MS)

    _, found = staged(script)
    assert [(call.outcome, call.status) for call in found] == [("engine-busy", 503), ("inference-failed", 500)]


def test_answer_that_was_whole_when_it_was_cut_is_ok(staged):
    async def script(stage):
        whole, half = stage.fly(0), stage.fly(1)
        whole.on_piece(LINE + LAST, SENT + MS)
        half.on_piece(LINE, SENT + MS)
        for flight in (whole, half):
            stage.desk.cut(flight)
            stage.desk.cut(flight)

    stage, found = staged(script)
    assert [call.outcome for call in found] == ["ok", "cancelled"]
    assert stage.desk.counts.in_flight == 0
    assert len(stage.landed) == 2


def test_gaps_of_what_does_not_count_are_only_in_its_call(staged, tmp_path):
    async def script(stage):
        for number, phase in enumerate((None, "warm-up", "cool-down")):
            flight = stage.fly(number, phase=phase)
            flight.on_piece(LINE, SENT)
            flight.on_piece(LINE + LAST, SENT + 5 * MS)
            flight.on_end(SENT + 5 * MS)

    _, found = staged(script)
    assert [len(call.gaps) for call in found] == [1, 1, 1]
    assert list(gaps(tmp_path)) == [pytest.approx(0.005)]


def test_reading_many_flights_lets_the_loop_go_on(staged):
    async def script(stage):
        for number in range(400):
            flight = stage.fly(number)
            for place in range(HEAP - 1):
                flight.on_piece(LINE, SENT + place)
            flight.on_piece(LAST, SENT + 99)
            flight.on_end(SENT + 99)
        turns = 0
        while stage.desk.waiting:
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10

    _, found = staged(script)
    assert len(found) == 400
