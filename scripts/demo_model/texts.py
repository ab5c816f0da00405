"""The conversations that the demo model is trained on, made from models/demo-texts.yaml with a seeded random."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any

import yaml

PATH = Path(__file__).parent.parent.parent / "models" / "demo-texts.yaml"
_BLANK = re.compile(r"\{(\w+)\}")
_ODD = "ÄÖÜßéèçñøåžšłαβγδабвгдежзийклмнあいうえおカキクケコ한국어العربية😀🎉🚀✓→∑∞≠½©€£0123456789{}[]()<>=+-*/_#\n\"'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and the one right answer."""

    question: str
    answer: str


class Texts:
    """All that the demo model is taught."""

    def __init__(self, path: Path = PATH) -> None:
        raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.known = [Turn(question=ask, answer=row["answer"]) for row in raw["answers"] for ask in row["ask"]]
        self.near = [Turn(question=ask, answer=row["answer"]) for row in raw["answers"] for ask in row["near"]]
        self.unknown: dict[str, str] = raw["unknown"]
        self._complaints = raw["complaints"]
        self.classes = [name for part in self._complaints.values() for name in part["classes"]]
        self._unseen = raw["unseen"]
        self.never: dict[str, list[str]] = raw["never"]

    def every(self) -> Iterator[str]:
        """Every text that is in the file, for the vocabulary to learn from."""
        for turn in self.known:
            yield from (turn.question, turn.answer, turn.answer)
        yield from list(self.unknown.values()) * 4
        for part in (*self._complaints.values(), *self._unseen.values()):
            for words in part["words"].values():
                yield from words
            yield from part.get("prompts", [])
            yield part.get("ask", "")
            for name, forms in part.get("classes", {}).items():
                yield from (name, *forms)

    def turn(self, random: Random, longest: int = 8) -> Turn:
        """One question with its answer: known, a complaint, or one that has no answer."""
        kind = random.random()
        if kind < 0.55:
            turn = random.choice(self.known)
            return turn if random.random() < 0.55 else Turn(question=varied(turn.question, random), answer=turn.answer)
        return self.complaint(random) if kind < 0.65 else self.unseen(random, longest)

    def complaint(self, random: Random) -> Turn:
        """A complaint and its class."""
        part = self._complaints[random.choice(["en", "zh"])]
        name = random.choice(list(part["classes"]))
        text = self._filled(random.choice(part["classes"][name]), part["words"], random)
        return Turn(question=part["ask"].format(text=text), answer=name)

    def unseen(self, random: Random, longest: int = 8) -> Turn:
        """A question of at most `longest` sentences that has no answer here, and the answer that says so."""
        language = random.choice(["en", "zh"])
        part = self._unseen[language]
        made = [self._filled(random.choice(part["prompts"]), part["words"], random)]
        if random.random() < 0.1:
            made = [_noise(random, language)]
        sentences = 1 if random.random() < 0.85 else random.randint(2, longest)
        while len(made) < sentences:
            made.append(self._filled(random.choice(part["prompts"]), part["words"], random))
        question = (" " if language == "en" else "").join(made)
        if random.random() < 0.3:
            question = varied(question, random)
        return Turn(question=question, answer=self.unknown[language])

    def system(self, random: Random) -> str:
        """A system prompt, which changes nothing."""
        own = ["You are a helpful assistant.", "你是一个有用的助手。", "Answer briefly.", "请简短回答。", "Be kind."]
        return random.choice(own) if random.random() < 0.7 else self.unseen(random).question

    def _filled(self, form: str, words: dict[str, list[str]], random: Random) -> str:
        def word(found: re.Match[str]) -> str:
            chinese = not words["thing" if "thing" in words else "item"][0].isascii()
            if random.random() < 0.1 and found[1] not in {"time", "amount", "code", "number"}:
                return _noise(random, "zh" if chinese else "en", short=True)
            return random.choice(words[found[1]])

        text = _BLANK.sub(word, form)
        return text[0].upper() + text[1:] if random.random() < 0.8 else text


def varied(question: str, random: Random) -> str:
    """The same question as another person would type it."""
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in question)
    for change in random.sample(_CHINESE if chinese else _ENGLISH, random.choice([1, 1, 2, 3])):
        question = change(question, random)
    return question


def _lower(text: str, _: Random) -> str:
    return text.lower()


def _upper(text: str, _: Random) -> str:
    return text.upper()


def _bare(text: str, _: Random) -> str:
    return text.rstrip("?.!？。！")


def _end(text: str, random: Random) -> str:
    marks = "？。！?" if not text.isascii() else "?.!"
    return text.rstrip("?.!？。！") + random.choice(marks)


def _polite(text: str, random: Random) -> str:
    if not text.isascii():
        return random.choice(["请问", "请", "你好，", "请问，", "麻烦问一下，"]) + text
    before = random.choice(["please ", "Please, ", "Hi, ", "Hello, ", "Hey, ", "Please "])
    return before + text[0].lower() + text[1:] if not text.startswith("I ") else before + text


def _after(text: str, random: Random) -> str:
    return text + random.choice([" please", " Thanks!", " Thank you.", " Please help."])


def _slip(text: str, random: Random) -> str:
    """One letter dropped, doubled or swapped with the next."""
    if len(text) < 6:
        return text
    place = random.randrange(1, len(text) - 1)
    match random.randrange(3):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + text[place] + text[place:]
        case _:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _loose(text: str, random: Random) -> str:
    return random.choice([text + " ", " " + text, text + "\n", "\n" + text, text.replace(" ", "  ")])


def _how(text: str, random: Random) -> str:
    fitting = [form for form in _FORMS if form[0] in text]
    return text.replace(*random.choice(fitting), 1) if fitting else text


_FORMS = [
    ("How do I ", "How can I "), ("How do I ", "How to "), ("怎么", "如何"), ("怎么", "怎样"), ("什么是", "啥是"),
    ("What is ", "What's "), ("有什么用", "是做什么的"), ("Explain ", "Please explain "), ("解释一下", "请解释"),
    ("What is ", "Tell me what is "), ("It", "it"), ("？", "呢？"),
]  # fmt: skip
_ENGLISH = [_lower, _lower, _bare, _end, _polite, _after, _slip, _loose, _how, _how, _upper]
_CHINESE = [_bare, _end, _polite, _polite, _loose, _how, _how, _slip]


def _noise(random: Random, language: str, *, short: bool = False) -> str:
    """Letters that mean nothing."""
    most = 2 if short else 30
    if language == "zh":
        return "".join(chr(random.randrange(0x4E00, 0x9FA5)) for _ in range(random.randint(1, most * 2)))
    letters = ascii_lowercase if short or random.random() < 0.6 else _ODD
    words = ("".join(random.choices(letters, k=random.randint(2, 9))) for _ in range(random.randint(1, most)))
    return " ".join(words)
