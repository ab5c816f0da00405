"""Numbers, dates and the like, as they are written in JSON."""

from typing import Final

from ollascope.serve.llamacpp.speech.grammar.gbnf import Literal, Part, Repeat, chars, choice, sequence
from ollascope.serve.llamacpp.speech.grammar.integers import DIGITS
from ollascope.serve.llamacpp.speech.grammar.letters import HEX

_DIGIT: Final = chars("0-9")
_DAYS: Final = choice(  # month and day; 29 February depends on the year, and is left out
    [
        sequence(
            choice([sequence(Literal("0"), chars("1-9")), sequence(Literal("1"), chars("0-2"))]),
            Literal("-"),
            choice([sequence(Literal("0"), chars("1-9")), sequence(Literal("1"), _DIGIT),
                    sequence(Literal("2"), chars("0-8"))]),
        ),
        sequence(
            choice([sequence(Literal("0"), chars("13-9")), sequence(Literal("1"), chars("0-2"))]),
            choice([Literal("-29"), Literal("-30")]),
        ),
        sequence(
            choice([sequence(Literal("0"), chars("13578")), sequence(Literal("1"), chars("02"))]), Literal("-31")
        ),
    ]
)  # fmt: skip
_DATE: Final = sequence(Repeat(_DIGIT, 4, 4), Literal("-"), _DAYS)
_HOUR: Final = choice([sequence(chars("01"), _DIGIT), sequence(Literal("2"), chars("0-3"))])
_SIXTY: Final = sequence(chars("0-5"), _DIGIT)
_TIME: Final = sequence(
    _HOUR, Literal(":"), _SIXTY, Literal(":"), _SIXTY, Repeat(sequence(Literal("."), Repeat(_DIGIT, 3, 3)), 0, 1),
    choice([Literal("Z"), sequence(chars("+-"), _HOUR, Literal(":"), _SIXTY)]),
)  # fmt: skip

WHOLE: Final = choice([Literal("0"), sequence(chars("1-9"), Repeat(_DIGIT, 0, DIGITS - 1))])
FRACTION: Final = Repeat(sequence(Literal("."), Repeat(_DIGIT, 1, DIGITS)), 0, 1)
EXPONENT: Final = Repeat(sequence(chars("eE"), Repeat(chars("+-"), 0, 1), Repeat(_DIGIT, 1, 2)), 0, 1)
FORMS: Final[dict[str, Part]] = {
    "date": _DATE,
    "time": _TIME,
    "date-time": sequence(_DATE, Literal("T"), _TIME),
    "uuid": sequence(*[part for size in (8, 4, 4, 4, 12) for part in (Literal("-"), Repeat(HEX, size, size))][1:]),
}
