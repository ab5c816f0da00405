"""What the tests of the monitor share: a data folder, Calls and Samples in its ledger, the command line."""

import json
import os
import time
from itertools import count

import pytest

from ollascope import cli
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.words.call import Call
from ollascope.words.sample import Gpu, Sample

ORIGIN = Origin(writer="test", host="machine", boot="b00t1234-5678", pid=7)
NOON = 1_763_726_400.0  # 2025-11-21T12:00:00Z
DAY = "2025-11-21"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("OLLASCOPE", "OLLAMA"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def ledger(data):
    return data / "ledger"


@pytest.fixture
def make_call():
    """Calls of one noon with ids of their own; whatever is said overrides."""
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
def make_sample():
    def make(at, **said):
        facts = {"cpu_ratio": 0.5, "memory_available_bytes": 1 << 30, "memory_total_bytes": 4 << 30}
        return Sample(at=at, **{**facts, **said})

    return make


@pytest.fixture
def gpu():
    return Gpu(index=0, name="A card", used_ratio=0.75, memory_used_bytes=2 << 30, power_watts=90.0)


@pytest.fixture
def write(ledger):
    """Put records into the ledger as one process would."""

    def writing(*records):
        with Writer(ledger, Ledger(), ORIGIN) as writer:
            for record in records:
                writer.sample(record) if isinstance(record, Sample) else writer.call(record)

    return writing


@pytest.fixture
def say(data, capsys):
    """Run `ollascope …`: exit code, standard output, standard error."""

    def run(*words):
        capsys.readouterr()
        code = cli.run(["--data", str(data), *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def facts(say):
    """The JSON of a command that ends well."""

    def run(*words):
        code, out, err = say(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


@pytest.fixture
def now():
    return time.time()
