"""A page is one file that asks for nothing, escapes what it is given and says the same as the text."""

import re
from html.parser import HTMLParser

import pytest

from ollascope.reports.page import page, save_page
from ollascope.reports.parts import Banner, Chart, Facts, Report, Table, Text
from ollascope.reports.terminal import lines
from ollascope.reports.words import chinese
from ollascope.words.errors import Trouble

EVIL = "<script>alert(1)</script>&\"'"
PARTS = (
    Banner(tone="problem", title=EVIL, lines=[EVIL]),
    Facts(title="facts", rows=[("requests", "12"), (EVIL, EVIL)], big=True),
    Table(title="table", headers=["name", "value"], rows=[(EVIL, "1.5"), ("b", "10")], right=[1], note=EVIL),
    Chart(title="chart", svg="<svg></svg>", note=EVIL, figures=Table(headers=["x"], rows=[("7",)])),
    Text(title="text", lines=[EVIL]),
)


class Strict(HTMLParser):
    VOID = ("meta", "br", "hr", "link", "input", "img")

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(text):
    reader = Strict()
    reader.feed(text)
    assert reader.open == []
    return reader.seen


def test_page_runs_nothing_and_asks_for_nothing():
    text = page(Report(title=EVIL, about=EVIL, parts=PARTS))
    tags = read(text)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    assert not [attrs for _, attrs in tags if {"src", "href", "onclick"} & attrs.keys()]
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_page_speaks_its_language():
    assert '<html lang="zh-CN">' in page(Report(title="x", language="zh"))
    assert "由 Ollascope 生成" in page(Report(title="x", language="zh"))


def test_text_says_what_the_page_says():
    told = list(lines(Report(title="A title", about="About it", parts=PARTS)))
    assert told[:2] == ["A title", "About it"]
    assert f"✗ {EVIL}" in told
    assert "name" in " ".join(told)
    assert any(line.endswith(" 1.5") for line in told)
    assert not any("<svg>" in line for line in told)


def test_page_is_written_whole_or_not_at_all(tmp_path):
    save_page(Report(title="x"), tmp_path / "x.html")
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(Trouble):
        save_page(Report(title="x"), tmp_path / "absent" / "x.html")


def test_catalogue_is_in_order_and_keeps_the_places_of_its_texts():
    words = chinese()
    assert list(words) == sorted(words)
    for english, text in words.items():
        # each place has a name, so a sentence may have them in the order that its language wants
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", text)), english
