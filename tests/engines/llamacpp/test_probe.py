"""The probe: a crashing, hanging or wrong build is found out, guarded where that helps, and remembered."""

import sys
import time
from pathlib import Path

import pytest

from ollascope.checks.machine.engine import exam
from ollascope.engines.llamacpp.installed import Installed, find_installed
from ollascope.engines.llamacpp.probe import Exam, Verdict, mark_of, probe, recall
from ollascope.words.errors import LoadFailed, PackageMissing, StorageTrouble

HERE = Installed(version="1", folder="/nowhere/llama_cpp", mark="m")
CRASH = "os.kill(os.getpid(), signal.SIGSEGV)"
SAY = "print(json.dumps({'text': 'right'}))"
START = "import json, os, signal, sys, time; order = json.load(sys.stdin); "
EXAM = Exam(write=lambda path: path.write_bytes(b"GGUF"), prompt="p", answer="right")


def program(code):
    return (sys.executable, "-c", START + code)


def judged(code, memory=None, *, here=HERE, limit_s=20.0):
    return probe(EXAM, memory, here=here, limit_s=limit_s, program=program(code))


def counting(folder, code):
    return f"open({str(folder / 'runs')!r}, 'a').write('x'); {code}"


def runs(folder):
    path = folder / "runs"
    return len(path.read_text()) if path.exists() else 0


def test_build_that_always_crashes_is_broken():
    verdict = judged(CRASH)
    assert (verdict.state, verdict.guard, verdict.reason) == ("broken", False, "ended by SIGSEGV")
    with pytest.raises(LoadFailed, match="ended by SIGSEGV") as told:
        verdict.insist()
    assert "ollascope engine build --fresh" in told.value.hint


def test_build_that_crashes_without_the_guard_is_guarded():
    verdict = judged(f"order['guard'] or {CRASH}; {SAY}")
    assert (verdict.state, verdict.guard, verdict.reason) == ("guarded", True, "ended by SIGSEGV")
    verdict.insist()


def test_wrong_answer_is_found_out():
    verdict = judged("print(json.dumps({'text': 'wrong'}))")
    assert verdict.state == "broken"
    assert verdict.reason == "said 'wrong' instead of 'right'"


def test_answer_that_is_wrong_without_the_guard_only_is_guarded():
    assert judged("print(json.dumps({'text': 'right' if order['guard'] else 'no'}))").guard


def test_build_that_hangs_is_ended_and_not_held_against_it_for_ever(tmp_path):
    memory = tmp_path / "probe.json"
    assert judged("time.sleep(60)", memory, limit_s=0.2).reason == "no answer within 0.2 s"
    assert not memory.exists()
    assert judged(SAY, memory).state == "right"


def test_right_build_is_examined_once(tmp_path):
    memory = tmp_path / "data" / "probe.json"
    first = judged(counting(tmp_path, SAY), memory)
    assert (first.state, first.guard, first.reason) == ("right", False, "")
    assert judged(counting(tmp_path, SAY), memory) == first
    assert runs(tmp_path) == 1
    assert memory.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", ["version", "folder", "mark"])
def test_other_build_is_examined_again(tmp_path, change):
    memory = tmp_path / "probe.json"
    judged(counting(tmp_path, SAY), memory)
    facts = {"version": "1", "folder": "/nowhere/llama_cpp", "mark": "m"} | {change: "another"}
    judged(counting(tmp_path, SAY), memory, here=Installed(**facts))
    assert runs(tmp_path) == 2


def test_other_processor_is_examined_again(tmp_path):
    memory = tmp_path / "probe.json"
    judged(SAY, memory)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("model name : another\n", encoding="utf-8")
    assert recall(memory, HERE) is not None
    assert recall(memory, HERE, root=tmp_path) is None


def test_clock_of_the_processor_does_not_matter(tmp_path):
    for place, clock in (("a", 800), ("b", 3200)):
        (tmp_path / place / "proc").mkdir(parents=True)
        text = f"model name : one\ncpu MHz : {clock}\nflags : avx2\n\nmodel name : one\n"
        (tmp_path / place / "proc/cpuinfo").write_text(text, encoding="utf-8")
    assert mark_of(HERE, tmp_path / "a") == mark_of(HERE, tmp_path / "b")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "right"}', '{"state": "fine", "mark": "m"}', "\xff\x00"])
def test_memory_that_cannot_be_read_is_no_memory(tmp_path, text):
    memory = tmp_path / "probe.json"
    memory.write_text(text, encoding="latin-1")
    assert judged(SAY, memory).state == "right"
    assert recall(memory, HERE) is not None


def test_memory_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageTrouble):
        judged(SAY, tmp_path / "file" / "probe.json")


def test_nothing_of_the_exam_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    judged(CRASH)
    assert list(tmp_path.iterdir()) == []


def test_verdict_survives_as_json():
    verdict = Verdict(state="guarded", reason="r", mark="m", took_s=1.0)
    assert verdict.guard
    assert not Verdict(state="right", reason="", mark="m", took_s=1.0).guard


def test_missing_build_is_told_with_the_command(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(PackageMissing) as told:
        probe(EXAM)
    assert "ollascope engine build" in told.value.hint


@pytest.mark.skipif(find_installed() is None, reason="llama-cpp-python is not installed")
def test_build_that_is_installed_computes_right_with_and_without_the_guard(tmp_path):
    began = time.monotonic()
    assert probe(exam(), tmp_path / "probe.json").state in {"right", "guarded"}
    first = time.monotonic() - began
    began = time.monotonic()
    probe(exam(), tmp_path / "probe.json")
    assert time.monotonic() - began < max(0.2, first)


@pytest.mark.skipif(find_installed() is None, reason="llama-cpp-python is not installed")
@pytest.mark.parametrize("bad", ["missing", "corrupt"])
def test_model_that_cannot_be_loaded_is_no_right_answer(bad):
    def write(path: Path) -> None:
        if bad == "corrupt":
            path.write_bytes(b"GGUF" + bytes(100))

    verdict = probe(Exam(write=write, prompt="p", answer="right"))
    assert (verdict.state, verdict.reason) == ("broken", "the model could not be loaded")
