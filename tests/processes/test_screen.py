"""Links, browser and tunnel: each only where it makes sense."""

import os
import pty
import select
import shutil
import signal

import pytest

from ollascope.processes.screen import browse, can_link, has_display, link, tunnel
from tests.processes.stage import children_of, command_line, heard, until

PAGE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "xterm-256color", "VTE_VERSION": "6800"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"},
        {"TERM": "xterm-256color", "WT_SESSION": "x"},
        {"TERM": "xterm-256color", "KONSOLE_VERSION": "220401"},
        {"TERM": "xterm-kitty"},
    ],
)
def test_terminal_that_knows_links_gets_one(environ):
    assert can_link(environ)
    assert link(PAGE, environ, is_terminal=True) == f"\x1b]8;;{PAGE}\x1b\\{PAGE}\x1b]8;;\x1b\\"
    assert link(PAGE, environ, is_terminal=False) == PAGE


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TERM": "dumb", "VTE_VERSION": "6800"},
        {"TERM": "xterm-256color"},
        {"TERM": "xterm-256color", "VTE_VERSION": "4800"},
        {"TERM": "xterm-256color", "VTE_VERSION": "many"},
        {"TERM": "xterm-256color", "KONSOLE_VERSION": "9" * 5000},
        {"TERM": "screen-256color", "VTE_VERSION": "6800"},
        {"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"},
        {"TERM": "linux"},
    ],
)
def test_terminal_that_may_not_know_links_gets_plain_text(environ):
    assert link(PAGE, environ, is_terminal=True) == PAGE


@pytest.mark.parametrize(
    ("environ", "platform", "there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a 1 b 22"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_TTY": "/dev/pts/0"}, "darwin", False),
    ],
)
def test_screen_is_there_for_who_sits_before_it(environ, platform, there):
    assert has_display(environ, platform) is there


@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({}, "ssh -N -L 8080:127.0.0.1:8080 ada@box"),
        ({"SSH_CONNECTION": "10.0.0.9 52100 10.0.0.5 22"}, "ssh -N -L 8080:127.0.0.1:8080 ada@10.0.0.5"),
        ({"SSH_CONNECTION": "10.0.0.9 52100 10.0.0.5 2222"}, "ssh -N -L 8080:127.0.0.1:8080 -p 2222 ada@10.0.0.5"),
        ({"SSH_CONNECTION": "broken"}, "ssh -N -L 8080:127.0.0.1:8080 ada@box"),
        ({"SSH_CONNECTION": "a 1 $(reboot) 22"}, "ssh -N -L 8080:127.0.0.1:8080 'ada@$(reboot)'"),
    ],
)
def test_tunnel_leads_from_where_the_person_came(environ, command):
    assert tunnel(environ, "ada", "box", [("127.0.0.1", 8080)]) == command


def test_tunnel_of_two_addresses_is_one_command():
    places = [("127.0.0.1", 1), ("::1", 2)]
    assert tunnel({}, "ada", "box", places) == "ssh -N -L 1:127.0.0.1:1 -L 2:[::1]:2 ada@box"


def test_browser_is_opened_with_the_address_alone(tmp_path):
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opened\n')
    opener.chmod(0o755)
    process = browse(PAGE, "linux", lambda name: str(opener) if name == "xdg-open" else None)
    assert process.wait(20) == 0
    assert (tmp_path / "opened").read_text() == f"{PAGE}\n"


def test_desktop_without_an_opener_is_no_error(tmp_path):
    assert browse(PAGE, "linux", lambda _name: None) is None
    assert browse(PAGE, "linux", lambda _name: str(tmp_path / "gone")) is None
    assert browse(PAGE, "darwin", lambda name: None if name == "open" else shutil.which("true")) is None


@pytest.fixture
def desktop(tmp_path):
    """A desktop whose browser writes down what it is asked for."""
    (tmp_path / "bin").mkdir()
    opener = tmp_path / "bin" / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    opener.chmod(0o755)
    return {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "DISPLAY": ":7"}


def test_browser_is_opened_once_on_a_desktop(command, page, desktop, tmp_path):
    process = command({"dashboard": page}, "up", environ=desktop)
    text = heard(process, "Ctrl-C")
    opened = until(lambda: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text())
    assert opened.strip() in text
    child = next(pid for pid in children_of(process.pid) if "serve" in command_line(pid))
    os.kill(child, signal.SIGKILL)
    heard(process, "dashboard   http://")
    assert (tmp_path / "opened").read_text() == opened


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (["up", "--no-browser"], {}),
        (["up"], {"SSH_CONNECTION": "a 1 b 22"}),
    ],
)
def test_browser_is_not_opened_where_nobody_wants_it(command, page, desktop, tmp_path, words, environ):
    process = command({"dashboard": page}, *words, environ=desktop | environ)
    heard(process, "Ctrl-C")
    process.terminate()
    process.communicate(timeout=50)
    assert not (tmp_path / "opened").exists()


def test_person_who_came_over_ssh_gets_the_way_to_the_page(command, page):
    process = command({"dashboard": page}, "up", environ={"SSH_CONNECTION": "10.0.0.9 5000 10.0.0.5 2222"})
    text = heard(process, "Ctrl-C")
    assert "ssh -N -L" in text
    assert "-p 2222" in text
    assert "@10.0.0.5" in text


def test_service_without_a_terminal_prints_no_hints_for_people(command, page):
    text = heard(command({"dashboard": page}, "up"), "Ctrl-C")
    assert "ssh" not in text


def test_address_is_a_link_on_a_terminal_that_knows_links(command, page):
    ours, theirs = pty.openpty()
    process = command({"dashboard": page}, "up", stdout=theirs, stderr=theirs, environ={"TERM": "xterm-kitty"})
    os.close(theirs)
    text = b""
    while b"Ctrl-C" not in text:
        assert select.select([ours], [], [], 30)[0]
        text += os.read(ours, 4096)
    assert b"\x1b]8;;http://127.0.0.1:" in text
    process.terminate()
    process.wait(50)
    os.close(ours)
