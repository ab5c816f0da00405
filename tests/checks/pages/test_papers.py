"""Documents beside the program: those of one folder, by name."""

import pytest

from ollascope.checks.pages.papers import papers, read_paper


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.md").write_text("# Secret")
    inside = tmp_path / "docs"
    inside.mkdir()
    (inside / "b.md").write_text("# Alerts\n\ntext")
    (inside / "a.md").write_text("no heading")
    (inside / "c.txt").write_text("# Not ours")
    return inside


@pytest.mark.parametrize("name", ["../secret", "c", "", "b.md", "/etc/passwd", "b\x00"])
def test_nothing_but_documents_of_the_folder_is_read(folder, name):
    assert read_paper(folder, name) is None


def test_documents_are_told_by_their_headings(folder):
    assert [(each.name, each.title) for each in papers(folder)] == [("a", "a"), ("b", "Alerts")]
    assert read_paper(folder, "b") == "# Alerts\n\ntext"


def test_absent_folder_has_no_documents(tmp_path):
    assert papers(tmp_path / "none") == []
