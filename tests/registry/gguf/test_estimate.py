"""The estimate of memory: near what llama.cpp really takes, larger with more of everything."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.registry.gguf.estimate import CACHE_KINDS, PROCESS, Plan, estimate, longest_context
from ollascope.registry.gguf.random import PRESETS, write_random
from ollascope.registry.gguf.read import read_header
from ollascope.words.errors import BadUsage

MB = 2**20
REAL = """
import json, sys, psutil, llama_cpp as C
path, context, slots = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
before = psutil.Process().memory_info().rss
C.llama_backend_init()
model = C.llama_model_load_from_file(path.encode(), C.llama_model_default_params())
wanted = C.llama_context_default_params()
wanted.n_ctx, wanted.n_seq_max, wanted.kv_unified, wanted.n_threads = context * slots, slots, False, 1
wanted.n_batch = wanted.n_ubatch = 512
live = C.llama_init_from_model(model, wanted)
tokens = (C.llama_token * 512)(*[5] * 512)
assert C.llama_decode(live, C.llama_batch_get_one(tokens, 512)) == 0
print(json.dumps({"before": before, "after": psutil.Process().memory_info().rss}))
"""


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "a.gguf"
    write_random(path, **PRESETS["2m"])
    return read_header(path)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [({"context": 0}, "at least 1"), ({"slots": -1}, "at least 1"), ({"keys": "q4_k"}, "cannot be kept"),
     ({"values": "q8_0", "flash": False}, "needs flash attention")],
)  # fmt: skip
def test_impossible_plan_is_refused(header, asked, complaint):
    with pytest.raises(BadUsage, match=complaint):
        estimate(header, Plan(**({"context": 512} | asked)))


def test_cache_is_counted_exactly(header):
    need = estimate(header, Plan(context=2048, slots=4))
    assert need.cache == 8 * MB  # as llama.cpp says: 4 layers, 2 heads of 32, keys and values, 2 bytes each
    assert need.weights == header.weight_bytes


def test_context_is_rounded_up_as_llama_cpp_does(header):
    caches = [estimate(header, Plan(context=context)).cache for context in (1, 256, 257)]
    assert caches[0] == caches[1] == caches[2] / 2 > 0


def test_quantised_cache_is_smaller(header):
    sizes = [estimate(header, Plan(context=2048, keys=kind, values=kind)).cache for kind in ("f16", "q8_0", "q4_0")]
    assert sizes[0] * 34 == sizes[1] * 64
    assert sizes[0] * 18 == sizes[2] * 64


PLANS = st.builds(
    Plan, context=st.integers(1, 100_000), slots=st.integers(1, 32), keys=st.sampled_from(CACHE_KINDS),
    values=st.sampled_from(CACHE_KINDS), batch=st.integers(1, 2048),
)  # fmt: skip


@given(plan=PLANS, more=st.integers(0, 100_000))
def test_more_context_never_needs_less(header, plan, more):
    longer = Plan(context=plan.context + more, slots=plan.slots, keys=plan.keys, values=plan.values, batch=plan.batch)
    assert estimate(header, longer).total >= estimate(header, plan).total


@given(plan=PLANS, room=st.integers(0, 2**34))
def test_longest_context_is_the_last_that_fits(header, plan, room):
    found = longest_context(header, plan, room)
    needs = [
        estimate(header, Plan(context=context, slots=plan.slots, keys=plan.keys, values=plan.values, batch=plan.batch))
        for context in (found, found + 1)
        if context > 0
    ]
    assert found == 0 or needs[0].total <= room
    assert found == plan.context or needs[-1].total > room


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "context", "slots"), [("tiny", 2048, 1), ("2m", 2048, 4), ("90m", 2048, 2)])
def test_estimate_is_near_what_llama_cpp_takes(tmp_path, load, preset, context, slots):
    path = tmp_path / "a.gguf"
    write_random(path, **PRESETS[preset])
    asked = [sys.executable, "-c", REAL, str(path), str(context), str(slots)]
    real = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True, timeout=50).stdout)
    need = estimate(read_header(path), Plan(context=context, slots=slots))
    assert need.model == pytest.approx(real["after"] - real["before"], rel=0.1, abs=16 * MB)
    assert real["before"] == pytest.approx(PROCESS, abs=24 * MB)
