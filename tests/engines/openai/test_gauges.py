"""Counters are read from what real servers print; gauges are not, and a restart makes no nonsense."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.openai.gauges import Counters, grown, parse_counters

RECORDED = Path(__file__).parents[2] / "fixtures" / "transcripts" / "llama-server"


def recorded(name):
    answer = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["response"]
    return "".join(text for _, text in answer["pieces"])


def test_recorded_counters_of_llama_server_are_read():
    before, after = parse_counters(recorded("metrics")), parse_counters(recorded("metrics-after"))
    assert before is not None
    assert after is not None
    assert before.server == "llamacpp"
    added = grown(before, after)
    assert added is not None
    assert added.answer_tokens is not None
    assert added.answer_tokens > 0
    assert added.prompt_tokens is not None
    assert added.prompt_tokens >= (added.cached_tokens or 0)


def test_vllm_counts_its_cached_tokens_among_the_prompt():
    page = """# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="m"} 100.0
vllm:prompt_tokens_total{engine="1",model_name="m{}"} 20.0
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 60.0
vllm:generation_tokens_total{engine="0",model_name="m"} 1e3
vllm:num_requests_running{engine="0",model_name="m"} 7.0
"""
    assert parse_counters(page) == Counters(
        server="vllm", prompt_tokens=120.0, cached_tokens=60.0, answer_tokens=1000.0
    )


def test_page_of_another_program_is_no_server():
    assert parse_counters("node_cpu_seconds_total 3\n") is None
    assert parse_counters("") is None


def test_restart_between_two_readings_gives_nothing():
    assert grown(Counters(server="vllm", answer_tokens=9.0), Counters(server="vllm", answer_tokens=2.0)) is None
    assert grown(Counters(server="vllm"), Counters(server="sglang")) is None


@given(st.text(max_size=300))
def test_any_text_is_read_or_left(text):
    parse_counters(text)
    parse_counters(f"vllm:prompt_tokens_total{text} 3")
