"""Models as rows and facts: what is not known shows as such."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.models import Model
from ollascope.engines.engine import Capabilities
from ollascope.engines.ollama.state import Loaded
from ollascope.engines.shown.lists import facts_of, listed, memory_facts, memory_rows, rows_of, span_text


def test_nothing_known_is_no_zero():
    one = listed(Model(name="m"))
    assert rows_of([one]) == [("m", "-", "-", "-", "-", "-", "")]
    assert facts_of(one)["size_bytes"] is None


def test_list_of_a_recent_ollama_tells_it_all():
    details = {"parameter_size": "751.63M", "quantization_level": "Q4_K_M", "context_length": 40960}
    one = listed(Model(name="qwen3:0.6b", size=523 << 20, details=details, capabilities=("completion", "tools")))
    assert rows_of([one]) == [("qwen3:0.6b", "523 MiB", "751.63M", "Q4_K_M", "40960", "completion, tools", "")]


def test_what_the_list_leaves_out_is_taken_from_what_was_asked():
    able = Capabilities(operations=frozenset({"chat", "embed"}), tools=True, thinking=False, context_length=2048)
    one = listed(Model(name="m", details={"quantization_level": "unknown"}), able)
    assert (one.context, one.can, one.quantisation) == (2048, ("completion", "embedding", "tools"), None)
    unknown = Capabilities(operations=frozenset({"chat", "generate", "embed"}))
    assert listed(Model(name="m"), unknown).can == ()


def test_context_of_servers_of_the_openai_api():
    assert listed(Model(name="m", extra={"meta": {"n_ctx_train": 4096}})).context == 4096
    assert listed(Model(name="m", extra={"max_model_len": 8192})).context == 8192
    assert listed(Model(name="m", extra={"max_model_len": True, "meta": [1]})).context is None


def test_model_that_another_host_runs_says_where():
    one = listed(Model(name="far", extra={"remote_host": "https://ollama.com:443"}))
    assert rows_of([one])[0][-1] == "https://ollama.com:443"


def test_name_cannot_steer_the_terminal():
    cells = rows_of([listed(Model(name="a\x1b[2Jb\nc"))])[0]
    assert "".join(cells).isprintable()


def test_memory_tells_place_context_time_and_slots():
    half = Loaded(name="m", size_bytes=8 << 30, gpu_ratio=0.62, context=4096, expires_s=251.0, parallel=4, details={})
    assert memory_rows([half]) == [("m", "8.0 GiB", "62% GPU, 38% CPU", "4096", "4 min", "4")]
    assert memory_rows([Loaded(name="m", details={})]) == [("m", "-", "-", "-", "-", "-")]
    stays = memory_facts(Loaded(name="m", expires_s=math.inf, details={}))
    assert (stays["expires_s"], stays["stays"]) == (None, True)
    assert memory_rows([Loaded(name="m", expires_s=math.inf, details={})])[0][4] == "always"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0.2, "0 s"), (59.4, "59 s"), (60, "1 min"), (251, "4 min"), (3599, "1 h"), (4320, "1 h 12 min"),
     (86_400, "24 h"), (260_000, "3 d")],
)  # fmt: skip
def test_time_as_people_say_it(seconds, text):
    assert span_text(seconds) == text


@given(st.floats(min_value=0, max_value=1e9))
def test_time_is_short_to_read(seconds):
    assert len(span_text(seconds)) <= 12
