"""What the program says when something goes wrong, read from its source: every text of an error, check or alert."""

import ast
import itertools
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent.parent / "src" / "ollascope"
ERRORS = {
    node.name
    for node in ast.parse((SOURCE / "words/errors.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
}
SAYING = {"text", "what", "hint", "message", "reason", "why", "failure", "fault", "trouble", "says", "told"}
INNER = {"Crooked"}  # errors of one room, whose words stand in an error of the tree
NOTING = {"add", "wrong", "_finding"}  # what notes a mistake among others
MOST = 60  # ways in which the branches of one text are put together
HOLE = "{}"
WORDS = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True)
class Text:
    """A text as it stands in the source, every value that is filled in written {}."""

    pattern: str
    place: str


@dataclass
class Module:
    """One file, its functions, and who calls them."""

    path: Path
    tree: ast.Module
    constants: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)
    owners: dict = field(default_factory=dict)  # of each node: the function around it
    calls: dict = field(default_factory=dict)  # by the name of what is called
    imports: dict = field(default_factory=dict)  # names of other modules of ours
    known: dict = field(default_factory=dict)  # of each node: what it can come to


def texts_of(room):
    """Every text of a room, with the place where it is said."""
    return texts_in(read_room(room))


def texts_in(modules):
    """Every text of some modules."""
    found = {}
    for module in modules:
        reader = Reader(modules, module)
        for given in (given for node in ast.walk(module.tree) for given in said_by(node)):
            for pattern in sorted(reader.ways(given)):
                if has_words(pattern):
                    found.setdefault(pattern, f"{module.path.parent.name}/{module.path.name}:{given.lineno}")
    return [Text(pattern, place) for pattern, place in found.items()]


def said_by(node):
    """What a call gives to a person to read, and pairs of what is wrong and what to do about it."""
    if isinstance(node, ast.Return | ast.Yield) and isinstance(node.value, ast.Tuple):
        yield from (each for each in node.value.elts if isinstance(each, ast.Constant | ast.JoinedStr | ast.Name))
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    if name in NOTING:
        yield from (each for each in node.args if isinstance(each, ast.Constant | ast.JoinedStr))
    if name in ERRORS:
        yield from node.args[:1]
    if name in INNER:
        yield from node.args[:2]
    yield from (each.value for each in node.keywords if each.arg in SAYING)


def called(node):
    function = node.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def has_words(pattern):
    """Whether there is anything to translate: more than a name, values and signs."""
    plain = re.sub(r"`[^`]*`", " ", pattern).replace(HOLE, " ")
    return " " in pattern and any(len(word) > 2 for word in WORDS.findall(plain))


@cache
def read_room(room):
    return [read_module(path) for path in sorted((SOURCE / room).rglob("*.py"))]


@cache
def read_module(path):
    module = Module(path, ast.parse(path.read_text(encoding="utf-8")))
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    module.constants[target.id] = node.value
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            module.functions.setdefault(node.name, node)
            module.owners |= {id(inner): node for inner in ast.walk(node)}  # the innermost one comes last
        elif isinstance(node, ast.Call):
            module.calls.setdefault(called(node), []).append(node)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ollascope."):
            module.imports |= {each.name: node.module for each in node.names}
    return module


class Reader:
    """Works out every text that an expression can come to."""

    def __init__(self, modules, module):
        self.modules, self.module = modules, module

    def ways(self, node):
        """All of them, each with {} for what only a run can tell."""
        if id(node) not in self.module.known:
            self.module.known[id(node)] = {HOLE}  # for whatever goes round in a circle
            self.module.known[id(node)] = {re.sub(r"(?:\{\})+", HOLE, each) for each in self._ways(node)}
        return self.module.known[id(node)]

    def _ways(self, node):
        if isinstance(node, ast.Constant):
            return {node.value} if isinstance(node.value, str) else {HOLE}
        if isinstance(node, ast.JoinedStr):
            return self._joined([self._filled(part) for part in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([self.ways(node.left), self.ways(node.right)])
        if isinstance(node, ast.IfExp):
            return self.ways(node.body) | self.ways(node.orelse)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self.ways(each) for each in node.values))
        if isinstance(node, ast.Name):
            return self._named(node)
        if isinstance(node, ast.Subscript):
            return self._looked_up(node.value)
        if isinstance(node, ast.Call):
            return self._answered(node)
        return {HOLE}

    def _filled(self, part):
        if isinstance(part, ast.Constant):
            return {part.value}
        if part.conversion != -1 or part.format_spec is not None:
            return {HOLE}
        return self.ways(part.value)

    def _joined(self, pieces):
        whole = 1
        for each in pieces:
            whole *= len(each)
        if whole > MOST:
            pieces = [each if len(each) == 1 else {HOLE} for each in pieces]
        return {"".join(each) for each in itertools.product(*pieces)}

    def _named(self, node):
        function = self.module.owners.get(id(node))
        if function is not None:
            given = [each for each in ast.walk(function) if assigns(each, node.id)]
            if given:
                return self._assigned(given, node)
            if node.id in parameters(function):
                return self._handed(function, node.id)
        if node.id in self.module.constants:
            return self.ways(self.module.constants[node.id])
        return self._imported(node.id)

    def _assigned(self, given, node):
        found, more = set(), []
        for each in given:
            if isinstance(each, ast.AugAssign):
                more.append(each.value)
            elif not any(inner is node for inner in ast.walk(each)) and each.lineno <= node.lineno:
                place = position(each, node.id)
                found |= self.ways(each.value) if place is None else self._element(each.value, place)
        for value in more:
            found |= self._joined([found, self.ways(value)])
        return found or {HOLE}

    def _element(self, value, place):
        """What stands at a place of a pair: one that is written here, of a table, or what a function gives."""
        if isinstance(value, ast.Tuple):
            return self.ways(value.elts[place]) if place < len(value.elts) else {HOLE}
        if isinstance(value, ast.Call) and called(value) == "get" and isinstance(value.func, ast.Attribute):
            pairs = [*self._rows(value.func.value), *value.args[1:]]
        elif isinstance(value, ast.Subscript):
            pairs = self._rows(value.value)
        elif isinstance(value, ast.Call) and called(value) in self.module.functions:
            pairs = answers(self.module.functions[called(value)])
        else:
            pairs = []
        pairs = [each for each in pairs if isinstance(each, ast.Tuple)]
        return set().union(*(self._element(each, place) for each in pairs)) if pairs else {HOLE}

    def _rows(self, node):
        """The values of a table that is written here, or stands in the module."""
        table = self.module.constants.get(node.id) if isinstance(node, ast.Name) else node
        return table.values if isinstance(table, ast.Dict) else []

    def _handed(self, function, name):
        """What the callers of a function hand over under a name, and what it takes where they leave it out."""
        usual = default_of(function, name)
        found = set() if usual is None else set(self.ways(usual))
        for module in self.modules:
            for node in module.calls.get(function.name, ()):
                value = argument(node, function, name)
                if value is not None and self._reaches(module, node, function):
                    found |= Reader(self.modules, module).ways(value)
        return found or {HOLE}

    def _reaches(self, module, call, function):
        """Whether a call in this module means that function, and not another one of the same name."""
        if isinstance(call.func, ast.Attribute):
            return parameters(function)[:1] in (["self"], ["cls"])
        return module is self.module or (module.imports.get(function.name) or "").endswith(f".{self.module.path.stem}")

    def _imported(self, name):
        """What another module of ours calls so."""
        other = self._other(name)
        known = other is not None and name in other.constants
        return Reader([other], other).ways(other.constants[name]) if known else {HOLE}

    def _other(self, name):
        if name not in self.module.imports:
            return None
        path = SOURCE.parent / Path(*self.module.imports[name].split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        return read_module(path) if path.is_file() else None

    def _looked_up(self, node):
        """The texts of a table."""
        return set().union(*(self.ways(each) for each in self._rows(node))) or {HOLE}

    def _answered(self, node):
        name = called(node)
        if name == "get" and isinstance(node.func, ast.Attribute):
            return self._looked_up(node.func.value) | (self.ways(node.args[1]) if len(node.args) > 1 else set())
        function, reader = self.module.functions.get(name), self
        if function is None and isinstance(node.func, ast.Name) and (other := self._other(name)) is not None:
            function, reader = other.functions.get(name), Reader([other], other)
        if function is None:
            return {HOLE}
        found = set().union(*(reader.ways(each) for each in answers(function))) or {HOLE}
        return found if any(has_words(each) for each in found) else {HOLE}


def assigns(node, name):
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets) or (
            position(node, name) is not None
        )
    if isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        return isinstance(node.target, ast.Name) and node.target.id == name and node.value is not None
    return False


def position(node, name):
    """Where a name stands among several that are assigned at once; None where it stands alone."""
    for target in node.targets if isinstance(node, ast.Assign) else ():
        if isinstance(target, ast.Tuple):
            names = [each.id if isinstance(each, ast.Name) else "" for each in target.elts]
            return names.index(name) if name in names else None
    return None


def answers(function):
    """What a function gives back."""
    return [each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value is not None]


def parameters(function):
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def default_of(function, name):
    """What a parameter is where a call leaves it out; None where it must be given."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    defaults = dict(zip(reversed(names), reversed(given.defaults), strict=False))
    defaults |= {each.arg: value for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True)}
    return defaults.get(name)


def argument(call, function, name):
    """What a call gives for a parameter; None where it leaves it out."""
    for each in call.keywords:
        if each.arg == name:
            return each.value
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if names and names[0] in {"self", "cls"} and isinstance(call.func, ast.Attribute):
        names = names[1:]
    place = names.index(name) if name in names else -1
    return call.args[place] if 0 <= place < len(call.args) else None
