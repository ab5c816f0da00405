"""What is in memory is told rightly: where it lies, how long, with which context, for how many at once."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.models import Model, read_models
from ollascope.engines.ollama.state import instant_of, read_launch, read_state, still_loaded
from ollascope.host.processes import Known
from tests.contracts.transcripts import named

NOW = 1_795_226_161.0  # 2026-11-21T01:56:01Z
COMMAND = (
    "/usr/lib/ollama/llama-server --model /models/blobs/sha256-fffe --port 33421 --host 127.0.0.1 --no-webui "
    "--offline -c {context} -np {parallel} --log-verbosity 4 --flash-attn auto -b 512 -ub 512 --context-shift --keep 4"
)


def runner(context: int, parallel: int) -> Known:
    command = COMMAND.format(context=context, parallel=parallel)
    return Known(pid=7, role="runner", started=1, command=tuple(command.split()))


def model(**fields) -> Model:
    return Model(name="m", **{"size": 1000, "size_vram": 0, "context_length": 2048, **fields})


@pytest.mark.parametrize(("size", "vram", "place"), [
    (1000, 1000, "100% GPU"), (1000, 0, "100% CPU"), (1000, 620, "62% GPU, 38% CPU"), (1000, 1, "1% GPU, 99% CPU"),
    (1000, 999, "99% GPU, 1% CPU"), (1000, 2000, "100% GPU"), (0, 0, "unknown"), (None, None, "unknown"),
])  # fmt: skip
def test_place_is_told_in_shares(size, vram, place):
    (found,) = read_state([model(size=size, size_vram=vram)], NOW)
    assert found.place == place


def test_recorded_state_is_read():
    slow, vectors = read_state(read_models(named("ollama-0.32.15", "ps-loaded").answer.body), NOW)
    assert (slow.name, slow.context, slow.place) == ("slow:latest", 2048, "100% CPU")
    assert slow.expires_s == pytest.approx(300.43, abs=0.01)
    assert vectors.context == 4096


def test_model_that_stays_for_ever_says_so():
    models = read_models(named("ollama-0.32.15", "ps-keep-alive-forever").answer.body)
    assert read_state(models, NOW)[0].expires_s == math.inf


def test_slots_stand_in_the_command_line_of_the_runner():
    (found,) = read_state([model()], NOW, [runner(8192, 4)])
    assert found.parallel == 4


def test_runner_of_a_model_is_the_one_with_its_context():
    first, second = read_state([model(), model(context_length=4096)], NOW, [runner(8192, 4), runner(4096, 1)])
    assert (first.parallel, second.parallel) == (4, 1)


def test_runners_that_disagree_tell_nothing():
    (found,) = read_state([model(context_length=None)], NOW, [runner(8192, 4), runner(4096, 1)])
    assert found.parallel is None


def test_older_runner_does_not_tell_its_slots():
    command = ("/usr/bin/ollama", "runner", "--model", "/models/x", "--port", "1")
    assert read_launch(Known(pid=7, role="runner", started=1, command=command)) is None
    assert read_state([model()], NOW)[0].parallel is None


def test_command_lines_of_the_recorded_log_are_read():
    assert read_launch(runner(4096, 1)).context == 4096
    assert read_launch(Known(pid=7, role="server", started=1, command=("llama-server", "-np", "4"))) is None


@pytest.mark.parametrize(("text", "at"), [
    ("2026-11-21T01:56:01Z", NOW), ("2026-11-21T01:56:01.5Z", NOW + 0.5), ("2026-11-21T01:56:01", NOW),
    ("2026-11-21T02:56:01.123456789+01:00", NOW + 0.123456), ("0001-01-01T00:00:00Z", None), ("", None),
    (None, None), ("soon", None),
])  # fmt: skip
def test_instant_is_read(text, at):
    assert instant_of(text) == (None if at is None else pytest.approx(at))


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_none(text):
    found = instant_of(text)
    assert found is None or found >= 0


def test_model_whose_time_is_over_by_the_servers_clock_is_not_loaded():
    date = "Sat, 21 Nov 2026 01:56:01 GMT"
    assert not still_loaded(model(expires_at="2026-11-21T01:56:00Z"), date)
    assert still_loaded(model(expires_at="2026-11-21T01:57:00Z"), date)
    assert still_loaded(model(expires_at="2026-11-21T01:56:00Z"), None)
    assert still_loaded(model(expires_at="2026-11-21T01:56:00Z"), "yesterday")
    assert still_loaded(model(), date)


def test_details_are_kept():
    body = json.dumps({"models": [{"name": "m", "details": {"quantization_level": "Q4_K_M"}}]}).encode()
    assert read_state(read_models(body), NOW)[0].details == {"quantization_level": "Q4_K_M"}
