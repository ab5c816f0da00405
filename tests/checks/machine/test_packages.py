"""The check `packages`, on folders of metadata as pip leaves them."""

import pytest

from ollascope.checks.machine.packages import check_packages, look

OURS = """Requires-Dist: click<9,>=8.2
Requires-Dist: PyYAML>=6
Requires-Dist: colorama; sys_platform == "win32"
Requires-Dist: llama-cpp-python==0.3.36; extra == "llamacpp"
Requires-Dist: click; extra == "dev"
Provides-Extra: llamacpp
Provides-Extra: dev
"""


@pytest.fixture
def site(tmp_path):
    """A folder of packages in which Ollascope, click and PyYAML are as they should be."""
    install(tmp_path, "ollascope", "0.1.0", OURS)
    install(tmp_path, "click", "8.2.1")
    install(tmp_path, "PyYAML", "6.0.2")
    return tmp_path


def install(site, name, version, rest=""):
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{rest}")
    return folder


def remove(site, pattern):
    for folder in site.glob(pattern):
        folder.rename(site / "gone")


def test_missing_package_is_a_problem_with_the_command(site):
    remove(site, "click-*")
    finding = look([str(site)])
    assert finding.state == "problem"
    assert finding.text == "1 of 2 do not fit: click is missing (needs <9,>=8.2)"
    assert finding.hint == "python -m pip install 'click<9,>=8.2'"
    assert finding.facts["packages"] == {"click": None, "PyYAML": "6.0.2"}


def test_package_out_of_range_is_a_problem(site):
    remove(site, "click-*")
    install(site, "click", "7.1.2")
    finding = look([str(site)])
    assert finding.state == "problem"
    assert "click 7.1.2 (needs <9,>=8.2)" in finding.text


def test_everything_there_is_ok_and_extras_are_told(site):
    finding = look([str(site)])
    assert (finding.state, finding.hint) == ("ok", "")
    assert finding.text == "2 required packages fit; extras: dev installed, llamacpp not installed"


def test_extra_that_is_there_is_told(site):
    install(site, "llama_cpp_python", "0.3.36")
    assert look([str(site)]).facts["extras"] == {"llamacpp": True, "dev": True}


def test_extra_out_of_range_is_not_there(site):
    install(site, "llama_cpp_python", "0.2.0")
    assert look([str(site)]).facts["extras"] == {"llamacpp": False, "dev": True}


def test_prerelease_of_a_requirement_counts(site):
    remove(site, "click-*")
    install(site, "click", "8.3.0rc1")
    assert look([str(site)]).state == "ok"


def test_ollascope_that_is_no_package_is_unknown(tmp_path):
    finding = look([str(tmp_path)])
    assert finding.state == "unknown"
    assert "pip install -e ." in finding.hint


@pytest.mark.parametrize("rest", ["Requires-Dist: click >>> 8\n", "Requires-Dist:\n", ""])
def test_broken_metadata_of_ollascope_is_unknown(tmp_path, rest):
    install(tmp_path, "ollascope", "0.1.0", rest)
    finding = look([str(tmp_path)])
    assert finding.state == "unknown"
    assert "metadata" in finding.text
    assert "\n" not in finding.text


@pytest.mark.parametrize("text", [b"", b"Name: click\n", b"Name: click\nVersion: not a version\n", b"\xff\xfe\x00"])
def test_broken_metadata_of_a_requirement_is_unknown(site, text):
    (next(site.glob("click-*")) / "METADATA").write_bytes(text)
    finding = look([str(site)])
    assert finding.state == "unknown"
    assert "metadata" in finding.text


def test_metadata_that_is_gone_is_unknown(site):
    (next(site.glob("click-*")) / "METADATA").unlink()
    assert look([str(site)]).state == "unknown"


def test_packages_of_this_environment_fit(around):
    assert check_packages(around()).state == "ok"
