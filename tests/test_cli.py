"""The command line's frame: its table is true, and whatever goes wrong is one line, a hint and the right exit code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from ollascope.cli import BARE, COMMANDS, DAILY, cli, run
from ollascope.words.errors import ModelMissing, Trouble, VerdictNo

ROOT = Path(__file__).parent.parent
PROGRAM = [sys.executable, "-m", "ollascope"]


def ask(*arguments, cwd=None, **environment):
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=30, check=False, cwd=cwd,
        env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def planted(monkeypatch):
    """Puts a command that does what a test wants into the table."""

    def plant(action):
        monkeypatch.setitem(vars(sys.modules[__name__]), "planted_command", click.command(name="planted")(action))
        monkeypatch.setitem(COMMANDS, "planted", type(COMMANDS["up"])(f"{__name__}:planted_command", "Planted."))
        return lambda *more: run(["planted", *more])

    return plant


@pytest.mark.parametrize("name", COMMANDS)
def test_line_in_the_table_is_the_commands_own_first_line(name):
    command = cli.get_command(click.Context(cli), name)
    assert command.help.splitlines()[0] == COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    assert run([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: ollascope {name}")


def test_help_shows_the_daily_commands_first(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    positions = [out.index(f"\n  {name}") for name in COMMANDS]
    assert positions == sorted(positions)
    assert out.index("Daily:") < out.index(f"\n  {next(iter(DAILY))}") < out.index("More:")


def test_help_loads_no_room_and_nothing_heavy():
    script = (
        "import sys\nfrom ollascope.cli import run\nrun(['--help'])\n"
        "heavy = {'rich', 'yaml', 'psutil', 'requests', 'flask', 'plotly', 'watchfiles', 'asyncio', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr.strip() == "[]"


def test_bare_command_means_up():
    assert BARE in DAILY
    assert ask("--help").stdout.count("Without a command it means `up`") == 1


@pytest.mark.parametrize(
    ("arguments", "line", "hint"),
    [
        (["docter"], 'there is no command "docter"', "did you mean `ollascope doctor`?"),
        (["xyzzy"], 'there is no command "xyzzy"', "`ollascope --help` lists the commands"),
        (["--nope"], "No such option '--nope'", "`ollascope --help` shows what it takes"),
        (["version", "--nope"], "No such option '--nope'", "`ollascope version --help` shows what it takes"),
        (["version", "more"], "Got unexpected extra argument (more)", "`ollascope version --help` shows what it takes"),
        (
            ["completion"],
            "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish",
            "`ollascope completion --help` shows what it takes",
        ),
        (
            ["doctor", "--data", "x"],
            "No such option '--data'",
            "write it before the command: `ollascope --data … doctor`",
        ),
        (["doctor", "--html"], "Option '--html' requires an argument", "`ollascope doctor --help` shows what it takes"),
        (
            ["--data", "", "paths"],
            "Invalid value for '--data': The path is empty",
            "`ollascope --help` shows what it takes",
        ),
        (["-q", "-v", "version"], "--quiet and --verbose exclude each other", "leave one of them out"),
    ],
)
def test_wrong_words_are_one_line_and_a_hint(arguments, line, hint, capsys):
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[0].startswith(f"ollascope: {line}")
    assert told.err.splitlines()[-1] == f"  {hint}"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Trouble("it broke", hint="mend it"), 1),
        (ModelMissing("no model 'x'", hint="pull it"), 1),
        (VerdictNo("slower than the baseline", hint="see the report"), 3),
    ],
)
def test_trouble_in_a_command_is_one_line_a_hint_and_its_exit_code(planted, capsys, error, code):
    def action():
        raise error

    assert planted(action)() == code
    assert capsys.readouterr().err == f"ollascope: {error.message}\n  {error.hint}\n"


def test_bug_travels_up(planted):
    def action():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        planted(action)()


def test_ctrl_c_ends_cleanly(tmp_path):
    script = (
        "import sys, time, click\nfrom ollascope import cli\n"
        "@click.command()\ndef wait():\n    print('ready', flush=True)\n    time.sleep(30)\n"
        "sys.modules['planted'] = type(sys)('planted')\nsys.modules['planted'].wait = wait\n"
        "cli.COMMANDS['wait'] = cli.Entry('planted:wait', 'Wait.')\n"
        "sys.argv[1:] = ['wait']\ncli.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "ollascope: interrupted" in told.splitlines()
    assert "Traceback" not in told
    assert time.monotonic() - started < 10


def shell(line):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("ollascope", f"{sys.executable} -m ollascope")],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def test_reader_who_leaves_is_no_error():
    done = shell("ollascope -q settings show | head -n 1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["version", "--help", "settings show --json"])
def test_full_disk_under_the_output_is_one_line_and_a_hint(command):
    done = shell(f"ollascope {command} > /dev/full")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "ollascope: standard output cannot be written: No space left on device"
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_harm_nobody(closed):
    done = shell(f"ollascope version {closed}")
    assert (done.returncode, done.stderr) == (0, "")


def test_locale_that_cannot_show_a_character_gets_it_escaped(tmp_path):
    (tmp_path / "mine.yaml").write_text("addresses:\n  dashbord: 1\n", encoding="utf-8")
    done = ask("settings", "check", "mine.yaml", cwd=tmp_path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 2
    assert "\\u2014 did you mean dashboard?" in done.stdout + done.stderr


def test_group_without_a_command_shows_its_help(capsys):
    assert run(["settings"]) == 2
    assert "\nCommands:\n" in capsys.readouterr().err


def test_what_looks_like_a_secret_is_not_repeated(capsys):
    assert run(["ghp_abcdefghijklmnopqrstuvwxyz0123456789"]) == 2
    assert "ghp_" not in capsys.readouterr().err


def test_quiet_leaves_remarks_out(tmp_path, capsys):
    page = str(tmp_path / "checks.html")
    run(["--data", str(tmp_path / "data"), "doctor", "--html", page])
    assert "wrote" in capsys.readouterr().err
    run(["-q", "--data", str(tmp_path / "data"), "doctor", "--html", page])
    assert capsys.readouterr().err == ""


def test_verbose_tells_where_settings_come_from(tmp_path, capsys):
    assert run(["-v", "--data", str(tmp_path / "data"), "settings", "show"]) == 0
    assert str(tmp_path / "data") in capsys.readouterr().err


def test_main_py_module_and_command_are_one_program(tmp_path):
    by_file = subprocess.run(
        [sys.executable, ROOT / "main.py", "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    by_command = subprocess.run(
        [Path(sys.executable).parent / "ollascope", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert by_file.stdout == by_command.stdout == ask("--version").stdout


def test_foreign_platform_is_told_plainly(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "win32")
    assert run(["version"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "ollascope: Ollascope does not run on win32",
        "  it runs on Linux; on Windows use WSL; macOS is expected to work but not tested",
    ]


def completions(words):
    return ask(_OLLASCOPE_COMPLETE="bash_complete", COMP_WORDS=" ".join(words), COMP_CWORD=str(len(words) - 1)).stdout


@pytest.mark.parametrize(("words", "expected"), [(["ollascope", "doc"], "doctor"), (["ollascope", "--da"], "--data")])
def test_shell_completes(words, expected):
    assert f"plain,{expected}" in completions(words)


def test_completion_of_an_unknown_command_is_silent():
    done = ask(_OLLASCOPE_COMPLETE="bash_complete", COMP_WORDS="ollascope nosuch x", COMP_CWORD="2")
    assert done.stderr == ""


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_script_is_printed_for_each_shell(kind, capsys):
    assert run(["completion", kind]) == 0
    assert "_OLLASCOPE_COMPLETE" in capsys.readouterr().out


def test_completion_script_is_good_bash():
    script = ask("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
