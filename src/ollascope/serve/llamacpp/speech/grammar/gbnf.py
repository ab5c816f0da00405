"""Grammars as values: parts of rules, the rules, whether anything can match them, and the text llama.cpp reads."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from ollascope.words.errors import BadUsage

MOST_RULES: Final = 4000
MOST_REPEATS: Final = 2000  # llama.cpp takes no more
LONGEST: Final = 512_000  # characters
HINT: Final = "make the schema smaller or simpler"


@dataclass(frozen=True, slots=True)
class Literal:
    """This text."""

    text: str


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of these ranges, both ends included; or, `negated`, one of all others."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """These, one after another."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these."""

    options: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """This, from `least` to `most` times; without `most` as often as it likes."""

    part: "Part"
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What the rule of this name says."""

    name: str


Part = Literal | Chars | Sequence | Choice | Repeat | Rule


def sequence(*parts: Part) -> Part:
    return parts[0] if len(parts) == 1 else Sequence(parts)


def choice(options: list[Part]) -> Part:
    """One of these, each counted once."""
    single = list(dict.fromkeys(options))
    return single[0] if len(single) == 1 else Choice(tuple(single))


def chars(text: str) -> Chars:
    """One of these characters, written as in a regular expression: `a-z_`."""
    ranges: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        last = at + 2 if text[at + 1 : at + 2] == "-" and at + 2 < len(text) else at
        ranges.append((ord(text[at]), ord(text[last])))
        at = last + 1
    return Chars(tuple(ranges))


class Grammar:
    """Rules by name; `root` is what is to be said."""

    def __init__(self) -> None:
        self.rules: dict[str, Part] = {}
        self._named: dict[Part, Rule] = {}
        self._numbers: dict[str, int] = {}

    def add(self, name: str, part: Part) -> Rule:
        """A rule of that name, or of a similar one where another has it; the same part gets one rule."""
        if part not in self._named:
            rule = self._named[part] = self.reserve(name)
            self.rules[rule.name] = part
        return self._named[part]

    def reserve(self, name: str) -> Rule:
        """A name for a rule that is filled in later."""
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        found = name if number == 1 else f"{name}-{number}"
        if found in self.rules:
            return self.reserve(name)
        self.rules[found] = Sequence(())
        if len(self.rules) > MOST_RULES:
            raise BadUsage(f"the format needs more than {MOST_RULES} rules", hint=HINT)
        return Rule(found)

    def check(self) -> None:
        """Something can match, in finitely many steps."""
        if "root" not in self._closed(_ends):
            raise BadUsage(
                "the format can never be met: what it requires holds itself without end",
                hint="give the recursion of the schema an end, such as an optional property or an empty list",
            )
        if self._is_circular():
            raise BadUsage(
                "the format can never be met: a definition refers to nothing but itself",
                hint="correct the `$ref`s of the schema",
            )

    def text(self) -> str:
        """The rules that `root` needs, in the form of llama.cpp."""
        made = "\n".join(f"{name} ::= {_show(self.rules[name])}" for name in self._needed()) + "\n"
        if len(made) > LONGEST:
            raise BadUsage(f"the format needs a grammar of {len(made)} characters", hint=HINT)
        return made

    def _needed(self) -> Iterator[str]:
        found = {"root"}
        left = ["root"]
        while left:
            name = left.pop()
            yield name
            more = [other for other in dict.fromkeys(_rules(self.rules[name])) if other not in found]
            found.update(more)
            left += reversed(more)

    def _closed(self, claim: Callable[[Part, Container[str]], bool]) -> set[str]:
        """The rules of which a claim is true, which may rest on its truth for others."""
        known: set[str] = set()
        left = dict(self.rules)
        while left:
            before = len(left)
            for name in reversed(
                list(left)
            ):  # back and forth: a chain of rules needs two rounds, whichever way it goes
                if claim(left[name], known):
                    known.add(name)
                    del left[name]
            if len(left) == before:
                break
            left = dict(reversed(left.items()))
        return known

    def _is_circular(self) -> bool:
        """Some rule can be met again before any character is said."""
        empty = self._closed(_is_empty)
        try:
            TopologicalSorter({name: list(_leading(part, empty)) for name, part in self.rules.items()}).prepare()
        except CycleError:
            return True
        return False


def _rules(part: Part) -> Iterator[str]:
    if isinstance(part, Rule):
        yield part.name
    for inner in _inside(part):
        yield from _rules(inner)


def _inside(part: Part) -> tuple[Part, ...]:
    if isinstance(part, Sequence):
        return part.parts
    if isinstance(part, Choice):
        return part.options
    return (part.part,) if isinstance(part, Repeat) else ()


def _ends(part: Part, known: Container[str]) -> bool:
    """Some finite text matches."""
    if isinstance(part, Rule):
        return part.name in known
    if isinstance(part, Choice):
        return any(_ends(option, known) for option in part.options)
    if isinstance(part, Repeat) and part.least == 0:
        return True
    return all(_ends(inner, known) for inner in _inside(part))


def _is_empty(part: Part, known: Container[str]) -> bool:
    """Nothing at all matches too."""
    if isinstance(part, Rule):
        return part.name in known
    if isinstance(part, Literal):
        return not part.text
    if isinstance(part, Chars):
        return False
    if isinstance(part, Choice):
        return any(_is_empty(option, known) for option in part.options)
    if isinstance(part, Repeat) and part.least == 0:
        return True
    return all(_is_empty(inner, known) for inner in _inside(part))


def _leading(part: Part, empty: Container[str]) -> Iterator[str]:
    """The rules that are met first."""
    if isinstance(part, Rule):
        yield part.name
    for inner in _inside(part):
        yield from _leading(inner, empty)
        if isinstance(part, Sequence) and not _is_empty(inner, empty):
            return


def _show(part: Part, *, inside: bool = False) -> str:
    if isinstance(part, Rule):
        return part.name
    if isinstance(part, Literal):
        return '"' + "".join(map(_quote, part.text)) + '"'
    if isinstance(part, Chars):
        ranges = "".join(_class(first) + (f"-{_class(last)}" if last > first else "") for first, last in part.ranges)
        return f"[{'^' * part.negated}{ranges}]"
    if isinstance(part, Repeat):
        shown = _show(part.part, inside=True)
        return (f"({shown})" if isinstance(part.part, Repeat) else shown) + _times(part)
    if isinstance(part, Choice):
        shown = " | ".join(_show(option) for option in part.options)
    else:
        shown = " ".join(_show(inner, inside=isinstance(inner, Choice)) for inner in part.parts) or '""'
    return f"({shown})" if inside else shown


def _times(part: Repeat) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((part.least, part.most))
    if known:
        return known
    if part.least == part.most:
        return f"{{{part.least}}}"
    return f"{{{part.least},{'' if part.most is None else part.most}}}"


def _quote(letter: str) -> str:
    return _ESCAPES.get(letter) or (letter if letter.isprintable() else _code(ord(letter)))


def _class(code: int) -> str:
    letter = chr(code)
    if letter in "\\]^-[":
        return f"\\x{code:02X}"
    return _ESCAPES.get(letter) or (letter if 32 <= code < 127 else _code(code))


def _code(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
