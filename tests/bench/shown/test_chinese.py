"""Every sentence about a run stands in Chinese: reasons with their figures, pages, terminal, and the quick answer."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ollascope.bench.asked import Asked, Ends, Goals, Lengths, Level, Load, Wording
from ollascope.bench.quick import answer
from ollascope.bench.quick.limit import RULES, UNKNOWN, Limit
from ollascope.bench.result import Reason
from ollascope.bench.shown import figures, machine, told
from ollascope.bench.shown.reasons import MEANINGS, hint_text, reason_text, verdict_banner
from ollascope.bench.shown.report import report_of
from ollascope.bench.shown.screen import screen_of
from ollascope.bench.verdict.sayings import SAYINGS
from ollascope.reports.parts import Banner, Chart, Facts, Table, Text
from ollascope.reports.words import chinese, word
from tests.bench.shown.made import TARGET, bad, bare, result, sweep

ROOT = Path(__file__).parents[3] / "src" / "ollascope" / "bench"
SENTENCES = [text for saying in SAYINGS.values() for text in (saying.template, saying.hint) if text]
LEFT_OVER = re.compile(r"[a-z]{2,},? [a-z]{2,}")
ASKED = Asked(
    target=TARGET, load=Load(levels=(Level(rate=1, until_rate=5, seconds=9),), arrival="gamma", most_at_once=9),
    wording=Wording(source="synthetic", tongue="mixed", tokens_in=Lengths(mean=9, spread=2, shape="lognormal"),
                    max_tokens=Lengths(mean=9), prefix_tokens=5, think=True),
    ends=Ends(seconds=9, requests=9, errors=9, tokens=9, warm_up_s=1, warm_up_requests=1, cool_down_s=1),
    goals=Goals(ttft_s=1, total_s=1, tpot_s=1, gap_s=1),
)  # fmt: skip


def clean(one, **changes):
    """A result without what others say in their own words."""
    return replace(one, reasons=(), prompts=(), versions={}, machine={}, **changes)


def words_of(part):
    """All that a part says."""
    if isinstance(part, Banner | Text):
        return [part.title, *part.lines]
    if isinstance(part, Facts):
        return [part.title, *(text for row in part.rows for text in row)]
    if isinstance(part, Table):
        return [part.title, part.note, *part.headers, *(text for row in part.rows for text in row)]
    assert isinstance(part, Chart)
    below = words_of(part.figures) if part.figures else []
    return [part.title, part.note, *below, *re.findall(r">([^<]+)</text>", part.svg)]


def english_in(report):
    """What still reads as English."""
    texts = [report.title, *(text for part in report.parts for text in words_of(part))]
    return sorted({text for text in texts if LEFT_OVER.search(re.sub(r"`[^`]*`", "", text))})


@pytest.mark.parametrize("text", SENTENCES)
def test_every_reason_and_hint_has_a_translation(text):
    assert text in chinese()


@pytest.mark.parametrize("code", SAYINGS)
def test_figures_of_a_reason_stand_in_its_translation(code):
    template = SAYINGS[code].template
    figures = {name: f"<{name}>" for name in re.findall(r"{(\w+)}", template)}
    reason = Reason(code=code, weight="note", text=template.format(**figures), hint=SAYINGS[code].hint,
                    figures=figures, template=template)  # fmt: skip
    text = reason_text(reason, "zh")
    assert not LEFT_OVER.search(text)
    assert all(f"<{name}>" in text for name in figures)
    assert not reason.hint or not LEFT_OVER.search(re.sub(r"`[^`]*`", "", hint_text(reason, "zh")))


def test_phrase_among_the_figures_is_translated_too():
    template = SAYINGS["not-steady"].template
    reason = Reason(code="not-steady", weight="limited", text="x", template=template,
                    figures={"what": "time to first token", "drift": "20 %"})  # fmt: skip
    assert "首词元时间" in reason_text(reason, "zh")


@pytest.mark.parametrize("figures", [{}, {"failed": 3}])
def test_reason_of_another_version_that_lacks_a_figure_is_told_in_english(figures):
    template = SAYINGS["errors"].template
    reason = Reason(code="errors", weight="limited", text="as it was told", template=template, figures=figures)
    assert reason_text(reason, "zh") == "as it was told"


def test_reason_that_no_catalogue_knows_is_told_in_english():
    reason = Reason(code="new", weight="invalid", text="something new", template="something {kind}")
    assert verdict_banner(replace(result(), reasons=(reason,)), "zh").lines == ["something new"]


@pytest.mark.parametrize(
    "results",
    [[result()], [sweep()], [bad()], [bare()], [result(), sweep(), bad()], [result(asked=ASKED)]],
    ids=["one", "sweep", "bad", "bare", "several", "everything asked"],
)
def test_page_and_terminal_have_no_english_sentence_left(results):
    results = [clean(one) for one in results]
    assert english_in(report_of(results, "zh")) == []
    assert english_in(screen_of(results, "zh", details=True)) == []


@pytest.mark.parametrize("results", [[result(), sweep()], [bad()], [bare()]])
def test_quick_answer_has_no_english_sentence_left(results):
    results = [clean(one) for one in results]
    assert english_in(answer(results, results[0], "zh")) == []


def literals(path, function):
    """The texts that a file hands to a function, by position or name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            for given in [*node.args[:1], *(one.value for one in node.keywords if one.arg != "code")]:
                yield from (
                    one.value for one in ast.walk(given) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )


def test_every_fixed_word_has_a_translation():
    paths = [*ROOT.glob("shown/*.py"), *ROOT.glob("quick/*.py")]
    asked = {text for path in paths for text in literals(path, "word")} - {"INVALID"}
    tables = (figures.NAMES, figures.HEADERS, told._GOALS, told._ARRIVALS, MEANINGS)
    asked |= {text for table in tables for text in table.values()}
    asked |= {text for name, _, lines in machine._PANELS for text in (name, *lines)}
    asked |= {text for text in literals(ROOT / "quick" / "limit.py", "Limit") if " " in text}
    assert sorted(text for text in asked if text and text not in chinese()) == []


def test_every_limit_reads_in_chinese():
    assert len(RULES) == 10
    assert isinstance(UNKNOWN, Limit)
    for text in (UNKNOWN.text, UNKNOWN.evidence, UNKNOWN.advice):
        assert word(text, "zh") != text


def test_english_would_be_seen():
    assert len(english_in(report_of([clean(sweep())]))) > 20
