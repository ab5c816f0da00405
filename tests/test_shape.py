"""The shape of the code: imports go down and never sideways, files stay small, names say what is inside."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "ollascope"

FLOORS: tuple[frozenset[str], ...] = (  # bottom first; a room may import only rooms on lower floors
    frozenset({"words"}),
    frozenset({"settings", "apis", "pipe", "stats", "host", "db", "logs", "processes", "console"}),
    frozenset({"engines", "ledger", "registry", "accounts", "jobs", "reports"}),
    frozenset({"checks"}),
    frozenset({"serve", "monitor", "bench", "gateway", "chat", "training", "tools"}),
    frozenset({"tuning", "releases", "deploy"}),
    frozenset({"workflows"}),
    frozenset({"web", "cli", "wire", "__main__"}),
)
DOORS = {"cli", "web"}  # <room>/cli.py and <room>/web.py may look anywhere; only the two tables name them
BANNED_NAMES = {"util", "utils", "common", "core", "helper", "helpers", "manager", "base", "misc"}
BANNED_SUFFIXES = ("Manager", "Handler", "Helper", "Base", "Impl", "Simple", "Real", "Production", "Enhanced")
MODULE_LINES = 500
FUNCTION_LINES = 60
PARAMETERS = 6
FOLDER_FILES = 16
SECTION_FIELDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file, read once."""

    path: Path
    parts: tuple[str, ...]
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.parts[0]

    @property
    def is_door(self) -> bool:
        return len(self.parts) == 2 and self.parts[1] in DOORS

    @property
    def name(self) -> str:
        return "/".join(self.parts)


def modules(package: Path) -> list[Module]:
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        text = path.read_text(encoding="utf-8")
        found.append(Module(path=path, parts=parts, text=text, tree=ast.parse(text)))
    return [module for module in found if module.parts != ("__init__",)]


def floor(room: str) -> int | None:
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), None)


def imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield start
            yield from (f"{start}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "import_module":
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def rooms_without_a_floor(found: list[Module]) -> Iterator[str]:
    for module in found:
        if floor(module.room) is None:
            yield f"{module.name}: the room {module.room!r} stands on no floor of the map"


def imports_that_do_not_go_down(found: list[Module]) -> Iterator[str]:
    for module in found:
        for name in imports(module):
            if name.startswith("."):
                yield f"{module.name}: write imports in full, not {name!r}"
            if name.startswith(PACKAGE + ".") and not module.is_door:
                yield from wrong_import(module, name.split(".")[1:])


def wrong_import(module: Module, target: list[str]) -> Iterator[str]:
    if len(target) >= 2 and target[1] in DOORS:
        yield f"{module.name}: imports the door {'.'.join(target)}; only the tables name doors"
    here, there = floor(module.room), floor(target[0])
    if target[0] == module.room or here is None or there is None or here == len(FLOORS) - 1:
        return
    if there >= here:
        yield f"{module.name}: imports {target[0]!r}, which is not on a lower floor"


def words_beyond_the_standard_library(found: list[Module]) -> Iterator[str]:
    for module in found:
        if module.room == "words":
            for name in imports(module):
                if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(f"{PACKAGE}.words"):
                    yield f"{module.name}: words import {name!r}, which is neither standard library nor words"


def environment_or_yaml_outside_settings(found: list[Module]) -> Iterator[str]:
    for module in found:
        if module.room == "settings":
            continue
        if any(name.split(".")[0] == "yaml" for name in imports(module)):
            yield f"{module.name}: reads YAML; only settings/ does"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
                yield f"{module.name}:{node.lineno}: reads the environment; only settings/ does"
        if {"os.environ", "os.getenv"} & set(imports(module)):
            yield f"{module.name}: reads the environment; only settings/ does"


def too_large(found: list[Module]) -> Iterator[str]:
    for module in found:
        if (lines := module.text.count("\n")) > MODULE_LINES:
            yield f"{module.name}: {lines} lines, at most {MODULE_LINES}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from large_function(module, node)
    yield from crowded_folders(found)


def large_function(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > FUNCTION_LINES:
        yield f"{module.name}: {node.name} has {lines} lines, at most {FUNCTION_LINES}"
    arguments = node.args
    names = [arg.arg for arg in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
    count = len([name for name in names if name not in {"self", "cls"}])
    if count > PARAMETERS:
        yield f"{module.name}: {node.name} takes {count} parameters, at most {PARAMETERS}: make them a value"


def crowded_folders(found: list[Module]) -> Iterator[str]:
    folders = [str(Path(*module.parts).parent) for module in found if len(module.parts) > 1]
    for folder in sorted(set(folders)):
        if folders.count(folder) > FOLDER_FILES:
            yield f"{folder}: {folders.count(folder)} files, at most {FOLDER_FILES}"


def crowded_sections(found: list[Module]) -> Iterator[str]:
    """A class whose fields are declared with `setting` or `subsection` is a settings section."""
    for module in found:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                count = sum(is_setting(statement) for statement in node.body)
                if count > SECTION_FIELDS:
                    yield f"{module.name}: section {node.name} has {count} fields, at most {SECTION_FIELDS}"


def is_setting(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.AnnAssign) else None
    return (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in {"setting", "subsection"}
    )


def silent_files(found: list[Module]) -> Iterator[str]:
    for module in found:
        if not ast.get_docstring(module.tree) or not module.text.startswith('"""'):
            yield f"{module.name}: the first line does not say what the file is for"


def banned_names(found: list[Module]) -> Iterator[str]:
    for module in found:
        for part in BANNED_NAMES.intersection(module.parts):
            yield f"{module.name}: {part!r} says nothing about what is inside"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith(BANNED_SUFFIXES):
                yield f"{module.name}: class {node.name}: name it by what it is"


RULES = (
    rooms_without_a_floor,
    imports_that_do_not_go_down,
    words_beyond_the_standard_library,
    environment_or_yaml_outside_settings,
    too_large,
    crowded_sections,
    silent_files,
    banned_names,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_code_keeps_the_shape(rule):
    assert list(rule(modules(ROOT / "src" / PACKAGE))) == []


def test_tests_and_scripts_say_what_they_are_for():
    paths = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("scripts/**/*.py")]
    assert [str(path) for path in paths if not path.read_text(encoding="utf-8").startswith('"""')] == []


def test_top_level_holds_what_the_card_names():
    assert {"main.py", "src", "templates", "config", "scripts", "tests", "docs"} <= {
        path.name for path in ROOT.iterdir()
    }


PLANTED = {
    "a sideways import": ("stats/a.py", '"""A."""\nfrom ollascope.host import b\n', "not on a lower floor"),
    "an upward import": ("words/a.py", '"""A."""\nimport ollascope.ledger.b\n', "not on a lower floor"),
    "an import of a door": ("monitor/a.py", '"""A."""\nfrom ollascope.ledger.cli import b\n', "imports the door"),
    "a whole room beside it": ("stats/a.py", '"""A."""\nfrom ollascope import host\n', "not on a lower floor"),
    "a sideways import by name": (
        "stats/a.py", '"""A."""\nfrom importlib import import_module\nimport_module("ollascope.host.b")\n',
        "not on a lower floor",
    ),
    "an import of a door by its room": ("monitor/a.py", '"""A."""\nfrom ollascope.ledger import cli\n', "the door"),
    "the environment by name": ("stats/a.py", '"""A."""\nfrom os import environ\n', "reads the environment"),
    "a relative import": ("stats/a.py", '"""A."""\nfrom . import b\n', "in full"),
    "a package among the words": ("words/a.py", '"""A."""\nimport yaml\n', "neither standard library"),
    "YAML outside settings": ("stats/a.py", '"""A."""\nimport yaml\n', "reads YAML"),
    "the environment": ("stats/a.py", '"""A."""\nimport os\nos.environ["X"]\n', "reads the environment"),
    "a room without a floor": ("attic/a.py", '"""A."""\n', "stands on no floor"),
    "600 lines": ("stats/a.py", '"""A."""\n' + "x = 1\n" * 600, "601 lines"),
    "a long function": ("stats/a.py", '"""A."""\ndef f():\n' + "    x = 1\n" * 60, "61 lines"),
    "seven parameters": ("stats/a.py", '"""A."""\ndef f(a, b, c, d, e, f, g): ...\n', "7 parameters"),
    "a silent file": ("stats/a.py", "x = 1\n", "first line"),
    "a file named utils": ("stats/utils.py", '"""A."""\n', "says nothing"),
    "a class named manager": ("stats/a.py", '"""A."""\nclass ModelManager: ...\n', "by what it is"),
    "a crowded section": (
        "stats/a.py", '"""A."""\nclass S:\n' + "".join(f"    a{n}: int = setting(1, 'x')\n" for n in range(13)),
        "13 fields",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_planted_mistake_is_found(what, tmp_path):
    name, text, complaint = PLANTED[what]
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    found = [line for rule in RULES for line in rule(modules(tmp_path))]
    assert [line for line in found if complaint in line], found


def test_seventeen_files_crowd_a_folder(tmp_path):
    (tmp_path / "stats").mkdir()
    for number in range(17):
        (tmp_path / "stats" / f"a{number}.py").write_text('"""A."""\n', encoding="utf-8")
    assert list(crowded_folders(modules(tmp_path))) == ["stats: 17 files, at most 16"]


def test_door_may_look_anywhere(tmp_path):
    (tmp_path / "ledger").mkdir()
    text = '"""A."""\nfrom ollascope.wire import load_settings\n'
    (tmp_path / "ledger" / "cli.py").write_text(text, encoding="utf-8")
    assert list(imports_that_do_not_go_down(modules(tmp_path))) == []
