"""What was found in the settings and where, in lines that can be printed without harm."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Layer = Literal["default", "file", "environment", "flag"]

SHOWN = 60  # letters of a foreign text that a message repeats
LISTED = 50  # mistakes that are told one by one; a file with more is not of our kind
HIDDEN = "(hidden: looks like a secret)"

_SECRET_TEXT = re.compile(
    r"\bsk-(?=[\w-]{0,200}\d)[\w-]{8,}|\bsk-[\w-]{16,}"
    r"|\bhf_[A-Za-z0-9]{12,}|\bgh[pousr]_[A-Za-z0-9]{12,}|\bgithub_pat_\w{12,}|\bglpat-[\w-]{12,}"
    r"|\bxox[abeprs]-[\w-]{8,}|\bAKIA[0-9A-Z]{12,}|\bAIza[\w-]{20,}"
    r"|\bBearer\s+[^\s\"'<>…$]{8,}|\beyJ[\w-]{8,500}\.[\w-]{8,}\.|-----BEGIN [A-Z ]{0,40}PRIVATE KEY"
    r"|://[^\s/:@]{0,200}:[^\s/@$]{1,200}@"
)
_SECRET_NAME = re.compile(
    r"(?:.*_)?(?:api_?key|(?:private|access|auth|secret|signing|encryption)_key|token|password|passwd|pwd|passphrase"
    r"|secrets?|credentials?|authorization|bearer)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from: its layer, and there the file and line, the variable or the flag."""

    layer: Layer
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        match self.layer:
            case "default":
                return "default"
            case "file":
                return f"{printable(self.name)}:{self.line}"
            case _:
                return f"{self.layer} {printable(self.name, limit=200)}"


DEFAULT = Origin(layer="default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake or warning, what the person can do about it, and the key whose value it is about, if it is one."""

    origin: Origin
    what: str
    hint: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.origin}: {self.what} — {self.hint}"


@dataclass(slots=True)
class Mistakes:
    """Every mistake as it is found, up to a number that a person can still use."""

    found: list[Finding] = field(default_factory=list)
    unlisted: int = 0

    @property
    def full(self) -> bool:
        return len(self.found) >= LISTED

    def add(self, origin: Origin, what: str, hint: str, *, key: str = "") -> None:
        if self.full:
            self.unlisted += 1
        else:
            self.found.append(Finding(origin=origin, what=what, hint=hint, key=key))

    def unknown(self, origin: Origin, what: str, name: str, known: Iterable[str], *, prefix: str = "") -> None:
        """A name nobody declared, with the nearest one that somebody did; what all begin with makes none near."""
        if self.full:
            self.unlisted += 1
            return
        self.add(origin, f"{what} {shown(name)}", nearest(name, known, prefix=prefix))

    def listed(self) -> tuple[Finding, ...]:
        """All of them, a file's in the order of its lines, and a last one that counts what was left out."""
        ordered = sorted(self.found, key=lambda finding: (finding.origin.layer != "file", finding.origin.line or 0))
        if not self.unlisted:
            return tuple(ordered)
        rest = f"{self.unlisted} more mistakes are not listed"
        return (*ordered, Finding(origin=ordered[-1].origin, what=rest, hint="correct the first ones and try again"))


def nearest(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """A hint that names the nearest known name, or all of them if they are few; `prefix` is not compared."""
    names = sorted(known)
    ends = {entry.removeprefix(prefix).lower(): entry for entry in reversed(names)}
    if close := difflib.get_close_matches(name.removeprefix(prefix)[:80].lower(), ends, n=1, cutoff=0.6):
        return f"did you mean {ends[close[0]]}?"
    if names and len(names) <= 8:
        return f"there is {', '.join(names)}"
    return "`ollascope settings show` lists every key"


def shown(text: str) -> str:
    """A foreign text in quotes as a message may repeat it: short, one line, no control characters, no secret."""
    return HIDDEN if looks_secret(text) else f'"{printable(text, limit=SHOWN)}"'


def printable(text: str, *, limit: int = 4096) -> str:
    """A text with every letter that could act on a terminal written as its escape."""
    cut = text[:limit]
    letters = (letter if letter.isprintable() else _escape(letter) for letter in cut)
    return "".join(letters) + ("…" if len(text) > limit else "")


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii") if letter > "\x7f" else ascii(letter)[1:-1]


def looks_secret(text: str) -> bool:
    """Whether a text has the form of a key, a token or a URL with a password."""
    return _SECRET_TEXT.search(text) is not None


def names_secret(key: str) -> bool:
    """Whether what stands under a key of this name is likely to be a secret."""
    words = _CAMEL.sub("_", key[:200]).lower().replace("-", "_").replace(" ", "_")
    return _SECRET_NAME.fullmatch(words) is not None
