"""The texts that come with the program."""

import pytest

from ollascope.bench.prompts.written import questions_of, warm_up_of


@pytest.mark.parametrize("tongue", ["en", "zh", "mixed"])
def test_texts_are_many_varied_and_distinct(tongue):
    texts = [question.turns[0] for question in questions_of(tongue, 1)]
    warm = [question.turns[0] for question in warm_up_of(tongue)]
    assert len(texts) >= 48
    assert len(warm) >= 8
    assert len({*texts, *warm}) == len(texts) + len(warm)
    assert max(map(len, texts)) > 10 * min(map(len, texts))
    assert not [text for text in texts + warm if text != text.strip() or not text or text.startswith("#")]


def test_languages_differ():
    assert all(question.turns[0].isascii() for question in questions_of("en", 3))
    assert not any(question.turns[0].isascii() for question in questions_of("zh", 1))
    mixed = [question.turns[0].isascii() for question in questions_of("mixed", 1)]
    assert mixed[:4] == [True, False, True, False]


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_conversations_go_on_in_their_language_and_differ(tongue):
    talks = questions_of(tongue, 5)
    assert {len(talk.turns) for talk in talks} == {5}
    assert len(set(talks[0].turns)) == 5
    assert talks[0].turns[1:] != talks[1].turns[1:]
    assert all(turn.isascii() == (tongue == "en") for talk in talks for turn in talk.turns[1:])
