"""How the usual pieces of streams look: one pattern for a row of pieces that each say something, one for thinking."""

import re
from dataclasses import dataclass
from typing import Final

from ollascope.apis.parts import PLAIN
from ollascope.apis.routes import Api

BETWEEN: Final = b"\x00"  # stands between joined pieces: no JSON text has it
ESCAPES: Final = 8  # of a longer text with more of them the answer's full reader is asked

# Groups are never possessive: Python 3.11.2 takes them wrongly.
_TEXT: Final = rb'(?!")%b*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})%b*+){0,%d}' % (PLAIN, PLAIN, ESCAPES)


@dataclass(frozen=True, slots=True)
class Usual:
    """What a format's usual pieces look like, and what ends each of its frames."""

    end: bytes
    said: re.Pattern[bytes]
    thought: re.Pattern[bytes]


def usual_of(api: Api, content_type: str) -> Usual | None:
    """The usual pieces of an answer; none where it has no such pieces."""
    kind = content_type.partition(";")[0].strip().lower()
    if api == "ollama" and kind == "application/x-ndjson":
        return LINES
    return EVENTS if api == "openai" and kind == "text/event-stream" else None


def _row(frame: bytes) -> re.Pattern[bytes]:
    """A row of pieces, each of one or more such frames."""
    return re.compile(rb"(?:(?:%b)+%b)+" % (frame, BETWEEN))


def _line(told: bytes) -> bytes:
    about = rb'\{"model":"%b*+","created_at":"%b*+",' % (PLAIN, PLAIN)
    said = rb'(?:"message":\{"role":"assistant","content%b\}|"response%b)' % (told, told)
    return about + said + rb',"done":false\}\n'


def _event(told: bytes) -> bytes:
    about = (
        rb'"(?:(?:id|object|model|system_fingerprint)":"%b*+"|created":[1-9][0-9]{0,17}+|system_fingerprint":null)'
        % PLAIN
    )
    beside = rb'"(?:index":0|finish_reason":null|logprobs":null)'
    choice = rb"\{(?:%b,)*%b(?:,%b)*\}" % (beside, told, beside)
    return rb'data: \{(?:%b,)*"choices":\[%b\](?:,%b)*\}\n\n' % (about, choice, about)


def _delta(told: bytes) -> bytes:
    return rb'"delta":\{(?:"role":"assistant",)?%b\}' % told


LINES: Final = Usual(b"\n", _row(_line(rb'":"%b"' % _TEXT)), _row(_line(rb'":"","thinking":"%b"' % _TEXT)))
EVENTS: Final = Usual(
    b"\n\n",
    _row(_event(rb'(?:%b|"text":"%b")' % (_delta(rb'"content":"%b"' % _TEXT), _TEXT))),
    _row(_event(_delta(rb'(?:"content":(?:""|null),)?"reasoning(?:_content)?":"%b"' % _TEXT))),
)
