"""Everything that pages say, failures too, is in the catalogue: no text outside of it, none without a translation."""

import ast
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from ollascope.checks.finding import SEVERITY
from ollascope.reports.told import said
from ollascope.reports.words import chinese
from ollascope.web.failing import SAID
from ollascope.web.frame import SCRIPT_WORDS
from ollascope.web.joint import ENTRIES
from ollascope.web.table import ROOMS
from ollascope.words.alerts import Severity
from tests.web.site import make_site

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "ollascope"
ALONE = {"reports", "checks"}  # pages that leave this machine, in the language they are made for
TEMPLATES = [path for path in sorted((ROOT / "templates").glob("*/*.html")) if path.parent.name not in ALONE]
CALL = re.compile(r"""\b_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
ANY_CALL = re.compile(r"\b_\(")
NAMES = {"Ollascope", "DEMO", "GPU", "CPU", "TTFT", "p50", "p95", "JSON"}  # the same in every language
SHOWN = {"title", "aria-label", "placeholder", "alt", "label", "data-confirm"}
SILENT = {"code", "style", "script", "kbd"}
LETTERS = re.compile(r"[A-Za-z]{2,}")
ENGLISH = re.compile(r'lang="en"[^>]*>[^<]*{{[^}]*\b(?:trouble|hint|reason|farewell)\b')  # what `ui.told` is for


class Texts(HTMLParser):
    """The texts of a template once everything that Jinja fills in is gone."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in SILENT:
            self.open.append(tag)
        self.found += [text for name, text in attrs if name in SHOWN and text]

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if not self.open:
            self.found.append(data)


def untranslatable(text):
    """Texts of a template that no language can change."""
    plain = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
    reader = Texts()
    reader.feed(plain)
    words = [word for piece in reader.found for word in LETTERS.findall(piece)]
    return [word for word in words if word not in NAMES]


def said_in_template(text):
    return [ast.literal_eval(found) for found in CALL.findall(text)]


def said_in_python(text):
    """What `word(…)` is given, as a plain string."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "word" and node.args:
            yield node.args[0]


def pages_modules():
    return [*sorted((SOURCE / "web").rglob("*.py")), *sorted(SOURCE.glob("*/web.py"))]


def everything_said():
    for path in TEMPLATES:
        yield from ((path.name, text) for text in said_in_template(path.read_text(encoding="utf-8")))
    for path in pages_modules():
        for given in said_in_python(path.read_text(encoding="utf-8")):
            if isinstance(given, ast.Constant):
                yield path.name, given.value
    yield from (("page.js", text) for text in SCRIPT_WORDS)
    yield from (("navigation", text) for text in ENTRIES.values())
    yield from (("failing.py", text) for pair in SAID.values() for text in pair)
    yield from (("now_parts.html", text) for text in (*SEVERITY, *get_args(Severity)))


def tab_labels():
    for path in pages_modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Tab":
                yield from (key.value.value for key in node.keywords if key.arg == "label")


def test_every_text_of_pages_has_a_translation():
    missing = sorted({text for _, text in everything_said() if text not in chinese()})
    assert missing == []


def test_every_tab_has_a_translation():
    assert sorted({label for label in tab_labels() if label not in chinese()}) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_template_says_nothing_outside_of_the_catalogue(path):
    assert untranslatable(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted", ["<p>Hello there</p>", '<a title="Hello">{{ x }}</a>', "{% if x %}Hello{% endif %}"]
)
def test_planted_text_is_found(planted):
    assert untranslatable(planted)


def test_translated_text_is_not_complained_about():
    assert untranslatable('<p title="{{ _("Hello") }}">{{ _("there") }} <code>ollascope up</code></p>') == []


def test_translations_keep_the_values_of_their_texts():
    def fields(text):
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    wrong = [text for text, said in chinese().items() if fields(text) != fields(said)]
    assert wrong == []


def test_no_two_files_translate_a_text_differently():
    known = {}
    for path in sorted((ROOT / "templates").glob("*/zh.json")):
        for text, translation in json.loads(path.read_text(encoding="utf-8")).items():
            assert known.setdefault(text, translation) == translation, (
                f"{text!r} is said in two ways, the second time in {path}"
            )


def test_rooms_of_the_table_are_there():
    for path in ROOMS.values():
        module, _, _ = path.partition(":")
        assert (ROOT / "src" / Path(*module.split("."))).with_suffix(".py").is_file()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_template_tells_failures_in_the_language_of_the_reader(path):
    assert ENGLISH.findall(path.read_text(encoding="utf-8")) == []


def test_everything_that_http_refuses_is_told():
    number = "0a1b2c3d"
    texts = {text for what, hint in SAID.values() for text in (what, f"{what} ({number})", hint)}
    assert {text for text in texts if said(text, "zh").language == "en"} == set()


def test_failure_of_a_page_is_told_in_chinese(tmp_path):
    site = make_site(tmp_path, "dashboard.language=zh")
    text = site.client.get("/nothing").text
    assert '<h1><span lang="zh-CN">没有这个页面</span></h1>' in text
    text = site.client.get("/system/settings?q=" + "x" * 201).text
    assert "搜索内容太长" in text
    assert "that is too long" not in text


def test_failure_that_nobody_translated_says_that_it_is_english(tmp_path):
    site = make_site(tmp_path, "dashboard.language=zh")
    with site.made.app.test_request_context("/"):
        told = site.made.app.jinja_env.get_template("web/macros.html").module.told
        assert (
            told("the wombat sleeps", "<b>")
            == '<span lang="en">the wombat sleeps</span>. <span lang="en">&lt;b&gt;</span>'
        )


def test_script_of_a_page_is_answered_in_chinese_and_a_program_in_english(tmp_path):
    site = make_site(tmp_path, "dashboard.language=zh")
    asked = "/api/v1/models/unload"
    assert "缺少 model" in site.send("POST", asked, {}).json["error"]["message"]
    answer = site.client.get("/api/v1/calls?limit=none")
    assert answer.json["error"]["message"] == "limit is no integer"
