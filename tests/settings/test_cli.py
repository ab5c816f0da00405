"""The settings commands as a person uses them; broken files first."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ollascope.console.invocation import Invocation
from ollascope.processes.hold import hold
from ollascope.processes.identity import identify
from ollascope.settings.cli import follow, paths, purge, settings
from ollascope.settings.data import MARKER, create
from ollascope.settings.findings import HIDDEN
from ollascope.settings.load import Sources, load
from ollascope.wire import SECTIONS
from ollascope.words.errors import BadSettings, BadUsage, FolderUnusable, Trouble

# name of the case: (bytes of the file, the line that is to blame, words of the message, words of the hint)
BROKEN: dict[str, tuple[bytes, int, str, str]] = {
    "unknown key": (b"addresses:\n  dashbord: 80\n", 2, 'unknown key "dashbord"', "did you mean dashboard?"),
    "unknown section": (b"# x\nadresses:\n  host: a\n", 2, 'unknown section "adresses"', "did you mean addresses?"),
    "wrong type": (b"addresses:\n  gateway: fast\n", 2, '"fast" is not a whole number', "a port from 1 to 65535"),
    "bad YAML": (b"addresses:\n  host: [a, b\n  gateway: 1\n", 2, "bracket", "check indentation"),
    "unclosed quote": (b"addresses:\n  host: 'a\n", 2, "a quote that is not closed", "close the quote"),
    "duplicate key": (b"addresses:\n  host: a\n  host: b\n", 3, "stands on line 2 already", "keep one"),
    "duplicate section": (b"addresses:\n  host: a\naddresses:\n", 3, "stands on line 1 already", "keep one"),
    "not UTF-8": (b"addresses:\n  host: \xe4\n", 2, "is not UTF-8: byte 0xe4", "save it as UTF-8"),
    "UTF-16": ("addresses:\n".encode("utf-16"), 1, "UTF-16", "save it as UTF-8"),
    "a list where a map belongs": (b"addresses:\n  - host: a\n", 2, "a list where the fields", "key: value"),
    "a list where the sections belong": (b"- a\n- b\n", 1, "a list where the sections belong", "addresses:"),
    "a text where the sections belong": (b"hello\n", 1, "a text where the sections belong", "addresses:"),
    "a value where a section belongs": (b"addresses: 8080\n", 1, "one value where the fields", "key: value"),
    "empty": (b"", 1, "is empty: the defaults hold", "settings init"),
    "blank": (b" \n\n", 1, "is empty: the defaults hold", "settings init"),
    "only a byte order mark": (b"\xef\xbb\xbf", 1, "is empty: the defaults hold", "settings init"),
    "huge": (b"#" * 300_000, 1, "is too large: 300,000 bytes", "is it the right file"),
    "negative number": (b"addresses:\n\n  gateway: -1\n", 3, "-1 is less than 1", "a port from 1 to 65535"),
    "two documents": (b"addresses:\n  host: a\n---\ndata:\n", 3, "a second document begins", "keep one document"),
    "secret in plain text": (b"addresses:\n  api_key: canary-1\n", 2, "a secret in plain text", "take it out"),
    "secret by its look": (b"addresses:\n  host: sk-canary-1234567\n", 2, "a secret in plain text", "take it out"),
    "secret in a comment": (b"# hf_canary1234567890\ndata:\n", 1, "a secret in plain text", "take it out"),
    "NUL byte": (b"addresses:\n  host: a\0b\n", 2, "control character U+0000", "remove it"),
    "escape character": (b"addresses:\n  host: \x1b[31m\n", 2, "control character U+001B", "remove it"),
    "tab": (b"addresses:\n\thost: a\n", 2, "a tab where only blanks", "two blanks"),
    "deep": (b"a: " + b"[" * 100_000, 1, "nested more than 32 levels", "four levels"),
    "alias bomb": (b"data: &a {}\n", 1, 'defines the anchor "&a"', "write the value out"),
    "alias": (b"data: *x\n", 1, 'uses the alias "*x"', "write the value out"),
    "merge key": (b"data:\n  <<: 1\n", 2, "merge key", "write the value out"),
    "tag": (b"data: !!map {}\n", 1, 'has the tag "!!map"', "remove the tag"),
    "python tag": (b"data:\n  folder: !!python/name:os.system x\n", 2, "has the tag", "remove the tag"),
    "a map as key": (b"{a: b}: 1\n", 1, "where a key belongs", "a key is one word"),
    "a number as key": (b"1: x\n", 1, 'unknown section "1"', "lists every key"),
    "null": (b"addresses:\n  host: null\n", 2, "addresses.host has no value", "the default holds"),
    "no value": (b"addresses:\n  host:\n", 2, "addresses.host has no value", "the default holds"),
    "infinite": (b"checks:\n  timeout_s: .inf\n", 2, '".inf" is not a number', "a number that has an end"),
    "not a number": (b"checks:\n  timeout_s: nan\n", 2, '"nan" is not a number', "a number that has an end"),
    "too large a number": (b"checks:\n  timeout_s: 1e999\n", 2, "is too large", "a number from 0.1 to 300"),
    "octal": (b"addresses:\n  gateway: 0o17\n", 2, '"0o17" is not a whole number', "decimal"),
    "leading zero": (b"addresses:\n  gateway: 0123\n", 2, '"0123" is not a whole number', "no leading 0"),
    "separators": (b"addresses:\n  gateway: 1_000\n", 2, '"1_000" is not', "no separators"),
    "sexagesimal": (b"addresses:\n  gateway: 12:30\n", 2, '"12:30" is not', "no colon"),
    "date": (b"addresses:\n  gateway: 2024-01-01\n", 2, '"2024-01-01" is not', "a port"),
    "unit": (b"checks:\n  timeout_s: 5s\n", 2, '"5s" is not a number', "the unit is part of the key"),
    "url as host": (b"addresses:\n  host: http://a\n", 2, "is no IP address", "no http://"),
    "long key": (b"k" * 500 + b": 1\n", 1, "k" * 60 + "…", "lists every key"),
    "escape in a key": (b'"a\\e[31m": 1\n', 1, r'"a\x1b[31m"', "lists every key"),
    "bidi in a key": ('"a\u202eb": 1\n'.encode(), 1, r'"a\u202eb"', "lists every key"),
    "surrogate in a value": (b'data:\n  folder: "\\uD800"\n', 2, "is not UTF-8", "write it in UTF-8"),
    "impossible escape": (b'data:\n  folder: "\\UFFFFFFFF"\n', 2, "not valid YAML", "check indentation"),
    "less than it must be": (b"checks:\n  disk_warning_mib: 7\n", 2, "less than checks.disk_problem_mib", "raise"),
}  # fmt: skip


def run(*arguments: str, invocation: Invocation | None = None, **more: str) -> Result:
    return CliRunner().invoke(settings, arguments, obj=invocation or Invocation(), env=more or None)


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file_is_told_in_one_line_with_file_line_and_hint(case: str, tmp_path: Path) -> None:
    data, line, what, hint = BROKEN[case]
    file = tmp_path / "settings.yaml"
    file.write_bytes(data)

    result = run("check", str(file))

    assert result.exit_code == 2
    assert result.stderr == ""
    (told,) = result.output.splitlines()
    assert told.startswith(f"{file}:{line}: ")
    before, dash, after = told.partition(" — ")
    assert what in before
    assert dash
    assert hint in after
    assert "canary" not in result.output
    assert len(told.removeprefix(str(file))) < 300


def test_missing_file_is_a_mistake(tmp_path: Path) -> None:
    result = run("check", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert result.output == (
        f"{tmp_path}/none.yaml:1: there is no such file — check the name, or write one with `ollascope settings init`\n"
    )


def test_folder_pipe_device_loop_and_long_name_are_mistakes_and_nothing_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "leads-nowhere").symlink_to("none")
    names = [str(tmp_path), f"{tmp_path}/pipe", "/dev/zero", f"{tmp_path}/loop", f"{tmp_path}/{'x' * 300}",
             f"{tmp_path}/leads-nowhere", f"{tmp_path}/pipe/below"]  # fmt: skip
    result = run("check", *names)
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert [line.split(":1: ")[1].split(" — ")[0] for line in lines] == [
        "is a folder, not a file",
        "is a pipe or a device, not a plain file",
        "is a pipe or a device, not a plain file",
        "is a symbolic link that leads back to itself",
        "has a name longer than the file system allows",
        "there is no such file",
        "a part of the path is no folder",
    ]


def test_file_that_may_not_be_read_is_a_mistake_and_the_next_one_is_checked(tmp_path: Path) -> None:
    no, yes = tmp_path / "no.yaml", tmp_path / "yes.yaml"
    no.write_text("checks:\n  timeout_s: 7\n")
    no.chmod(0)
    yes.write_text("checks:\n  timeout_s: 7\n")
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
    if powerless and subprocess.run([*powerless, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root cannot give up its power to read everything here")
    command = [*powerless, sys.executable, "-m", "ollascope", "settings", "check", str(no), str(yes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    hint = "give the user who runs Ollascope the right to read it"
    assert done.stdout.splitlines() == [f"{no}:1: may not be read — {hint}", f"{yes}: fine"]
    assert (done.returncode, done.stderr) == (2, "")


def test_every_mistake_of_a_file_is_told_in_the_order_of_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("adresses: {}\naddresses:\n  gateway: x\n  monitor: 0\ntoken: abc\n")
    lines = run("check", str(file)).output.splitlines()
    assert [int(line.removeprefix(f"{file}:").split(":")[0]) for line in lines] == [1, 3, 4, 5]


def test_file_with_thousands_of_mistakes_is_told_in_part(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("".join(f"key{number}: 1\n" for number in range(15_000)))
    lines = run("check", str(file)).output.splitlines()
    assert len(lines) == 51
    assert "14950 more mistakes are not listed" in lines[-1]


def test_fine_file_is_called_fine(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("checks:\n  timeout_s: 7\n")
    result = run("check", str(file))
    assert (result.exit_code, result.output) == (0, f"{file}: fine\n")


def test_file_of_comments_only_is_warned_about(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("# addresses:\n")
    result = run("check", str(file))
    assert result.exit_code == 0
    assert result.output.startswith(f"{file}:1: warning: sets nothing: the defaults hold — ")


def test_warning_alone_ends_with_0_and_says_the_line(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file.write_text(f"addresses:\n  # here\n  gateway: {taken.getsockname()[1]}\n")
        result = run("check", str(file))
    assert result.exit_code == 0
    assert result.output.startswith(f"{file}:3: warning: port ")


def test_several_files_are_checked_and_one_mistake_decides(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("checks:\n  timeout_s: 7\n")
    (tmp_path / "b.yaml").write_text("x: 1\n")
    result = run("check", f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml")
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 2


def test_hint_about_an_empty_file_writes_that_file_and_no_other(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my own.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert f"`ollascope settings init '{tmp_path}/my own.yaml' --force`" in run("check", "my own.yaml").output
    usual = home / ".local/share/ollascope/settings.yaml"
    usual.parent.mkdir(parents=True)
    usual.write_text("")
    assert "`ollascope settings init --force`" in run("check").output


def test_check_judges_the_file_alone_not_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("checks:\n  timeout_s: 7\n")
    monkeypatch.setenv("OLLASCOPE__ADDRESSES__HOST", "http://x")
    assert run("check", str(file)).exit_code == 0


def test_check_without_a_file_checks_what_is_in_force(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("check").output == "settings: there is no settings file: the defaults hold\n"
    monkeypatch.setenv("OLLASCOPE__ADDRESSES__HOST", "http://x")
    result = run("check")
    assert result.exit_code == 2
    assert result.output.startswith("environment OLLASCOPE__ADDRESSES__HOST: ")


def test_check_as_json_has_the_line_the_key_and_the_hint(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("addresses:\n  gateway: x\n")
    result = run("check", "--json", str(file))
    assert result.exit_code == 2
    (report,) = json.loads(result.output)
    assert report["fine"] is False
    (mistake,) = report["mistakes"]
    assert (mistake["line"], mistake["key"]) == (2, "addresses.gateway")
    assert mistake["hint"]


def test_show_prints_value_meaning_and_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("addresses:\n  gateway: 1234\n")
    monkeypatch.setenv("OLLASCOPE__ADDRESSES__MONITOR", "1235")
    invocation = Invocation(settings_file=file, data_folder=tmp_path / "d", assignments=("checks.timeout_s=9",))
    lines = run("show", invocation=invocation).stdout.splitlines()
    rows = {cells[0]: cells[1:] for cells in (re.split(r" {2,}", line) for line in lines[1:])}
    assert rows["addresses.gateway"][0] == "1234"
    assert rows["addresses.gateway"][2] == f"{file}:2"
    assert rows["addresses.monitor"][2] == "environment OLLASCOPE__ADDRESSES__MONITOR"
    assert rows["data.folder"][2] == "flag --data"
    assert rows["checks.timeout_s"][2] == "flag --set checks.timeout_s"
    assert rows["addresses.host"] == ["127.0.0.1", "address that every port below is opened on", "default"]


def test_show_as_json_keeps_types(tmp_path: Path) -> None:
    facts = json.loads(run("show", "--json", invocation=Invocation(assignments=("checks.timeout_s=9",))).stdout)
    by_key = {entry["key"]: entry for entry in facts}
    assert by_key["addresses.gateway"]["value"] == 11435
    assert by_key["data.folder"]["value"] is None
    assert by_key["checks.timeout_s"] == {
        "key": "checks.timeout_s", "value": 9.0, "default": 5.0, "layer": "flag",
        "meaning": by_key["checks.timeout_s"]["meaning"], "origin": "flag --set checks.timeout_s",
    }  # fmt: skip


def test_show_hides_what_looks_like_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLASCOPE__ADDRESSES__HOST", "sk-canary-1234567")
    for arguments in (["show"], ["show", "--json"], ["check"], ["check", "--json"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "canary" not in result.output
        assert HIDDEN in result.output


def test_show_of_broken_settings_raises_the_mistakes(tmp_path: Path) -> None:
    result = run("show", invocation=Invocation(assignments=("checks.timeout=9",)))
    assert isinstance(result.exception, BadSettings)
    assert "did you mean checks.timeout_s?" in result.exception.message


def test_show_does_not_watch_as_json() -> None:
    assert isinstance(run("show", "--json", "--watch").exception, BadUsage)


def test_follow_prints_changes_and_why_a_broken_edit_was_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("addresses:\n  gateway: 1000\n")
    found, stop = Sources(file=file), threading.Event()
    thread = threading.Thread(target=follow, args=(found, load(SECTIONS, found), stop))
    thread.start()
    told = ""
    try:
        time.sleep(0.05)
        file.write_text("addresses:\n  gateway: 1001\n")
        told += _read_until(capsys, "1001")
        file.write_text("addresses:\n  gateway: no\n")
        told += _read_until(capsys, "running settings stay")
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert f"addresses.gateway  1000 → 1001  ({file}:2)" in told
    assert f'{file}:2: addresses.gateway: "no" is not a whole number' in told


def _read_until(capsys: pytest.CaptureFixture[str], words: str) -> str:
    told = ""
    deadline = time.monotonic() + 20
    while words not in told:
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
        told += capsys.readouterr().out
    return told


def test_watch_ends_at_ctrl_c_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("addresses:\n  gateway: 1000\n")
    command = [sys.executable, "-m", "ollascope", "--settings", str(file), "settings", "show", "--watch"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert "settings file" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_init_writes_a_file_that_is_fine_and_says_the_next_step(home: Path) -> None:
    result = run("init")
    file = home / ".local/share/ollascope/settings.yaml"
    assert result.exit_code == 0
    assert result.stdout == f"wrote {file}\n"
    assert "settings check" in result.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "mistake" not in run("check").output
    assert run("check").exit_code == 0


def test_init_refuses_to_overwrite_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("mine")
    refused = run("init", str(file))
    assert isinstance(refused.exception, BadUsage)
    assert "--force" in refused.exception.hint
    assert file.read_text() == "mine"
    assert run("init", str(file), "--force").exit_code == 0
    assert "addresses:" in file.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "s.yaml"]


def test_init_says_how_to_name_a_file_that_is_not_read_by_itself(tmp_path: Path) -> None:
    result = run("init", str(tmp_path / "my settings.yaml"), "--server")
    assert f"--settings '{tmp_path}/my settings.yaml'" in result.stderr
    assert "/var/lib/ollascope" in (tmp_path / "my settings.yaml").read_text()


def test_init_names_the_file_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"OLLASCOPE_SETTINGS={tmp_path}/rel.yaml" in run("init", "rel.yaml").stderr


def test_init_writes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("old")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert run("init", str(tmp_path / "link.yaml"), "--force").exit_code == 0
    assert (tmp_path / "link.yaml").is_symlink()
    assert "addresses:" in (tmp_path / "real.yaml").read_text()


def test_empty_name_of_a_file_is_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("check", "init"):
        result = run(command, "")
        assert result.exit_code == 2
        assert "The path is empty" in result.output


@pytest.mark.parametrize("name", ["none/s.yaml", "", "pipe"])
def test_init_says_why_it_cannot_write(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert isinstance(run("init", str(tmp_path / name), "--force").exception, Trouble)


def test_paths_tells_what_lies_where_and_how_big(tmp_path: Path) -> None:
    create(tmp_path / "d")
    (tmp_path / "d" / "settings.yaml").write_text("# nothing")
    invocation = Invocation(data_folder=tmp_path / "d")
    result = CliRunner().invoke(paths, ["--json"], obj=invocation)
    facts = {entry["name"]: entry for entry in json.loads(result.stdout)}
    assert facts["data folder"]["path"] == str(tmp_path / "d")
    assert facts["data folder"]["files"] == 2
    assert facts["settings.yaml"] == {
        "name": "settings.yaml", "path": f"{tmp_path}/d/settings.yaml", "exists": True, "files": 1, "bytes": 9,
        "meaning": facts["settings.yaml"]["meaning"],
    }  # fmt: skip
    plain = CliRunner().invoke(paths, [], obj=invocation).stdout
    assert "9 bytes" in plain


def test_paths_as_json_has_the_path_as_it_is(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff\xc2\x9b"))
    create(folder)
    result = CliRunner().invoke(paths, ["--json"], obj=Invocation(data_folder=folder))
    assert result.exit_code == 0
    assert "\x9b" not in result.stdout
    (told,) = [entry for entry in json.loads(result.stdout) if entry["name"] == "data folder"]
    assert (told["path"], told["exists"]) == (str(folder), True)


def test_paths_names_a_settings_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("data:\n  folder: d\n")
    result = CliRunner().invoke(paths, [], obj=Invocation(settings_file=tmp_path / "s.yaml"))
    assert str(tmp_path / "s.yaml") in result.stdout
    assert f"{tmp_path}/d " in result.stdout
    assert "not there" in result.stdout


def test_purge_in_a_pipe_wants_yes_and_removes_nothing(tmp_path: Path) -> None:
    create(tmp_path / "d")
    result = CliRunner().invoke(purge, [], obj=Invocation(data_folder=tmp_path / "d"), input="y\n")
    assert isinstance(result.exception, BadUsage)
    assert "--yes" in result.exception.hint
    assert str(tmp_path / "d") in result.exception.message
    assert (tmp_path / "d" / MARKER).exists()


def test_purge_with_yes_removes_the_folder(tmp_path: Path) -> None:
    create(tmp_path / "d")
    result = CliRunner().invoke(purge, ["--yes"], obj=Invocation(data_folder=tmp_path / "d"))
    assert result.output.startswith(f"removed {tmp_path}/d (1 file, ")
    assert not (tmp_path / "d").exists()


def test_purge_refuses_a_folder_that_a_running_ollascope_holds(tmp_path: Path) -> None:
    create(tmp_path / "d")
    with hold(tmp_path / "d", identify(os.getpid(), time.time())):
        result = CliRunner().invoke(purge, ["--yes"], obj=Invocation(data_folder=tmp_path / "d"))
    assert isinstance(result.exception, FolderUnusable)
    assert "is in use by `ollascope up` (process " in result.exception.message
    assert (tmp_path / "d").is_dir()


def test_purge_of_nothing_is_no_failure(tmp_path: Path) -> None:
    result = CliRunner().invoke(purge, ["--yes"], obj=Invocation(data_folder=tmp_path / "d"))
    assert (result.exit_code, result.output) == (0, f"nothing to remove: {tmp_path}/d is not there\n")


def test_purge_refuses_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    result = CliRunner().invoke(purge, ["--yes"], obj=Invocation(data_folder=tmp_path / "letters"))
    assert isinstance(result.exception, FolderUnusable)
    assert (tmp_path / "letters").is_dir()


def test_purge_asks_on_a_terminal_and_no_keeps_everything(tmp_path: Path) -> None:
    assert "nothing was removed" in _purge_on_a_terminal(tmp_path, b"n\n")
    assert (tmp_path / "d" / MARKER).exists()


def test_purge_asks_on_a_terminal_with_path_number_and_size(tmp_path: Path) -> None:
    told = _purge_on_a_terminal(tmp_path, b"y\n")
    assert re.search(r"Remove \S+/d with everything in it \(1 file, \d+ bytes\)\?", told)
    assert not (tmp_path / "d").exists()


def test_purge_keeps_what_appeared_while_the_question_stood(tmp_path: Path) -> None:
    def appear() -> None:
        (tmp_path / "d" / "thesis").mkdir()
        (tmp_path / "d" / "thesis" / "a.txt").write_text("dear")

    assert "not Ollascope's: thesis" in _purge_on_a_terminal(tmp_path, b"y\n", appear)
    assert (tmp_path / "d" / "thesis" / "a.txt").read_text() == "dear"
    assert (tmp_path / "d" / MARKER).exists()


def test_purge_touches_nothing_that_took_the_folders_place_while_the_question_stood(tmp_path: Path) -> None:
    victim = tmp_path / "victim"

    def exchange(by_link: bool) -> None:
        create(victim)
        (victim / "logs").mkdir(exist_ok=True)
        (tmp_path / "d").rename(tmp_path / f"old-{by_link}")
        (tmp_path / "d").symlink_to(victim) if by_link else victim.rename(tmp_path / "d")

    assert "is a symbolic link" in _purge_on_a_terminal(tmp_path, b"y\n", lambda: exchange(True))
    assert (victim / "logs").is_dir()
    (tmp_path / "d").unlink()
    assert "was replaced by something else" in _purge_on_a_terminal(tmp_path, b"y\n", lambda: exchange(False))
    assert (tmp_path / "d" / "logs").is_dir()
    assert (tmp_path / "old-False" / MARKER).exists()


def _purge_on_a_terminal(tmp_path: Path, answer: bytes, meanwhile: Callable[[], None] = lambda: None) -> str:
    create(tmp_path / "d")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ollascope", "--data", str(tmp_path / "d"), "purge"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told, answered, deadline = b"", False, time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                told += os.read(ours, 4096)
            except OSError:  # the other side has closed the terminal
                break
            if b"[y/N]" in told and not answered:
                meanwhile()
                answered = bool(os.write(ours, answer))
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return told.decode().replace("\r\n", "")
