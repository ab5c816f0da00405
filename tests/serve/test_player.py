"""Playing answers whose times are known: pieces of nothing, late pieces, ends."""

import json
import time

from ollascope.pipe import run
from ollascope.serve import Front
from ollascope.serve.fake import FakeModels
from ollascope.words.chunk import Chunk
from ollascope.words.errors import EngineCrashed
from tests.serve.fronts import ask, fronted, served

MESSAGES = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
END = Chunk(done=True, reason="stop", tokens_in=1, tokens_out=3)


class Turn:
    """One answer with pieces a tenth of a millisecond apart."""

    content_type = None
    headers = ((b"x-mine", b"yes"),)

    def __init__(self, pieces):
        self.pieces = pieces
        self.noted = []
        self.outcomes = []

    async def enter(self):
        pass

    def steps(self):
        began = time.monotonic_ns()
        return iter([(began + number * 100_000, piece) for number, piece in enumerate(self.pieces)])

    def note(self, due, at):
        self.noted.append((due, at))

    def leave(self, outcome):
        self.outcomes.append(outcome)


class Stage:
    """A source that plays one turn."""

    def __init__(self, *pieces):
        self.turn = Turn(pieces)

    def begin(self, _prompt, _label=""):
        return self.turn


def heard(stage, path, body):
    async def main():
        async with served() as (fake, _), fronted(Front(stage, FakeModels(fake))) as address:
            return await ask(address, "POST", path, body)

    return run(main())


def test_piece_of_nothing_does_not_end_the_answer():
    stage = Stage(Chunk(text="a"), Chunk(), Chunk(text="b"), END)
    answer = heard(stage, "/v1/messages", MESSAGES)
    assert b'"text":"a"' in answer.body
    assert b'"text":"b"' in answer.body
    assert b"message_stop" in answer.body
    assert stage.turn.outcomes[0] == "ok"


def test_more_pieces_than_are_made_ready_at_a_time_all_come_in_order():
    stage = Stage(*(Chunk(text=f" {number}") for number in range(200)), END)
    answer = heard(stage, "/api/generate", {"model": "m", "prompt": "x"})
    said = [json.loads(line)["response"] for line in answer.body.splitlines()]
    assert "".join(said).split() == [str(number) for number in range(200)]
    assert len(stage.turn.noted) == 201
    assert answer.headers["x-mine"] == "yes"


def test_whole_answer_is_sent_at_its_end():
    stage = Stage(*(Chunk(text="x") for _ in range(100)), END)
    answer = heard(stage, "/api/generate", {"model": "m", "prompt": "x", "stream": False})
    assert json.loads(answer.body)["response"] == "x" * 100


def test_trouble_among_the_pieces_ends_the_answer_in_its_place():
    stage = Stage(Chunk(text="a"), EngineCrashed("it broke", hint="x"), Chunk(text="b"), END)
    answer = heard(stage, "/api/generate", {"model": "m", "prompt": "x"})
    first, last = map(json.loads, answer.body.splitlines())
    assert (first["response"], last) == ("a", {"error": "it broke"})
    assert stage.turn.outcomes[0] == "engine-crashed"


def test_bytes_among_the_pieces_are_sent_as_they_are():
    answer = heard(Stage(Chunk(text="a"), b"\x00garbage", END), "/api/generate", {"model": "m", "prompt": "x"})
    assert b"\x00garbage" in answer.body
