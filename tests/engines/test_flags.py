"""The words for what was done in silence: each has its sentence, and nobody uses another."""

import re
from pathlib import Path

from ollascope.engines.flags import FLAGS, sentences
from ollascope.logs.ollama_lines import FLAGS as IN_LOGS

SOURCE = Path(__file__).parents[2] / "src" / "ollascope"
LEAVES = {"client-left"}  # is an outcome: cancelled


def test_every_flag_of_the_logs_has_its_sentence():
    assert {flag for _, flag, _ in IN_LOGS} - LEAVES <= set(FLAGS)


def test_every_flag_of_the_ollama_client_has_its_sentence():
    text = "".join(path.read_text() for path in sorted((SOURCE / "engines" / "ollama" / "silence").rglob("*.py")))
    named = set(re.findall(r'^[A-Z_]+: Final = "([a-z]+(?:-[a-z]+)*)"$', text, re.MULTILINE))
    assert named <= set(FLAGS), named - set(FLAGS)


def test_flags_are_words_and_their_sentences_are_plain():
    for flag, sentence in FLAGS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", flag)
        assert sentence[0].islower()
        assert not sentence.endswith(".")


def test_flag_of_a_later_version_stands_for_itself():
    assert list(sentences(("reloaded", "moon-shifted"))) == [FLAGS["reloaded"], "moon shifted"]
