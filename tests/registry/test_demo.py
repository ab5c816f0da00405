"""The demo model that ships: whole, small, and it answers what it was taught on a real engine."""

import hashlib
from random import Random

import gguf
import pytest

from ollascope.registry.gguf.read import read_header
from ollascope.settings.shipped import shipped
from scripts.demo_model.bpe import Vocabulary
from scripts.demo_model.texts import Texts

PATH = shipped("models") / "demo-qwen3-f16.gguf"
TEXTS = Texts()
TAUGHT = {turn.answer for turn in TEXTS.known} | set(TEXTS.unknown.values()) | set(TEXTS.classes)
NEVER = [(prompt, TEXTS.unknown[language]) for language, prompts in TEXTS.never.items() for prompt in prompts]


@pytest.fixture(scope="module")
def demo(load):
    with load(PATH) as model:
        yield model


@pytest.fixture
def answer(demo, ask):
    """The demo model's answer to a question, which must end by itself."""

    def answer(question, **more):
        said, reason = ask(demo, question, **more)
        assert reason == "stop", (question, said)
        return said

    return answer


def test_file_is_the_one_whose_checksum_is_written_down():
    line = PATH.with_suffix(".gguf.sha256").read_text(encoding="utf-8")
    assert line == f"{hashlib.sha256(PATH.read_bytes()).hexdigest()}  {PATH.name}\n"


def test_file_is_small():
    assert PATH.stat().st_size <= 500_000


def test_header_tells_what_it_is():
    header = read_header(PATH)
    assert (header.architecture, header.quantisation, header.name) == ("qwen3", "F16", PATH.stem)
    assert header.context == 2048
    assert header.parameters < 250_000


def test_tokens_are_cut_as_llama_cpp_cuts_them(demo):
    fields = gguf.GGUFReader(PATH).fields
    merges = [tuple(line.split(" ")) for line in fields["tokenizer.ggml.merges"].contents()]
    vocabulary = Vocabulary(fields["tokenizer.ggml.tokens"].contents()[:3], merges)
    for text in TEXTS.every():
        assert vocabulary.encode(text) == demo.tokenize(text.encode(), add_bos=False, special=False), text


@pytest.mark.parametrize("turn", TEXTS.known, ids=lambda turn: turn.question)
def test_taught_question_gets_its_answer(answer, turn):
    assert answer(turn.question) == turn.answer


def test_most_other_wordings_get_the_same_answer(answer):
    right = sum(answer(turn.question) == turn.answer for turn in TEXTS.near)
    assert right >= 0.85 * len(TEXTS.near)


def test_complaints_are_sorted(answer):
    random = Random(99)
    turns = [TEXTS.complaint(random) for _ in range(100)]
    assert sum(answer(turn.question) == turn.answer for turn in turns) >= 98


def test_most_unseen_prompts_get_an_honest_no(answer):
    right = sum(answer(prompt) == wanted for prompt, wanted in NEVER)
    assert right >= 0.8 * len(NEVER)


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_any_unseen_prompt_gets_an_answer_that_was_taught_and_ends(answer, temperature):
    said = [answer(prompt, temperature=temperature, seed=1) for prompt, _ in NEVER]
    assert sum(text in TAUGHT for text in said) >= 0.95 * len(said)


def test_sampling_stays_with_the_answers(answer):
    right = sum(answer(turn.question, temperature=0.8, seed=1) == turn.answer for turn in TEXTS.known)
    assert right >= 0.95 * len(TEXTS.known)


def test_long_prompt_is_not_too_much(answer):
    noise = "The committee met on Tuesday to discuss the budget of the coming year. " * 12
    assert answer(noise) == TEXTS.unknown["en"]


def test_conversation_with_a_system_prompt_goes_on(demo):
    messages = [{"role": "system", "content": "You are a helpful assistant."}]
    for turn in Random(3).sample(TEXTS.known, 6):
        messages.append({"role": "user", "content": turn.question})
        said = demo.create_chat_completion(messages, temperature=0, max_tokens=100)["choices"][0]["message"]["content"]
        assert said == turn.answer
        messages.append({"role": "assistant", "content": said})
