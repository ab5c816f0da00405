"""Opening a model: bad files and bad wishes for it are named, what is loaded tells of itself, nothing stays behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ollascope.serve.llamacpp.slots.native.library import library
from ollascope.serve.llamacpp.slots.opening import check_load, open_model
from ollascope.serve.llamacpp.wish import Load
from ollascope.words.errors import BadSettings, LoadFailed, OutOfMemory
from tests.serve.llamacpp.slots.asking import ask, start

ROOT = Path(__file__).parents[4]
ONE = Load(context=512, slots=1, threads=1)


def test_missing_file_is_named(llama, tmp_path):
    with pytest.raises(LoadFailed, match=r"no file .*gone\.gguf"):
        open_model(tmp_path / "gone.gguf", ONE)


@pytest.mark.parametrize("data", [b"", b"GGUF", b"no model at all" * 100, b"GGUF" + b"\xff" * 200], ids=len)
def test_file_that_is_no_model_is_told_in_llama_cpp_s_own_words(llama, tmp_path, capfd, data):
    path = tmp_path / "broken.gguf"
    path.write_bytes(data)
    with pytest.raises(LoadFailed, match="gguf") as caught:
        open_model(path, ONE)
    assert "no reason" not in caught.value.message
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("share", [0.2, 0.9, 0.999])
def test_truncated_model_is_refused(scripted, tmp_path, share):
    data = scripted.read_bytes()
    path = tmp_path / "short.gguf"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(LoadFailed):
        open_model(path, ONE)


def test_version_from_the_future_is_refused(scripted, tmp_path):
    data = bytearray(scripted.read_bytes())
    data[4:8] = (99).to_bytes(4, "little")
    path = tmp_path / "new.gguf"
    path.write_bytes(data)
    with pytest.raises(LoadFailed, match="version"):
        open_model(path, ONE)


def test_architecture_that_nobody_knows_is_refused(scripted, tmp_path):
    path = tmp_path / "alien.gguf"
    path.write_bytes(scripted.read_bytes().replace(b"qwen3", b"qwen9"))
    with pytest.raises(LoadFailed, match="qwen9"):
        open_model(path, ONE)


def test_adapter_that_is_none_is_refused(scripted):
    with pytest.raises(LoadFailed, match=r"adapter scripted\.gguf"):
        open_model(scripted, Load(context=512, slots=1, threads=1, lora=scripted))


def test_missing_adapter_is_named(scripted, tmp_path):
    with pytest.raises(LoadFailed, match="no file"):
        open_model(scripted, Load(context=512, lora=tmp_path / "gone.gguf"))


def test_context_larger_than_memory_is_refused_before_the_machine_swaps(scripted):
    with pytest.raises(OutOfMemory, match="MB are free") as caught:
        open_model(scripted, Load(context=4096, slots=4, threads=1), free=lambda: 1_000_000)
    assert "smaller context" in caught.value.hint


@pytest.mark.parametrize(
    ("load", "complaint"),
    [
        (Load(slots=0), "slots"),
        (Load(slots=257), "slots"),
        (Load(context=0), "context"),
        (Load(batch=0), "batch"),
        (Load(threads=-1), "threads"),
        (Load(cache_v="q8_0", flash_attention=False), "flash attention"),
    ],
    ids=str,
)
def test_load_that_makes_no_sense_is_refused(load, complaint):
    with pytest.raises(BadSettings, match=complaint):
        check_load(load)


@pytest.mark.parametrize("cache", ["f16", "q8_0", "q4_0"])
def test_quantised_cache_answers(scripted, opened, cache):
    model = opened(scripted, cache_k=cache, cache_v=cache)
    assert ask(model, "Hi").data == b"Hello! I say what my script says."


def test_guard_and_no_flash_attention_answer_the_same(scripted, opened):
    assert ask(opened(scripted, guard=True, flash_attention=False), "Hi<|json|>").data.startswith(b'{"answer": 42')


def test_loaded_model_tells_of_itself(scripted, opened):
    facts = opened(scripted, slots=3).facts()
    assert facts["name"] == "scripted"
    assert facts["trained_context"] == 4096
    assert facts["threads"] == 1
    assert facts["parameters"] > 1_000_000
    assert "AVX2" in facts["features"] or facts["features"]


def test_vocabulary_speaks_both_ways(scripted, opened):
    model = opened(scripted)
    text = "你好 <|im_end|> 👋"
    plain = model.tokens(text, special=False)
    assert b"".join(model.data(token) for token in plain).decode() == text
    assert model.id_of("<|im_end|>") in model.tokens(text)
    assert model.id_of("<|im_end|>") not in plain
    assert model.data(model.id_of("<|im_end|>")) == b""
    assert model.data(model.id_of("<|im_end|>"), special=True) == b"<|im_end|>"
    assert model.id_of("Hello there") is None
    assert model.data(10**9) == b""
    assert (model.bos, model.eos) == ("<|endoftext|>", "<|im_end|>")
    assert "im_start" in model.template


def test_threads_are_chosen_where_none_are_given(untrained, opened):
    model = opened(untrained, threads=0, slots=4)
    assert model.facts()["threads"] >= 1
    assert ask(model, "ab", most=3).end.tokens_out == 3


def test_two_loads_at_once_keep_their_words_apart(scripted, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    model = open_model(scripted, ONE)
    with pytest.raises(LoadFailed, match="broken"):
        open_model(broken, ONE)
    assert ask(model, "Hi").end.reason == "stop"
    model.close()


def test_closed_model_refuses_and_closes_twice(scripted, opened):
    model = opened(scripted)
    model.close()
    model.close()
    for use in (lambda: model.tokens("Hi"), lambda: start(model, [5])):
        with pytest.raises(Exception, match="unloaded"):
            use()
    assert (model.bos, model.waiting()) == ("<|endoftext|>", 0)


def test_features_of_the_build_are_read(llama):
    assert all(isinstance(used, bool) for used in library().features().values())
    assert library().version()


CYCLES = """
import sys
from pathlib import Path
import psutil
from ollascope.serve.llamacpp.slots.opening import open_model
from ollascope.serve.llamacpp.wish import Load
from tests.serve.llamacpp.slots.asking import ask
process = psutil.Process()
for round in range(2):
    for _ in range(60):
        model = open_model(Path(sys.argv[1]), Load(context=1024, slots=4, threads=1))
        assert ask(model, "ab", most=3).end.tokens_out == 3
        model.close()
    print(process.memory_info().rss, process.num_threads(), process.num_fds())
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_sixty_loads_and_unloads_leave_nothing_behind(untrained):
    alone = os.environ | {"MALLOC_ARENA_MAX": "1", "PYTHONPATH": str(ROOT)}  # heaps by thread would hide a leak
    told = subprocess.run(
        [sys.executable, "-c", CYCLES, untrained], env=alone, capture_output=True, text=True, timeout=280, check=False
    )
    assert told.stderr == ""
    before, after = ([int(word) for word in line.split()] for line in told.stdout.splitlines())
    assert after[0] - before[0] < 4_000_000
    assert after[1] <= before[1] + 1  # the last thread may not be quite gone
    assert after[2] == before[2]
