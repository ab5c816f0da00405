"""What a service manager, unit files and processes tell of an Ollama is read, and what is closed stays closed."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.ollama import service
from ollascope.host.processes import Known

HOSTS = {
    "": "http://127.0.0.1:11434",
    "0.0.0.0": "http://127.0.0.1:11434",
    "0.0.0.0:8080": "http://127.0.0.1:8080",
    ":8080": "http://127.0.0.1:8080",
    "box": "http://box:11434",
    "box:1": "http://box:1",
    " box ": "http://box:11434",
    "http://box": "http://box:80",
    "https://box": "https://box:443",
    "https://box:8443/models": "https://box:8443/models",
    "ollama.com": "https://ollama.com:443",
    "::1": "http://[::1]:11434",
    "[::]": "http://[::1]:11434",
    "[::1]:9": "http://[::1]:9",
    "box:99999": "http://box:11434",
    "box:port": "http://box:11434",
}


@pytest.mark.parametrize("said", HOSTS)
def test_ollama_host_is_read_as_ollama_reads_it(said):
    assert service.host_url(said) == HOSTS[said]


@given(st.text(max_size=40))
def test_any_text_is_some_address(said):
    assert "://" in service.host_url(said)


def test_address_that_was_read_is_read_again_as_itself():
    for url in HOSTS.values():
        assert service.host_url(url) == url


SHOWN = """LoadState=loaded
ActiveState=active
Environment=PATH=/usr/bin OLLAMA_HOST=0.0.0.0:11500 "OLLAMA_MODELS=/a b" SECRET=x
"""


def test_answer_of_the_service_manager_is_read():
    found = service.parse_service(SHOWN)
    assert found is not None
    assert found.active
    assert found.environment == {"OLLAMA_HOST": "0.0.0.0:11500", "OLLAMA_MODELS": "/a b"}


def test_unit_that_is_not_there_is_none():
    assert service.parse_service("LoadState=not-found\nActiveState=inactive\nEnvironment=\n") is None
    assert service.parse_service("") is None


def test_later_files_of_a_unit_win_and_an_empty_line_forgets():
    unit = '[Service]\nExecStart=/usr/bin/ollama serve\nEnvironment="OLLAMA_HOST=a" OLLAMA_NUM_PARALLEL=4\n'
    assert service.parse_files([unit, "[Service]\nEnvironment=OLLAMA_HOST=b\n"]).environment == {
        "OLLAMA_HOST": "b", "OLLAMA_NUM_PARALLEL": "4",
    }  # fmt: skip
    assert service.parse_files([unit, "Environment=\n"]).environment == {}
    assert service.parse_files([unit, "Environment='OLLAMA_HOST=never closed"]).environment["OLLAMA_HOST"] == "a"
    assert service.parse_files([]) is None


def test_unit_files_are_found_under_a_root(tmp_path):
    folder = tmp_path / "etc/systemd/system"
    (folder / "ollama.service.d").mkdir(parents=True)
    (folder / "ollama.service").write_text("[Service]\nEnvironment=OLLAMA_HOST=a\n")
    (folder / "ollama.service.d/override.conf").write_text("[Service]\nEnvironment=OLLAMA_HOST=b\n")
    (folder / "ollama.service.d/old.conf.bak").write_text("[Service]\nEnvironment=OLLAMA_HOST=c\n")
    found = service.read_service(tmp_path, lambda _command: pytest.fail("a root of its own has no service manager"))
    assert found is not None
    assert (found.active, found.environment) == (None, {"OLLAMA_HOST": "b"})
    assert service.read_service(tmp_path / "elsewhere") is None


def test_service_manager_is_asked_on_this_machine():
    asked = []

    def run(command):
        asked.append(command)
        return SHOWN

    assert service.read_service(Path("/"), run).active
    assert asked[0][:3] == ["systemctl", "show", "ollama.service"]


@pytest.mark.parametrize("command", [["no-such-program-here"], ["false"], ["sleep", "30"]])
def test_program_that_fails_says_nothing(command, monkeypatch):
    monkeypatch.setattr(service, "PATIENCE_S", 0.05)
    assert service.run(command) == ""


def process(pid: int) -> Known:
    return Known(pid=pid, role="server", started=1, command=("ollama", "serve"))


def test_environment_of_a_process_is_read_without_its_secrets(tmp_path):
    folder = tmp_path / "proc/7"
    folder.mkdir(parents=True)
    (folder / "environ").write_bytes(b"HOME=/x\0OLLAMA_HOST=0.0.0.0\0API_KEY=secret\0OLLAMA_NUM_PARALLEL=4\0")
    assert service.read_environment(tmp_path, process(7)) == {"OLLAMA_HOST": "0.0.0.0", "OLLAMA_NUM_PARALLEL": "4"}


def test_environment_of_another_user_is_none(tmp_path):
    assert service.read_environment(tmp_path, process(7)) is None


def test_own_listening_socket_is_found():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = service.listening_urls(Path("/"), process(os.getpid()))
    assert f"http://127.0.0.1:{port}" in found


def test_program_is_looked_for_where_its_installers_put_it(tmp_path):
    assert not service.is_installed(tmp_path)
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/local/bin/ollama").touch()
    assert service.is_installed(tmp_path)
