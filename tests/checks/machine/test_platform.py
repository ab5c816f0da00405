"""The check `platform`."""

import pytest

from ollascope.checks.machine.platform import System, check_platform, judge, os_release

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n'


def system(name="Linux", release="6.1.0-18-amd64", machine="x86_64"):
    return System(name=name, release=release, machine=machine)


def test_linux_is_supported():
    finding = judge(system())
    assert (finding.state, finding.hint) == ("ok", "")
    assert finding.text == "Linux 6.1.0-18-amd64 on x86_64"


def test_wsl2_is_a_linux():
    assert judge(system(release="5.15.153.1-microsoft-standard-WSL2")).state == "ok"


def test_wsl1_is_a_warning_that_names_the_command():
    finding = judge(system(release="4.4.0-19041-Microsoft"))
    assert finding.state == "warning"
    assert "wsl --set-version" in finding.hint


def test_macos_is_expected_to_work_but_not_tested():
    finding = judge(system(name="Darwin", release="24.1.0", machine="arm64"))
    assert finding.state == "warning"
    assert "expected to work, but not tested" in finding.text


@pytest.mark.parametrize("name", ["Windows", "CYGWIN_NT-10.0", "MINGW64_NT-10.0", "MSYS_NT-10.0"])
def test_windows_is_sent_to_wsl(name):
    finding = judge(system(name=name))
    assert finding.state == "problem"
    assert "wsl --install" in finding.hint


@pytest.mark.parametrize("name", ["FreeBSD", "SunOS", ""])
def test_other_systems_are_refused_plainly(name):
    finding = judge(system(name=name))
    assert finding.state == "problem"
    assert "not supported" in finding.text
    assert "Linux" in finding.hint


def test_distribution_comes_from_os_release(around, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(DEBIAN)
    assert check_platform(around(root=tmp_path)).facts["distribution"] == "Debian GNU/Linux 12 (bookworm)"


def test_os_release_in_usr_lib_is_found_too(tmp_path):
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text("ID=fedora\n# ID=other\n")
    assert os_release(tmp_path) == {"ID": "fedora"}


def test_os_release_with_odd_lines_is_still_read(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_bytes(b"no pair\n\xff=1\nNAME=\"open\nID='arch'\n")
    assert os_release(tmp_path)["ID"] == "arch"
    assert os_release(tmp_path)["NAME"] == '"open'


def test_no_os_release_says_nothing(tmp_path):
    assert os_release(tmp_path) == {}
