"""Calibration: lengths that a server counts as was asked, after a few questions and without its tokenizer."""

from pathlib import Path
from random import Random

import pytest

from ollascope.bench.prompts import make_material, read_lengths
from ollascope.bench.prompts.asking import MOST_ASKED
from ollascope.bench.prompts.lengths import draw_lengths
from ollascope.words.errors import ContextExceeded, Interrupted, Trouble
from tests.bench.prompts.counters import COUNTERS, TEMPLATE, Server, frequent, letters, words
from tests.bench.prompts.wordings import asked, material, texts

DEMO = Path(__file__).parents[3] / "models" / "demo-qwen3-f16.gguf"
SEEN = [
    (counter, tongue)
    for counter in COUNTERS
    for tongue in ("en", "zh", "mixed")
    if (counter, tongue) != ("words", "zh")  # who splits at spaces sees no words in Chinese
]


def refuse(_):
    raise Trouble("no counts here", hint="none")


def misses(counter, found, wanted):
    """Lengths that are more than 2 % and more than 2 tokens off."""
    counted = [counter(text) + TEMPLATE for text in texts(found)]
    assert len(counted) == len(wanted)
    return [(got, want) for got, want in zip(counted, wanted, strict=True) if abs(got - want) > max(2, 0.02 * want)]


@pytest.mark.parametrize("cache", ["bust", "friendly"])
@pytest.mark.parametrize(("counter", "tongue"), SEEN)
@pytest.mark.parametrize("tokens", [150, 512, 4000])
def test_fixed_length_is_hit_whatever_counts(counter, tongue, tokens, cache):
    server = Server(COUNTERS[counter])
    found = material(source="synthetic", tongue=tongue, tokens_in=str(tokens), count=server, cache=cache)
    assert misses(server.counter, found, [tokens] * len(found.prompts)) == []
    assert len(server.asked) <= MOST_ASKED
    assert found.calibration.asked == len(server.asked)
    assert found.notes == ()


@pytest.mark.parametrize(("counter", "tongue"), SEEN)
@pytest.mark.parametrize("lengths", ["150-600", "lognormal:512,300,150,2000"])
def test_distributions_are_hit_whatever_counts(counter, tongue, lengths):
    server = Server(COUNTERS[counter])
    found = material(source="synthetic", tongue=tongue, tokens_in=lengths, count=server)
    wanted = draw_lengths(read_lengths(lengths), len(found.prompts), Random("1:tokens-in"))
    rough = len(wanted) // 10 if counter == "pieces" else 0  # its words differ by chance, and not all are looked at
    assert len(misses(server.counter, found, wanted)) <= rough
    assert len(server.asked) <= MOST_ASKED


def test_template_is_told_apart_from_words():
    found = material(source="synthetic", tokens_in="500", count=Server(frequent)).calibration
    assert found.tokens_per_word == 1
    assert TEMPLATE + 12 <= found.overhead <= TEMPLATE + 30
    assert found.worst == 0


def test_no_text_is_asked_twice_not_even_by_the_next_run():
    one, two = Server(frequent), Server(frequent)
    for server in (one, two):
        material(source="synthetic", tokens_in="500", count=server)
    assert len({text[:12] for text in one.asked + two.asked}) == len(one.asked) + len(two.asked)


def test_without_a_server_lengths_are_estimates_and_it_is_said():
    found = material(source="synthetic", tokens_in="500")
    assert found.calibration is None
    assert any("estimates" in note for note in found.notes)
    assert any("an estimate" in text for _, text in found.about)
    assert 300 < words(texts(found)[0]) < 700


def test_server_that_does_not_count_leaves_estimates_and_it_is_said():
    found = material(source="synthetic", tokens_in="500", count=refuse)
    assert found.calibration is None
    assert any("no counts here" in note for note in found.notes)


def test_count_that_does_not_follow_the_text_is_not_believed():
    found = material(source="synthetic", tokens_in="500", count=lambda _: 42)
    assert found.calibration is None
    assert any("42 tokens" in note for note in found.notes)


def test_server_that_fails_in_between_leaves_what_is_known():
    server = Server(letters)

    def count(text):
        if len(server.asked) == 3:
            raise ContextExceeded("too long", hint="none")
        return server(text)

    found = material(source="synthetic", tokens_in="500", count=count)
    assert found.calibration.tokens_per_word == pytest.approx(5)
    assert any("too long" in note for note in found.notes)


def test_interruption_is_no_reason_to_estimate():
    def count(_):
        raise Interrupted("stopped", hint="none")

    with pytest.raises(Interrupted):
        material(source="synthetic", tokens_in="500", count=count)


def test_context_that_cuts_prompts_is_noticed():
    found = material(source="synthetic", tokens_in="8000", count=Server(frequent, context=4096))
    [note] = found.notes
    assert "4096" in note
    assert "num_ctx" in note
    assert words(texts(found)[0]) > 7000


def test_prompt_shorter_than_its_template_is_said():
    found = material(source="synthetic", tokens_in="10", count=Server(frequent))
    [note] = found.notes
    assert "no prompt is shorter than" in note


def test_asking_is_told():
    told = []
    make_material(asked(source="synthetic", tokens_in="500"), None, Server(frequent), told.append)
    assert len(told) == 7
    assert "1 of at most 8" in told[0]


@pytest.mark.parametrize("tongue", ["en", "zh", "mixed"])
def test_demo_model_counts_what_was_asked(tongue):
    llama_cpp = pytest.importorskip("llama_cpp")
    model = llama_cpp.Llama(str(DEMO), vocab_only=True, verbose=False)

    def counter(text):
        return len(model.tokenize(text.encode(), add_bos=False))

    found = material(source="synthetic", tongue=tongue, tokens_in="512", count=Server(counter))
    assert misses(counter, found, [512] * len(found.prompts)) == []
    model.close()
