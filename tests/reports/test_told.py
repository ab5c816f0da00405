"""What goes wrong is told in Chinese, too: every text of the source has a translation, and each finds its own."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.reports.told import HOLE, LONGEST, SLOT, said, sayings
from ollascope.settings.data import PLACES
from ollascope.settings.fields import leaves
from ollascope.settings.load import resolve
from ollascope.wire import SECTIONS
from tests.reports.texts import read_module, texts_in, texts_of

ROOT = Path(__file__).parent.parent.parent
FILES = sorted((ROOT / "templates").glob("*/said.zh.json"))
ROOMS = ("apis", "bench", "checks", "engines", "ledger", "logs", "monitor", "pipe", "processes", "registry", "serve",
         "settings", "web", "words")  # fmt: skip
COMMANDS = {  # and names: the same in every language
    "Ollama {}", "chmod 700 {}", "ollascope models pull {}", "ollascope models pull qwen3:0.6b",
    "python -m pip install {}",
}  # fmt: skip
LOOSE = {"{} has no {}", "folder {} {}"}  # too little to go by: what can stand there has lines of its own
MIXED = re.compile(r"(mistake|warning)s? set$|\} values?: |\} (mistakes|warnings): \{")  # words of different callers
PROMISE_S = 0.02


def example(pattern):
    """A text of this pattern: values that no catalogue knows."""
    return "".join(
        piece + (f"§{number}" if number < pattern.count(HOLE) else "")
        for number, piece in enumerate(pattern.split(HOLE))
    )


def english_in(text):
    """Runs of English words in a translation that no translator wrote: what was not known of it."""
    plain = re.sub(r"`[^`]*`", " ", text)
    runs = re.findall(r"(?<![-\w./:=])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![-\w./:=])", plain)
    return [run for run in runs if not any(run in translation for translation in sayings().values())]


def is_told(pattern):
    """Whether a text of this pattern is shown in Chinese, whole; what follows a folder's name alone counts, too."""
    for text in (example(pattern), f"§9 {example(pattern)}", f"folder §9 {example(pattern)}"):
        shown = said(text, "zh")
        if shown.language == "zh" and not english_in(shown.text):
            return set(re.findall(r"§\d", text)) <= set(re.findall(r"§\d", shown.text))
    return False


def untold(texts):
    return [
        f"{text.place}: {text.pattern}"
        for text in texts
        if text.pattern not in COMMANDS | LOOSE and not MIXED.search(text.pattern) and not is_told(text.pattern)
    ]


def planted(folder, source):
    path = folder / "planted.py"
    path.write_text(source, encoding="utf-8")
    return texts_in([read_module(path)])


# ---- bad input


@pytest.mark.parametrize("text", ["", " ", "\n", "{}", "§", ": ", "; ", "nobody ever wrote this of a machine"])
def test_unknown_text_stays_as_it_is(text):
    shown = said(text, "zh")
    assert (shown.text, shown.language) == (text, "en")


def test_long_text_is_not_looked_up():
    text = "nothing answers at §: " + "x" * LONGEST
    assert said(text, "zh").language == "en"


HOSTILE = (
    "; ".join(["a"] * 1333), ": " * 2000, " is ; , . : " * 330, "the the " * 500, "(" * 2000 + ")" * 2000,
    "\n".join(["x is no y: z"] * 300), " — ".join(["a is b; c"] * 300), "{} is {}, " * 400, "is no " * 700,
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE) + 3))
def test_hostile_text_costs_little(number):
    known = sorted(sayings())
    mixed = [sign.join(known[at * 13 % len(known)] for at in range(100)) for sign in ("; ", ", ", ": ")]
    text = [*HOSTILE, *mixed][number][:LONGEST]
    said("anything", "zh")  # the catalogue is read before the clock runs
    began = time.perf_counter()
    said.__wrapped__(text, "zh")
    assert time.perf_counter() - began < 20 * PROMISE_S


@given(st.text(max_size=200))
def test_any_text_is_told_in_some_way(text):
    assert said(text, "en").text == text
    shown = said(text, "zh")
    assert shown.language == "zh" or shown.text == text


# ---- how it is told


def test_english_stays_english():
    assert said("no Ollama answers", "en").text == "no Ollama answers"


def test_values_stay_as_they_are():
    shown = said("nothing answers at http://10.0.0.7:11434: 不明", "zh")
    assert shown.text == "http://10.0.0.7:11434 无应答：不明"
    assert shown.language == "zh"


def test_value_that_is_a_known_text_is_told_too():
    assert said("nothing answers at §: connection refused", "zh").text == "§ 无应答：连接被拒绝"


def test_values_stand_where_the_translation_puts_them():
    assert said("2 GiB of 8 GiB free at /data", "zh").text == "/data 可用 2 GiB，共 8 GiB"


def test_joined_texts_are_told_one_by_one():
    shown = said("no Ollama answers; name another; port 80 is in use on ::1", "zh").text
    assert shown == "没有 Ollama 应答；请指定其他名称；::1 上的端口 80 已被占用"


def test_lines_are_told_one_by_one():
    shown = said("2 mistakes in the settings\na.yaml:3: name: is an empty path — write the whole path", "zh").text
    assert shown == "设置中有 2 处错误\na.yaml:3: name：是空路径——请写完整路径"


def test_parts_of_the_same_kind_are_told_apart():
    own = "{} 127.0.0.1:{} is Ollascope's own, {} (pid {})"
    text = "; ".join([own.format("dashboard", 8080, "dashboard", 5), own.format("monitor", 9464, "monitor", 6)])
    assert said(text, "zh").text == (
        "dashboard 127.0.0.1:8080 由 Ollascope 自己使用（dashboard (pid 5)）；"
        "monitor 127.0.0.1:9464 由 Ollascope 自己使用（monitor (pid 6)）"
    )


def test_part_that_is_not_known_stays_among_the_others():
    assert (
        said("no Ollama answers; the moon is full tonight", "zh").text == "没有 Ollama 应答；the moon is full tonight"
    )


def test_pattern_that_explains_more_wins():
    assert said("§ is a file, not a folder", "zh").text == "§ 是文件，不是文件夹"
    assert said("there is nothing to remove; `ollascope paths` tells what lies where", "zh").text.startswith(
        "没有可删除"
    )


def test_short_pattern_is_not_looked_for_in_a_value():
    shown = said("nothing answers at §: write more than is good", "zh").text
    assert shown.endswith("：write more than is good")


def test_alert_of_an_anomaly_is_told_whole():
    reason = ("tokens per second of qwen3:0.6b at ollama: 12.1 tokens/s, usually 30 tokens/s, 0.40 times, "
              "for 4 windows; distance from usual z -7.1 (limit 3); CUSUM 9.2 (limit 5); 9 of 10 values beyond the "
              "usual range (by chance below 1e-12)")  # fmt: skip
    shown = said(reason, "zh").text
    assert shown == (
        "ollama 上 qwen3:0.6b 的每秒词元数：12.1 tokens/s，通常为 30 tokens/s，0.40 倍，已持续 4 个窗口；"
        "与通常值的距离 z -7.1（限值 3）；CUSUM 9.2（限值 5）；10 个值中有 9 个超出通常范围（偶然概率 低于 1e-12）"
    )


# ---- the catalogue


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_of_the_room_has_a_translation(room):
    assert untold(texts_of(room)) == []


def test_every_setting_and_place_is_explained():
    meanings = {leaf.rule.meaning for leaf in leaves(resolve(SECTIONS))} | {place.meaning for place in PLACES}
    assert sorted(meaning for meaning in meanings if not is_told(meaning)) == []


def test_planted_text_is_found(tmp_path):
    source = """
from ollascope.words.errors import BadUsage
HINT = "paint it green"
def refuse(what, hint=HINT):
    raise BadUsage(f"the wombat {what}", hint=hint)
def look(number):
    refuse("sleeps" if number else f"ate {number} carrots")
"""
    found = {text.pattern for text in planted(tmp_path, source)}
    assert found == {"the wombat sleeps", "the wombat ate {} carrots", "paint it green"}
    assert len(untold(planted(tmp_path, source))) == len(found)


def test_many_texts_are_found():
    assert sum(len(texts_of(room)) for room in ROOMS) > 1200  # else the reader of the source has gone blind


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_catalogue_is_sorted_and_says_something(path):
    words = json.loads(path.read_text(encoding="utf-8"))
    assert list(words) == sorted(words)
    assert [text for text, translation in words.items() if not text.strip() or not translation.strip()] == []


def test_no_two_catalogues_tell_a_text_differently():
    known = {}
    for path in FILES:
        for text, translation in json.loads(path.read_text(encoding="utf-8")).items():
            assert known.setdefault(text, translation) == translation, f"{text!r}, the second time in {path}"


def test_translations_have_a_place_for_every_value():
    def places(translation, count):
        numbers = [int(found) if found else at for at, found in enumerate(SLOT.findall(translation))]
        return sorted(set(numbers)) == list(range(count))

    assert [text for text, translation in sayings().items() if not places(translation, text.count(HOLE))] == []


def test_every_pattern_finds_its_own_translation():
    def filled(text, translation):
        values = re.findall(r"§\d", example(text))
        order = iter(values)
        return SLOT.sub(lambda slot: values[int(slot[1])] if slot[1] else next(order), translation)

    wrong = {
        text: said(example(text), "zh").text
        for text, translation in sayings().items()
        if said(example(text), "zh").text != filled(text, translation)
    }
    assert wrong == {}
