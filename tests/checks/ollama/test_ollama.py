"""The checks of Ollama: quick, quiet where there is none, and right about the one that is there."""

import time

import pytest

from ollascope.apis.models import Model
from ollascope.checks.finding import worst
from ollascope.checks.ollama import models, server, slots, version
from ollascope.checks.run import run_checks
from ollascope.engines.fake import Fake
from ollascope.engines.ollama.discovery import Found
from ollascope.engines.ollama.recommend import Suggestion
from ollascope.engines.ollama.slots import Slots, read_slots
from ollascope.engines.ollama.state import Loaded
from ollascope.words.errors import Trouble
from tests.contracts.fakes import fake_server
from tests.engines.ollama.stage import plain, staged

TABLE = {
    "ollama": "ollascope.checks.ollama.server:check_ollama",
    "ollama-version": "ollascope.checks.ollama.version:check_version",
    "ollama-models": "ollascope.checks.ollama.models:check_models",
    "ollama-slots": "ollascope.checks.ollama.slots:check_slots",
}
HERE = Found(url="http://127.0.0.1:11434", how="default", version="0.32.15", said=("it answers",))


def at(url: str) -> tuple[str, ...]:
    return (f"engines.ollama.url={url}",)


def of_version(text: str | None) -> Found:
    return Found(url="u", how="default", version=text)


def loaded(ratio: float | None) -> Loaded:
    return Loaded(name="m", gpu_ratio=ratio, details={})


def test_one_hint_is_enough_where_there_is_no_ollama(around):
    findings = run_checks(around(assignments=at("http://127.0.0.1:9")), TABLE)
    assert [finding.state for finding in findings] == ["problem", "unknown", "unknown", "unknown"]
    assert {finding.hint for finding in findings[1:]} == {"the check `ollama` says what to do"}
    assert "127.0.0.1:9" in findings[0].text
    assert findings[0].hint


def test_nothing_set_and_nothing_there_is_no_problem():
    finding = server.judge(Found(url="u", how="default", said=("nothing answers",), hint="install it"))
    assert (finding.state, finding.hint) == ("warning", "install it")


def test_another_engine_in_force_is_left_alone(around):
    findings = run_checks(around(assignments=("engines.use=fake",)), TABLE)
    assert {finding.state for finding in findings} == {"ok"}


def test_ollama_that_answers_is_described(around):
    with fake_server(Fake(ttft_s=0, gap_s=0)) as fake:
        findings = run_checks(around(assignments=at(fake.url)), TABLE)
    assert worst(findings[:3]) == "ok"
    assert findings[0].text.startswith(f"Ollama 0.32.15 answers at {fake.url}, as engines.ollama.url (flag")
    assert findings[1].text == "Ollama 0.32.15"
    assert findings[2].text.startswith("5 models, ")
    assert findings[2].text.endswith("none is in memory")


def test_server_that_hangs_holds_nobody_up(around):
    begun = time.monotonic()
    with staged(lambda _asked, stage: stage.hang(), version=None, ps=None, tags=None) as stage:
        findings = run_checks(around(assignments=at(stage.url)), TABLE)
    assert findings[0].state == "problem"
    assert time.monotonic() - begun < 20 * 2


def test_server_that_refuses_its_list_is_named(around):
    with staged(lambda _asked, _stage: [plain(b"", 403)], tags=None) as stage, pytest.raises(Trouble) as caught:
        models.check_models(around(assignments=at(stage.url)))
    assert caught.value.hint


@pytest.mark.parametrize(("text", "state"), [
    ("0.32.15", "ok"), ("0.33.0-rc2", "ok"), ("0.12.11", "ok"), ("0.12.10", "warning"), ("0.9.0", "warning"),
    ("0.5.4", "problem"), ("0.0.0", "unknown"), (None, "unknown"),
])  # fmt: skip
def test_version_is_judged(text, state):
    finding = version.judge(of_version(text))
    assert finding.state == state
    assert bool(finding.hint) == (state != "ok")


def test_no_model_is_told_with_one_that_fits():
    suggestion = Suggestion(model="qwen3:4b", download_bytes=1, needs_bytes=2, place="cpu", text="qwen3:4b fits")
    finding = models.judge([], [], suggestion)
    assert (finding.state, finding.hint) == ("warning", "ollascope models pull qwen3:4b")
    assert "qwen3:4b fits" in finding.text


def test_machine_for_which_nothing_fits_gets_the_smallest():
    assert models.judge([], []).hint == "ollascope models pull qwen3:0.6b"


def test_empty_server_gets_a_suggestion_for_this_machine(around):
    with staged(lambda _asked, _stage: []) as stage:
        finding = models.check_models(around(assignments=at(stage.url)))
    assert finding.state == "warning"
    assert finding.hint.startswith("ollascope models pull qwen3:")


@pytest.mark.parametrize(("ratio", "state"), [(1.0, "ok"), (0.0, "ok"), (None, "ok"), (0.5, "warning")])
def test_model_that_is_split_is_worth_a_word(ratio, state):
    assert models.judge([Model(name="m", size=10)], [loaded(ratio)]).state == state


@pytest.mark.parametrize(("parallel", "state"), [(None, "unknown"), (1, "warning"), (4, "ok")])
def test_slots_are_judged(parallel, state):
    finding = slots.judge(Slots(parallel=parallel, source="its service"))
    assert finding.state == state
    assert ("OLLAMA_NUM_PARALLEL=4" in finding.hint) == (state == "warning")


def machine(folder, *, environ: bytes = b"", command: str = ""):
    """A machine with an `ollama serve`, and its runner."""
    for pid, parent, words in ((42, 1, "/usr/bin/ollama serve"), (43, 42, command)):
        if words:
            place = folder / "proc" / str(pid)
            place.mkdir(parents=True)
            (place / "cmdline").write_bytes(words.replace(" ", "\0").encode() + b"\0")
            (place / "stat").write_text(f"{pid} (ollama) S {parent} {' '.join(['0'] * 50)}")
    if environ:
        (folder / "proc/42/environ").write_bytes(environ)
    return folder


def test_slots_stand_in_the_command_line_of_a_runner(tmp_path):
    root = machine(tmp_path, command="/usr/lib/ollama/llama-server --port 1 -c 8192 -np 4")
    assert read_slots(root, (0, 32, 15)).parallel == 4


def test_runners_that_disagree_leave_it_to_the_server(tmp_path):
    """A model that takes images has one slot, whatever was set."""
    root = machine(tmp_path, environ=b"OLLAMA_NUM_PARALLEL=8\0", command="/usr/lib/ollama/llama-server -c 8192 -np 4")
    other = root / "proc/44"
    other.mkdir()
    (other / "cmdline").write_bytes(b"/usr/lib/ollama/llama-server\0-c\x002048\0-np\x001\0")
    (other / "stat").write_text(f"44 (llama-server) S 42 {' '.join(['0'] * 50)}")
    assert read_slots(root, (0, 32, 15)).parallel == 8


def test_slots_stand_in_what_the_server_was_started_with(tmp_path):
    root = machine(tmp_path, environ=b"OLLAMA_NUM_PARALLEL=8\0OLLAMA_MAX_QUEUE=16\0")
    found = read_slots(root, (0, 24, 0))
    assert (found.parallel, found.queue, found.source) == (8, 16, "what it was started with")


@pytest.mark.parametrize(("version_", "parallel"), [((0, 32, 15), 1), ((0, 10, 0), None), (None, None)])
def test_slots_that_were_not_set_are_those_of_the_version(tmp_path, version_, parallel):
    assert read_slots(machine(tmp_path, environ=b"PATH=/bin\0"), version_).parallel == parallel


def test_slots_of_another_users_server_are_not_known(tmp_path):
    assert read_slots(machine(tmp_path), (0, 32, 15)) == Slots()


def test_slots_stand_in_the_unit(tmp_path):
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    (folder / "ollama.service").write_text('[Service]\nEnvironment="OLLAMA_NUM_PARALLEL=2"\n')
    found = read_slots(tmp_path, (0, 32, 15))
    assert (found.parallel, found.queue, found.source) == (2, 512, "its service")
