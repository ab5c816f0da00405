"""A YAML file as maps, lists and texts with their lines; whatever settings do not need is refused with a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ollascope.settings.files import line_of
from ollascope.settings.findings import Mistakes, Origin, looks_secret, printable, shown

if TYPE_CHECKING:
    import yaml

DEEPEST = 32

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ALIAS_HINT = "write the value out where it is needed: settings have no anchors, aliases or merge keys"
_INDENT_HINT = "check indentation, quotes and brackets on this line and the one before it"
_PROBLEMS = (
    ("'\\t'", "a tab where only blanks are allowed", "indent with two blanks instead of the tab"),
    ("mapping values are not allowed", "a colon where no key can stand",
     "check the indentation, and put a text that has a colon and a blank in it in quotes"),
    ("expected <block end>", "does not fit the lines above it", _INDENT_HINT),
    ("<document start>", "something follows the end of the document", _INDENT_HINT),
    ("cannot start any token", "a value begins with a character that means something else to YAML",
     "put the value in quotes"),
    ("sequence entries are not allowed", "a list entry where none can stand",
     "write the entries on lines of their own under the key"),
)  # fmt: skip
_LEFT_OPEN = (  # told where the thing begins, not where its end was missed
    ("expected ',' or", "a bracket or brace that is not closed", _INDENT_HINT),
    ("could not find expected ':'", "a key without a colon", "write `key: value`, with a blank after the colon"),
    ("found unexpected end of stream", "a quote that is not closed", "close the quote"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A text; `broken` means that a mistake was told about it already."""

    line: int
    text: str
    quoted: bool = False
    broken: bool = False

    @property
    def empty(self) -> bool:
        return not self.quoted and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A key and what stands under it."""

    line: int
    key: str
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A map."""

    line: int
    pairs: tuple[Pair, ...]


Node = Leaf | Row | Branch


def text_of(data: bytes, name: str, mistakes: Mistakes) -> str:
    """The bytes as text; empty, with the mistake told, if they are none."""

    def add(position: int, what: str, hint: str) -> str:
        mistakes.add(Origin(layer="file", name=name, line=line_of(data, position)), what, hint)
        return ""

    if data.startswith(_UTF16):
        return add(0, "is UTF-16, not UTF-8", "save it as UTF-8 in your editor")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8: byte 0x{data[error.start]:02x} cannot stand there"
        return add(error.start, what, "save it as UTF-8 in your editor")
    if odd := _CONTROL.search(text):
        position = len(text[: odd.start()].encode())
        what = f"has the control character U+{ord(odd.group()):04X}"
        return add(position, what, "remove it: a settings file is plain text")
    return text


def parse(text: str, name: str, mistakes: Mistakes) -> Branch:
    """The one document of a settings file; without a pair, with the mistake told, if it cannot be read."""
    import yaml  # noqa: PLC0415 - only who has a settings file pays for it

    build = _Build(name=name, mistakes=mistakes)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            _take(event, build)
            if build.stopped:
                break
    except yaml.MarkedYAMLError as error:
        left_open = any(sign in (error.problem or "") for sign, _, _ in _LEFT_OPEN)
        mark = (error.context_mark if left_open else None) or error.problem_mark
        build.fail(build.line if mark is None else mark.line + 1, *_explained(error.problem or ""))
    except (yaml.YAMLError, ValueError, OverflowError):  # an escape or a number that stands for nothing
        build.fail(build.line, "is not valid YAML after this line", _INDENT_HINT)
    return build.result()


def _take(event: yaml.Event, build: _Build) -> None:
    import yaml  # noqa: PLC0415

    build.line = event.start_mark.line + 1 if event.start_mark else build.line
    if isinstance(event, yaml.NodeEvent):
        broken = _refused(event, build)
        if isinstance(event, yaml.ScalarEvent):
            quoted = event.style is not None
            build.place(Leaf(line=build.line, text="" if broken else event.value, quoted=quoted, broken=broken))
        elif isinstance(event, yaml.AliasEvent):
            build.place(Leaf(line=build.line, text="", broken=True))
        else:
            build.open(listing=isinstance(event, yaml.SequenceStartEvent))
    elif isinstance(event, yaml.CollectionEndEvent):
        build.close()
    elif isinstance(event, yaml.DocumentStartEvent):
        build.document()


def _refused(event: yaml.NodeEvent, build: _Build) -> bool:
    import yaml  # noqa: PLC0415

    if isinstance(event, yaml.AliasEvent):
        build.add(f"uses the alias {shown('*' + str(event.anchor))}", _ALIAS_HINT)
        return True
    if event.anchor is not None:
        build.add(f"defines the anchor {shown('&' + str(event.anchor))}", _ALIAS_HINT)
        return isinstance(event, yaml.ScalarEvent)
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
        tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
        build.add(f"has the tag {shown(tag)}", "remove the tag: the type of every key is known")
        return isinstance(event, yaml.ScalarEvent)
    return False


def _explained(problem: str) -> tuple[str, str]:
    for sign, what, hint in (*_PROBLEMS, *_LEFT_OPEN):
        if sign in problem:
            return what, hint
    told = "" if looks_secret(problem) else f" ({printable(problem, limit=90)})"
    return f"is not valid YAML here{told}", _INDENT_HINT


@dataclass(slots=True)
class _Open:
    """A map or list that has begun."""

    line: int
    listing: bool
    items: list[Node] = field(default_factory=list)
    pairs: dict[str, Pair] = field(default_factory=dict)
    key: Node | None = None


@dataclass(slots=True)
class _Build:
    """The tree while it grows; it goes no deeper than `DEEPEST`, without recursion."""

    name: str
    mistakes: Mistakes
    line: int = 1
    stopped: bool = False
    documents: int = 0
    root: Node | None = None
    stack: list[_Open] = field(default_factory=list)

    def add(self, what: str, hint: str, line: int | None = None) -> None:
        self.mistakes.add(Origin(layer="file", name=self.name, line=line or self.line), what, hint)

    def fail(self, line: int, what: str, hint: str) -> None:
        self.add(what, hint, line)
        self.root, self.stopped = None, True

    def document(self) -> None:
        self.documents += 1
        if self.documents > 1:
            self.add("a second document begins", "keep one document: remove this `---` and what follows it")
            self.stopped = True

    def open(self, *, listing: bool) -> None:
        if len(self.stack) == DEEPEST:
            self.fail(self.line, f"is nested more than {DEEPEST} levels deep", "settings need four levels at most")
            return
        self.stack.append(_Open(line=self.line, listing=listing))

    def close(self) -> None:
        done = self.stack.pop()
        if done.listing:
            self.place(Row(line=done.line, items=tuple(done.items)))
        else:
            self.place(Branch(line=done.line, pairs=tuple(done.pairs.values())))

    def place(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if top.listing:
            top.items.append(node)
        elif top.key is None:
            top.key = node
        else:
            self._pair(top, top.key, node)
            top.key = None

    def _pair(self, top: _Open, key: Node, node: Node) -> None:
        if not isinstance(key, Leaf):
            self.add("a list or map where a key belongs", "a key is one word, as in `host: 127.0.0.1`", key.line)
        elif key.broken:
            pass
        elif key.text == "<<" and not key.quoted:
            self.add("uses the merge key <<", _ALIAS_HINT, key.line)
        elif first := top.pairs.get(key.text):
            what = f"the key {shown(key.text)} stands on line {first.line} already"
            self.add(what, "keep one of the two", key.line)
        else:
            top.pairs[key.text] = Pair(line=key.line, key=key.text, node=node)

    def result(self) -> Branch:
        root = self.root
        if isinstance(root, Branch):
            return root
        if isinstance(root, Row):
            self.add("a list where the sections belong", "begin with a section, as in `addresses:`", root.line)
        elif root is not None and not root.empty and not root.broken:
            self.add(f"a text where the sections belong: {shown(root.text)}",
                     "begin with a section, as in `addresses:`", root.line)  # fmt: skip
        return Branch(line=1, pairs=())
