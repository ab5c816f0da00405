"""The page of findings stands alone, shows everything and lets nothing through unescaped."""

import os
import re
import resource

import pytest

from ollascope.checks.finding import Finding
from ollascope.checks.page import page, write_page
from ollascope.words.clock import Clock
from ollascope.words.errors import BadUsage, StorageTrouble

FINDINGS = [
    Finding(id="memory", state="ok", text="11.2 GiB of 23.5 GiB free"),
    Finding(id="ports", state="problem", text="<script>alert(1)</script>", hint='set "addresses.dashboard"'),
]


def test_page_shows_every_finding_with_its_hint():
    made = page(FINDINGS, "2026-11-21T08:15:30.250Z")
    assert "11.2 GiB of 23.5 GiB free" in made
    assert "set &#34;addresses.dashboard&#34;" in made
    assert "2 checks: 1 ok, 1 problem" in made
    assert "2026-11-21T08:15:30.250Z" in made


def test_text_of_a_finding_is_never_markup():
    assert "<script" not in page(FINDINGS, "now")


def test_page_needs_nothing_from_elsewhere():
    assert re.findall(r"(?:src|href)=|url\(|@import|https?://", page(FINDINGS, "now")) == []


def test_page_of_no_findings_is_a_page():
    assert "nothing was checked" in page([], "now")


def test_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageTrouble) as failed:
        write_page(FINDINGS, tmp_path / "nowhere" / "checks.html", Clock())
    assert "nowhere" in failed.value.message
    assert failed.value.hint


def test_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadUsage, match="is not a file"):
        write_page(FINDINGS, tmp_path / "pipe", Clock())


def test_page_of_before_stays_whole_when_there_is_no_room(tmp_path):
    (tmp_path / "checks.html").write_text("before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(StorageTrouble):
            write_page(FINDINGS, tmp_path / "checks.html", Clock())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("checks.html", "before")]


def test_page_is_written_where_a_link_leads(tmp_path):
    (tmp_path / "real.html").write_text("before")
    (tmp_path / "link.html").symlink_to("real.html")
    write_page(FINDINGS, tmp_path / "link.html", Clock())
    assert (tmp_path / "link.html").is_symlink()
    assert "2 checks" in (tmp_path / "real.html").read_text(encoding="utf-8")


def test_name_in_the_message_cannot_act_on_a_terminal(tmp_path):
    with pytest.raises(StorageTrouble) as failed:
        write_page(FINDINGS, tmp_path / "no\x1b[2Jwhere" / "checks.html", Clock())
    assert failed.value.message.isprintable()
