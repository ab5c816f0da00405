"""Model servers are found by name, by port and as children; what has ended is not mistaken for another."""

import os
from pathlib import Path

import pytest

from ollascope.host.processes import Search, Wanted, port_of, read_process, read_stat
from tests.host.trees import process, write

RUNNER = "/usr/lib/ollama/llama-server --model /models/x --port 33421 --host 127.0.0.1 -c 2048 -np 1"


def roles(root, wanted=None, own=()):
    return {known.pid: known.role for known in Search(root, wanted or Wanted(), own).step()}


@pytest.mark.parametrize("text", ["", "1", "1 (x", "1 (x) S 1 2", "1 (x) S " + "a " * 40, "no brackets " * 9])
def test_odd_lines_are_no_process(tmp_path, text):
    write(tmp_path / "proc/5/stat", text)
    assert read_stat(tmp_path, 5) is None
    assert roles(tmp_path) == {}


def test_name_with_blanks_and_brackets(tmp_path):
    process(tmp_path, 5, "ollama serve")
    file = tmp_path / "proc/5/stat"
    file.write_text(file.read_text().replace("(ollama)", "(a) b (c)"))
    assert read_stat(tmp_path, 5).name == "a) b (c"


def test_ollama_and_its_runner_are_told_from_those_who_ask(tmp_path):
    process(tmp_path, 10, "/usr/bin/ollama serve")
    process(tmp_path, 11, RUNNER, parent=10)
    process(tmp_path, 12, "ollama run llama3")
    process(tmp_path, 13, "/usr/bin/ollama runner --ollama-engine --port 5", parent=1)
    process(tmp_path, 14, "vim ollama.txt")
    process(tmp_path, 15, "bash -c ollama-like")
    assert roles(tmp_path) == {10: "server", 11: "runner", 13: "runner"}


def test_server_written_in_python_is_found_by_its_script(tmp_path):
    process(tmp_path, 10, "/usr/bin/python3 -u /venv/bin/vllm serve model")
    process(tmp_path, 11, "python3.11 -m vllm.entrypoints.openai.api_server")
    process(tmp_path, 12, "python3 other.py vllm")
    assert set(roles(tmp_path)) == {10, 11}


def test_children_of_children_are_runners(tmp_path):
    process(tmp_path, 10, "ollama serve")
    process(tmp_path, 11, "sh x", parent=10)
    process(tmp_path, 12, "worker", parent=11)
    assert roles(tmp_path) == {10: "server", 11: "runner", 12: "runner"}


def test_circle_of_parents_ends(tmp_path):
    process(tmp_path, 10, "a", parent=11)
    process(tmp_path, 11, "b", parent=10)
    assert roles(tmp_path) == {}


def test_own_processes_are_left_out(tmp_path):
    process(tmp_path, 10, "llama-server -m x")
    assert roles(tmp_path, own=(10,)) == {}


def test_whoever_listens_on_the_port_is_a_server(tmp_path):
    process(tmp_path, 10, "my-own-server")
    process(tmp_path, 11, "client")
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    listens = "   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 4242 1\n"
    talks = "   1: 0100007F:2CAA 0100007F:9999 01 00000000:00000000 00:00000000 00000000  0        0 4343 1\n"
    write(tmp_path / "proc/net/tcp", head + listens + talks)
    for pid, inode in ((10, 4242), (11, 4343)):
        (tmp_path / f"proc/{pid}/fd").mkdir()
        (tmp_path / f"proc/{pid}/fd/3").symlink_to(f"socket:[{inode}]")
    assert roles(tmp_path, Wanted(ports=(11434,))) == {10: "server"}


def test_reading_has_time_memory_and_threads(tmp_path):
    process(tmp_path, 10, "ollama serve", ticks=180)
    (known,) = Search(tmp_path, Wanted()).step()
    found = read_process(tmp_path, known)
    assert found.cpu_s == pytest.approx(200 / os.sysconf("SC_CLK_TCK"))
    assert (found.rss_bytes, found.threads, found.name) == (2560 * os.sysconf("SC_PAGE_SIZE"), 7, "ollama")


def test_number_that_belongs_to_another_process_now_is_no_reading(tmp_path):
    process(tmp_path, 10, "ollama serve", started=500)
    (known,) = Search(tmp_path, Wanted()).step()
    process(tmp_path, 10, "other", started=900)
    assert read_process(tmp_path, known) is None


def test_own_process_is_read_from_the_real_proc():
    stat = read_stat(Path("/"), os.getpid())
    assert stat.parent == os.getppid()


@pytest.mark.parametrize(
    ("command", "port"),
    [(RUNNER.split(), 33421), (["x", "--port=5"], 5), (["x", "--port"], None), (["x", "--port", "99999"], None),
     (["x", "--port", "a"], None), ([], None), (["x", "--ports", "5"], None)],
)  # fmt: skip
def test_port_of_a_command_line(command, port):
    assert port_of(command) == port


def test_process_that_just_forked_is_looked_at_again(tmp_path):
    process(tmp_path, 10, "bash")
    search = Search(tmp_path, Wanted())
    assert search.step() == ()
    process(tmp_path, 10, "ollama serve")
    assert [known.pid for known in search.step()] == [10]


def test_many_processes_are_looked_at_over_several_steps(tmp_path):
    for pid in range(10, 60):
        process(tmp_path, pid, "worker")
    process(tmp_path, 60, "ollama serve")
    search = Search(tmp_path, Wanted())
    steps = 0
    while not (found := search.step(20)):
        assert search.behind
        steps += 1
    assert ([known.pid for known in found], steps, search.behind) == ([60], 2, False)


def test_number_of_an_ended_server_is_looked_at_anew(tmp_path):
    process(tmp_path, 10, "ollama serve", started=5)
    search = Search(tmp_path, Wanted())
    search.step()
    process(tmp_path, 10, "llama-server", started=9)
    assert [known.started for known in search.step()] == [9]


def test_server_that_listens_late_is_found_all_the_same(tmp_path):
    process(tmp_path, 10, "slow-server")
    search = Search(tmp_path, Wanted(ports=(8000,)))
    for _ in range(3):
        assert search.step() == ()
    listens = "x\n   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 77 1\n"
    write(tmp_path / "proc/net/tcp6", listens)
    (tmp_path / "proc/10/fd").mkdir()
    (tmp_path / "proc/10/fd/3").symlink_to("socket:[77]")
    assert [known.role for known in search.step()] == ["server"]
