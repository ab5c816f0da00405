"""The page of findings stands alone, shows everything and lets nothing through unescaped."""

import re

import pytest

from ollascope.checks.finding import Finding
from ollascope.checks.page import page, write_page
from ollascope.words.clock import Clock
from ollascope.words.errors import StorageTrouble

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
