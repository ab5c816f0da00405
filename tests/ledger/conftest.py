"""What the tests of the ledger share: a folder, Calls to put into it, and a writer that puts them there."""

from itertools import count

import pytest

from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.words.call import Call

NOON = 1_763_726_400.0  # 2025-11-21T12:00:00Z
ORIGIN = Origin(writer="test", host="machine", boot="b00t1234-5678", pid=7)


@pytest.fixture
def noon():
    return NOON


@pytest.fixture
def origin():
    return ORIGIN


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger"


@pytest.fixture
def make_call():
    """Calls with ids of their own; whatever is said overrides."""
    numbers = count()

    def make(**said):
        number = next(numbers)
        facts = {
            "id": f"call-{number:06}", "sent_at": NOON + number, "source": "gateway", "outcome": "ok", "model": "m:1b",
            "first_chunk_s": 0.1 + number % 7 / 100, "end_s": 1.0 + number % 5 / 10, "tokens_in": 10, "tokens_out": 20,
        }  # fmt: skip
        return Call(**{**facts, **said})

    return make


@pytest.fixture
def write(ledger):
    """Write records into the ledger as one process would, and end it."""

    def writing(*records, folder=None, **settings):
        with Writer(folder or ledger, Ledger(**settings), ORIGIN) as writer:
            for record in records:
                writer._take(record)
        return writer

    return writing
