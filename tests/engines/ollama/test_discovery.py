"""An Ollama is found where it is, what was looked at is told, and an address that was set is never left for another."""

import pytest

from ollascope.engines.ollama.client import ask_version
from ollascope.engines.ollama.discovery import USUAL, Answer, Surveyor, find
from tests.engines.ollama.stage import plain, staged

UNIT = "[Service]\nExecStart=/usr/bin/ollama serve\nEnvironment=OLLAMA_HOST=0.0.0.0:11500\n"


class Net:
    """Which addresses answer, and which were asked."""

    def __init__(self, **versions: str) -> None:
        self.versions = {url.replace("_", ""): version for url, version in versions.items()}
        self.asked: list[str] = []

    def __call__(self, url: str) -> Answer:
        self.asked.append(url)
        version = self.versions.get(url)
        return Answer(version=version) if version else Answer(fault="nothing answers")


def net(*pairs) -> Net:
    found = Net()
    found.versions.update(pairs)
    return found


def unit(folder):
    place = folder / "etc/systemd/system"
    place.mkdir(parents=True)
    (place / "ollama.service").write_text(UNIT)
    return folder


def test_usual_address_is_enough_where_it_answers(tmp_path):
    asks = net((USUAL, "0.32.15"))
    found = find(None, Surveyor(ask=asks, root=tmp_path))
    assert (found.url, found.how, found.version) == (USUAL, "default", "0.32.15")
    assert found.text == f"Ollama 0.32.15 answers at {USUAL}"
    assert asks.asked == [USUAL]


def test_service_says_where_it_is(tmp_path):
    asks = net(("http://127.0.0.1:11500", "0.32.15"))
    found = find(None, Surveyor(ask=asks, root=unit(tmp_path)))
    assert (found.url, found.how) == ("http://127.0.0.1:11500", "systemd")
    assert found.said == (
        f"the usual address is {USUAL}, where nothing answers",
        "Ollama 0.32.15 answers at http://127.0.0.1:11500 (its service is set to it)",
    )


def test_process_says_where_it_is(tmp_path):
    folder = tmp_path / "proc/42"
    folder.mkdir(parents=True)
    (folder / "cmdline").write_bytes(b"/usr/bin/ollama\0serve\0")
    numbers = " ".join(["0"] * 50)
    (folder / "stat").write_text(f"42 (ollama) S 1 {numbers}")
    (folder / "environ").write_bytes(b"OLLAMA_HOST=127.0.0.1:11600\0")
    found = find(None, Surveyor(ask=net(("http://127.0.0.1:11600", "0.24.0")), root=tmp_path))
    assert (found.url, found.how) == ("http://127.0.0.1:11600", "process")


@pytest.mark.parametrize("given", ["http://10.0.0.7:11434", "10.0.0.7"])
def test_address_that_was_set_is_the_only_one_asked(given, tmp_path):
    asks = net((USUAL, "0.32.15"))
    found = find(given, Surveyor(ask=asks, root=unit(tmp_path)))
    assert asks.asked == ["http://10.0.0.7:11434"]
    assert (found.url, found.answers) == ("http://10.0.0.7:11434", False)
    assert "engines.ollama.url (or OLLAMA_HOST) names http://10.0.0.7:11434, where nothing answers" in found.text
    assert found.hint


def test_address_that_was_set_and_answers_is_told():
    found = find("box", Surveyor(ask=net(("http://box:11434", "0.32.15"))), "OLLAMA_HOST")
    assert found.text == "Ollama 0.32.15 answers at http://box:11434, as OLLAMA_HOST says"


def test_nothing_at_all_is_told_with_what_to_do(tmp_path):
    found = find(None, Surveyor(ask=net(), root=tmp_path))
    assert (found.url, found.answers) == (USUAL, False)
    assert "https://ollama.com/download" in found.hint


def test_program_that_is_installed_is_to_be_started(tmp_path):
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/ollama").touch()
    assert find(None, Surveyor(ask=net(), root=tmp_path)).hint == "start it: ollama serve"


def test_service_that_does_not_run_is_to_be_started(tmp_path):
    assert "systemctl start ollama" in find(None, Surveyor(ask=net(), root=unit(tmp_path))).hint


def test_something_else_at_the_usual_address_is_told():
    with staged(lambda _asked, _stage: [plain(b"404 page not found", 404)], version=None) as stage:
        answer = ask_version(stage.url)
    assert answer.version is None
    assert "no Ollama" in answer.fault


def test_page_at_an_address_is_no_ollama():
    with staged(lambda _asked, _stage: [plain(b"<html>", kind="text/html")], version=None) as stage:
        assert "no Ollama" in ask_version(stage.url).fault


@pytest.mark.parametrize("status", [401, 403])
def test_server_that_lets_nobody_in_is_told(status):
    with staged(lambda _asked, _stage: [plain(b"", status)], version=None) as stage:
        assert "lets nobody in" in ask_version(stage.url).fault


def test_version_is_asked_of_a_real_answer():
    with staged(lambda _asked, _stage: []) as stage:
        assert ask_version(stage.url) == Answer(version="0.32.15")
