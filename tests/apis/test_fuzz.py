"""Thousands of broken answers and requests: each is a value or a named error, and no cut of it changes which."""

import json
import random

import pytest

from ollascope.apis.formats import answer_reader
from ollascope.apis.routes import find
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Message, Prompt
from tests.apis.test_formats import TYPED, USAGE, named_only, round_trip, written
from tests.apis.test_transcripts import ANSWERS, read, reader_of
from tests.apis.transcripts import objects

SMALL = [one for one in ANSWERS if 0 < len(one.body) < 20_000]
TAKEN = [one for one in TYPED if one.status == 200 and one.name != "error-not-utf8"]
JUNK = (
    *(None, True, False, 0, -1, 1.5, -0.0, 2**63, 10**30, 10**400, "", "x", "\ud800", "{}", "[DONE]"),
    *([], {}, [{}], [None], [[]], {"a": [1]}, {"type": "tool_use"}, {"function": {"name": "f"}}),
)
SNIPPETS = (b'"', b"{", b"[", b"}", b"]", b"\n", b"\n\n", b"null", b"1e999", b"\\ud800", b"data: ", b"\xff")
PROMPTS = [Prompt(model="m", messages=(Message(role="user"),), stream=stream, extra=USAGE) for stream in (True, False)]
WRITERS = (
    ("ollama", "chat"),
    ("ollama", "generate"),
    ("openai", "chat"),
    ("openai", "generate"),
    ("anthropic", "chat"),
)


@pytest.mark.parametrize("seed", range(4))
def test_broken_answers_and_requests_are_values_or_named_errors(seed):
    fuzz(random.Random(seed), rounds=300)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(100, 104))
def test_many_more_broken_answers_and_requests(seed):
    fuzz(random.Random(seed), rounds=10_000)


def fuzz(chance, rounds):
    for _ in range(rounds):
        one = chance.choice(SMALL)
        body = mutated(one.body, chance)
        cut = chance.randrange(len(body) + 1)
        assert read(reader_of(one), [body[:cut], body[cut:]]) == read(reader_of(one), [body])
        misread(one, chance)
        asked = chance.choice(TAKEN)
        route = find(asked.method, asked.path).route
        sent = json.loads(asked.request)
        named_only(round_trip, route.api, route.action, json.dumps(spoiled(sent, chance)).encode())
        named_only(round_trip, route.api, route.action, mutated(asked.request, chance))


def misread(one, chance):
    """An answer with wrong types in it, read; and whatever could be read of it, written in every format."""
    route = find(one.method, one.path).route
    values = [spoiled(value, chance) if chance.random() < 0.4 else value for value in objects(one.body)]
    events = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    read(answer_reader(route.api, route.action, "application/json"), [json.dumps(values[0]).encode()])
    chunks, _ = read(answer_reader(route.api, route.action, "text/event-stream"), [events])
    for api, action in WRITERS:
        for prompt in PROMPTS:
            assert written(api, action, prompt, [*chunks, Chunk(done=True)])[0]


def spoiled(value, chance):
    if isinstance(value, dict) and value and chance.random() < 0.75:
        key = chance.choice(sorted(value))
        rest = {name: item for name, item in value.items() if name != key}
        return rest if chance.random() < 0.1 else {**rest, key: spoiled(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.75:
        at = chance.randrange(len(value))
        return [*value[:at], spoiled(value[at], chance), *value[at + 1 :]]
    return chance.choice(JUNK)


def mutated(body, chance):
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(changed) + 1), chance.randint(0, 8)
        doubled = bytes(changed[at : at + length]) * 2
        changed[at : at + length] = chance.choice([chance.randbytes(length), doubled, chance.choice(SNIPPETS)])
    return bytes(changed)
