"""The check `compiler`."""

import pytest

from ollascope.checks.machine.compiler import Tools, advice, check_compiler, find_tools, judge


def tools(compiler="g++", builder="make", cmake="cmake", engine_built=False):
    return Tools(compiler=compiler, builder=builder, cmake=cmake, engine_built=engine_built)


def program(folder, name):
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_missing_compiler_is_a_warning_that_says_how_to_install_it():
    finding = judge(tools(compiler=""), "do this")
    assert (finding.state, finding.hint) == ("warning", "do this")
    assert finding.text.startswith("no C++ compiler")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (tools(builder=""), "g++, cmake; a build fetches ninja"),
        (tools(cmake=""), "g++, make; a build fetches cmake"),
        (tools(builder="", cmake=""), "g++; a build fetches ninja and cmake"),
    ],
)
def test_what_a_build_fetches_by_itself_is_no_fault(found, text):
    finding = judge(found, "do this")
    assert (finding.state, finding.text, finding.hint) == ("ok", text, "")


def test_no_tool_is_needed_once_the_engine_is_built():
    finding = judge(tools(compiler="", engine_built=True), "do this")
    assert (finding.state, finding.hint) == ("ok", "")


def test_all_tools_are_ok_and_named():
    finding = judge(tools(), "do this")
    assert (finding.state, finding.text, finding.hint) == ("ok", "g++, make, cmake", "")


def test_tools_are_found_on_the_path(tmp_path):
    program(tmp_path, "clang++")
    program(tmp_path, "ninja")
    assert find_tools(engine_built=False, path=str(tmp_path)) == tools("clang++", "ninja", "")


def test_file_that_cannot_be_run_is_no_tool(tmp_path):
    (tmp_path / "g++").write_text("")
    assert find_tools(engine_built=False, path=str(tmp_path)).compiler == ""


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, "apt-get install"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "apt-get install"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf install"),
        ({"ID": "opensuse-leap", "ID_LIKE": "suse opensuse"}, "zypper install"),
        ({"ID": "opensuse-tumbleweed"}, "zypper install"),
        ({"ID": "arch"}, "pacman -S"),
        ({"ID": "alpine"}, "apk add"),
        ({"ID": "somethingelse"}, "with the package manager of this system"),
        ({}, "xcode-select --install"),
    ],
)
def test_hint_names_the_command_of_the_distribution(release, command):
    assert command in advice(release)


def test_this_machine_is_told(around):
    assert check_compiler(around()).id == "compiler"
