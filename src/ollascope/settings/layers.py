"""What each layer gives: the settings file, the environment and the flags as values by key, mistakes told."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ollascope.settings.document import Branch, Leaf, Node, Pair, Row
from ollascope.settings.fields import Field, fields_of, leaves, variable
from ollascope.settings.findings import Mistakes, Origin, looks_secret, names_secret, shown
from ollascope.settings.scalars import NULL, path_of, secret_in, value_of, words
from ollascope.words.errors import BadSettings

PREFIX = "OLLASCOPE__"
ALIASES = {"OLLASCOPE_DATA": "data.folder", "OLLAMA_HOST": "engines.ollama.url"}
GIVES_WAY = frozenset({"OLLAMA_HOST"})  # another program's: where our own variable says something else, ours holds
IN_FILE = "_file"  # `token_file: path` is where the secret `token` lies

PLAIN_SECRET = "a secret in plain text"  # noqa: S105 - the words of a message
SECRET_HINT = "take it out of this file and name another that holds it: `{name}_file: PATH`"  # noqa: S105
STRAY_HINT = "take it out of this file: secrets come from the environment or a file that a key ending in _file names"

_KEY = re.compile(r"[A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value that a layer gives; for a list of things their number, each thing's fields having keys of their own."""

    value: object = field(repr=False)
    origin: Origin
    file: Path | None = None  # that a secret was read from


Layer = dict[str, Given]


def from_file(page: Branch, classes: Mapping[str, type], name: str, mistakes: Mistakes) -> Layer:
    """The values of a settings file; relative paths in it start at its folder."""
    return _Filing(name=name, base=Path(name).parent, mistakes=mistakes).sections(page, classes)


def plain_secrets(text: str, name: str, mistakes: Mistakes) -> None:
    """Tell of every line, comments too, on which something with the form of a secret stands, if it is not told yet."""
    told = {found.origin.line for found in mistakes.found if found.what == PLAIN_SECRET}
    for number, line in enumerate(text.splitlines(), start=1):
        if number not in told and looks_secret(line):
            mistakes.add(Origin(layer="file", name=name, line=number), PLAIN_SECRET, STRAY_HINT)


def from_environment(environ: Mapping[str, str], classes: Mapping[str, type], mistakes: Mistakes) -> Layer:
    """The values of the environment: our own variables and the declared aliases."""
    known = {entry.variable: entry for entry in leaves(classes)}
    layer: Layer = {}
    for name, key in ALIASES.items():
        entry = known.get(variable(key))
        if entry and name in environ:
            _take_text(layer, entry, environ[name], Origin(layer="environment", name=name), mistakes)
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        origin = Origin(layer="environment", name=name)
        if entry := known.get(name):
            if entry.shape.form == "secret" and not text.strip():
                continue
            before = layer.get(entry.key)
            _take_text(layer, entry, text, origin, mistakes)
            if before is None or before.origin.name not in GIVES_WAY:
                _refuse_two(before, layer.get(entry.key), mistakes)
        elif secret := _secret_of(name, known, IN_FILE.upper()):
            _take_secret(layer, secret, text, origin, mistakes)
        else:
            mistakes.unknown(origin, "unknown variable", name, known, prefix=PREFIX)
    return layer


def from_flags(assignments: Iterable[str], classes: Mapping[str, type], mistakes: Mistakes) -> Layer:
    """The values of `--set section.field=value`, the last of two for the same key."""
    known = {entry.key: entry for entry in leaves(classes)}
    layer: Layer = {}
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        key = key.strip()
        origin = Origin(layer="flag", name=f"--set {key[:80]}")
        entry = known.get(key)
        if not sign:
            origin = Origin(layer="flag", name="--set")
            named = _KEY.match(key)  # no more of it: what follows may be a secret after a wrong sign
            what = f"{shown(named[0] if named else '')} has no value"
            mistakes.add(origin, what, "write --set section.field=value")
        elif entry and entry.shape.form == "secret":
            what = "a secret on the command line, where every user of the machine can read it"
            mistakes.add(origin, what, f"set {entry.variable}, or --set {key}{IN_FILE}=PATH")
        elif entry:
            _take_text(layer, entry, text, origin, mistakes)
        elif secret := _secret_of(key, known, IN_FILE):
            _take_secret(layer, secret, text, origin, mistakes)
        else:
            origin = Origin(layer="flag", name="--set")
            mistakes.unknown(origin, "unknown key", key, known)
    return layer


def _secret_of(name: str, known: Mapping[str, Field], ending: str) -> Field | None:
    entry = known.get(name.removesuffix(ending)) if name.endswith(ending) else None
    return entry if entry and entry.shape.form == "secret" else None


def _take_text(layer: Layer, entry: Field, text: str, origin: Origin, mistakes: Mistakes) -> None:
    try:
        # For a folder an empty text is a variable that a script has not filled, not the wish for the usual one.
        none = entry.shape.optional and text.strip() in (NULL if entry.shape.form != "path" else NULL - {""})
        layer[entry.key] = Given(value=None if none else value_of(text, entry), origin=origin)
    except BadSettings as error:
        mistakes.add(origin, error.message, error.hint, key=entry.key)


def _take_secret(layer: Layer, entry: Field, text: str, origin: Origin, mistakes: Mistakes) -> None:
    if text.strip() in NULL:
        return
    try:
        path = path_of(text)
        given = Given(value=secret_in(path, entry), origin=origin, file=path)
    except BadSettings as error:
        mistakes.add(origin, error.message, error.hint)
        return
    _refuse_two(layer.get(entry.key), given, mistakes)
    layer[entry.key] = given


def _refuse_two(first: Given | None, second: Given | None, mistakes: Mistakes) -> None:
    """An alias and the variable itself, or a secret and its file, may not contradict each other."""
    if first and second and first.value != second.value:
        mistakes.add(second.origin, f"says something else than {first.origin.name}", "unset one of the two")


@dataclass(slots=True, kw_only=True)
class _Filing:
    """One pass through the file's tree beside the sections."""

    name: str
    base: Path
    mistakes: Mistakes
    layer: Layer = field(default_factory=dict)

    def sections(self, page: Branch, classes: Mapping[str, type]) -> Layer:
        for pair in page.pairs:
            cls = classes.get(pair.key)
            if cls is None:
                self.stray(pair, "unknown section", classes)
            else:
                self.section(pair.node, cls, f"{pair.key}.")
        return self.layer

    def section(self, node: Node, cls: type, prefix: str) -> None:
        if isinstance(node, Leaf) and (node.empty or node.broken):
            return  # a section whose every line is a comment
        if not isinstance(node, Branch):
            kind = "a list" if isinstance(node, Row) else "one value"
            what = f"{kind} where the fields of {shown(prefix.rstrip('.'))} belong"
            self.mistakes.add(self.at(node.line), what, "write `key: value` lines under it, indented by two blanks")
            return
        known = {entry.name: entry for entry in fields_of(cls, prefix)}
        for pair in node.pairs:
            if entry := known.get(pair.key):
                self.take(entry, pair)
            elif secret := _secret_of(pair.key, known, IN_FILE):
                self.secret_file(secret, pair)
            else:
                names = [n + IN_FILE if e.shape.form == "secret" else n for n, e in known.items()]
                self.stray(pair, "unknown key", names)

    def take(self, entry: Field, pair: Pair) -> None:
        node = pair.node
        match entry.shape.form:
            case "section":
                self.section(node, entry.shape.inside, f"{entry.key}.")
            case "things":
                self.things(entry, node)
            case "texts":
                self.texts(entry, node)
            case "secret":
                if not (isinstance(node, Leaf) and (node.empty or node.broken)):
                    or_variable = "" if "[" in entry.key else f", or set {entry.variable}"
                    self.plain_secret(pair.line, SECRET_HINT.format(name=entry.name) + or_variable)
            case _:
                self.scalar(entry, node)

    def scalar(self, entry: Field, node: Node) -> None:
        if not isinstance(node, Leaf):
            self.wrong_kind(entry, node)
        elif node.empty and entry.shape.optional:
            self.give(entry.key, None, node.line)
        elif node.empty:
            self.without_value(entry, node)
        elif looks_secret(node.text):
            self.plain_secret(node.line, STRAY_HINT)
        elif not node.broken:
            self.read(entry, node)

    def texts(self, entry: Field, node: Node) -> None:
        if not isinstance(node, Row):
            self.wrong_kind(entry, node)
            return
        texts = []
        for item in node.items:
            if not isinstance(item, Leaf) or item.empty:
                what = "an entry without a text" if isinstance(item, Leaf) else "a list or map where a text belongs"
                self.mistakes.add(self.at(item.line), what, f"write {words(entry)}, as in [first, second]")
            elif looks_secret(item.text):
                self.plain_secret(item.line, STRAY_HINT)
            elif not item.broken:
                texts.append(item.text)
        self.give(entry.key, tuple(texts), node.line)

    def things(self, entry: Field, node: Node) -> None:
        if not isinstance(node, Row):
            self.wrong_kind(entry, node)
            return
        for number, item in enumerate(node.items):
            self.section(item, entry.shape.inside, f"{entry.key}[{number}].")
        self.give(entry.key, len(node.items), node.line)

    def secret_file(self, entry: Field, pair: Pair) -> None:
        node = pair.node
        if not isinstance(node, Leaf):
            self.mistakes.add(self.at(node.line), f"{pair.key} is no path", "write the path of a file")
        elif not node.empty and not node.broken:
            try:
                path = path_of(node.text, self.base)
                self.layer[entry.key] = Given(value=secret_in(path, entry), origin=self.at(node.line), file=path)
            except BadSettings as error:
                self.mistakes.add(self.at(node.line), f"{pair.key}: {error.message}", error.hint)

    def read(self, entry: Field, node: Leaf) -> None:
        try:
            self.give(entry.key, value_of(node.text, entry, base=self.base), node.line)
        except BadSettings as error:
            self.mistakes.add(self.at(node.line), f"{entry.key}: {error.message}", error.hint, key=entry.key)

    def give(self, key: str, value: object, line: int) -> None:
        self.layer[key] = Given(value=value, origin=self.at(line))

    def at(self, line: int) -> Origin:
        return Origin(layer="file", name=self.name, line=line)

    def wrong_kind(self, entry: Field, node: Node) -> None:
        if isinstance(node, Leaf) and (node.empty or node.broken):
            if not node.broken:
                self.without_value(entry, node)
            return
        kind = {Leaf: "one value", Row: "a list", Branch: "a map"}[type(node)]
        self.mistakes.add(self.at(node.line), f"{entry.key}: got {kind}", f"write {words(entry)}", key=entry.key)
        self.secrets_below(node)

    def without_value(self, entry: Field, node: Leaf) -> None:
        hint = f"write {words(entry)}, or remove the line: the default holds"
        self.mistakes.add(self.at(node.line), f"{entry.key} has no value", hint, key=entry.key)

    def stray(self, pair: Pair, what: str, known: Iterable[str]) -> None:
        """A key nobody declared; a secret under it is all that needs telling."""
        secret = next((found for found in (pair, *_pairs_below(pair.node)) if _is_plain_secret(found)), None)
        if secret is None:
            self.mistakes.unknown(self.at(pair.line), what, pair.key, known)
        elif secret is pair:
            self.plain_secret(pair.line, STRAY_HINT)
        self.secrets_below(pair.node)

    def secrets_below(self, node: Node) -> None:
        for pair in _pairs_below(node):
            if _is_plain_secret(pair):
                self.plain_secret(pair.line, STRAY_HINT)

    def plain_secret(self, line: int, hint: str) -> None:
        told = {(entry.origin.line, entry.what) for entry in self.mistakes.found}
        if (line, PLAIN_SECRET) not in told:
            self.mistakes.add(self.at(line), PLAIN_SECRET, hint)


def _is_plain_secret(pair: Pair) -> bool:
    node = pair.node
    if not isinstance(node, Leaf) or node.empty or not node.text:
        return False
    return names_secret(pair.key) or looks_secret(node.text)


def _pairs_below(node: Node) -> Iterator[Pair]:
    waiting = [node]
    while waiting:
        top = waiting.pop()
        if isinstance(top, Branch):
            yield from top.pairs
            waiting.extend(pair.node for pair in top.pairs)
        elif isinstance(top, Row):
            waiting.extend(top.items)
