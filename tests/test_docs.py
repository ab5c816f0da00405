"""The documentation tells the truth: derived pages are fresh, examples run, links lead somewhere."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ollascope.checks.table import CHECKS
from ollascope.cli import COMMANDS, cli
from ollascope.settings.fields import leaves, resolve
from ollascope.wire import SECTIONS
from ollascope.words.errors import every_error
from ollascope.words.metrics import METRICS

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
TOLD = [
    path for path in ROOT.rglob("*.md") if not {".venv", "build", "node_modules"} & set(path.relative_to(ROOT).parts)
]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
TARGETS = {"setup", "run", "test", "ready", "lint", "fix", "types", "docs", "demo", "bench", "clean", "version", "help"}


def docs_script():
    spec = importlib.util.spec_from_file_location("docs_script", ROOT / "scripts" / "docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(docs_script().pages()))
def test_derived_file_is_fresh(name):
    assert text(name) == docs_script().pages()[name], "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"`ollascope {name}`" in text("docs/reference/commands.md")


@pytest.mark.parametrize("key", [entry.key for entry in leaves(resolve(SECTIONS))])
def test_every_setting_is_documented(key):
    assert f"| `{key}` |" in text("docs/reference/settings.md")


@pytest.mark.parametrize("code", [error.code for error in every_error()])
def test_every_error_is_documented(code):
    assert f"| `{code}` |" in text("docs/reference/errors.md")


@pytest.mark.parametrize("name", [entry.name for entry in METRICS])
def test_every_metric_is_documented(name):
    assert f"| `{name}` |" in text("docs/reference/metrics.md")


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_documented(name):
    assert f"| `{name}` |" in text("docs/reference/checks.md")


@pytest.mark.parametrize("path", TOLD, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    targets = [target for target in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def make_targets():
    return set(re.findall(r"^([a-z]+):.*## ", text("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("path", TOLD, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(path):
    named = set(re.findall(r"(?:`|^)make ([a-z]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= make_targets()


def test_make_alone_lists_every_target_of_the_contract():
    done = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True, timeout=30)
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert TARGETS - listed == set()


def shell_sessions(name):
    """The `$ command` lines of a page's console blocks, each with the output printed under it."""
    for language, block in BLOCK.findall(text(name)):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command, output.rstrip("\n")


def matches(shown, printed):
    """Whether the page shows what was printed: `…` stands for anything, columns may stand closer together."""
    shown, printed = (re.sub(r" {2,}", "  ", part) for part in (shown, printed))
    pattern = "".join(".*" if part == ANYTHING else re.escape(part) for part in re.split(f"({ANYTHING})", shown))
    return re.fullmatch(pattern, printed, re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_readme_shows_what_the_commands_print(name, tmp_path):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    sessions = list(shell_sessions(name))
    assert len(sessions) >= 4
    for command, shown in sessions:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, text=True, check=False, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert matches(shown, done.stdout.rstrip("\n")), f"$ {command}\n{done.stdout}"


def test_both_readmes_show_the_same_commands():
    english, chinese = ([command for command, _ in shell_sessions(name)] for name in READMES)
    assert english == chinese


def test_readme_names_the_two_commands_that_start_everything():
    for name in READMES:
        assert {"make run", "make test"} <= set(re.findall(r"make (?:run|test)", text(name)))


ROW = re.compile(r"^\| ([A-E]\d+) \| ([^|]+) \|([^|]*)\|$", re.MULTILINE)
NAME_ROW = re.compile(r"^\| [^|]+ \| `([^`]+)` \|$", re.MULTILINE)
NOT_BUILT = "not built"


def exists(target):
    """A path, a command, or module.py:Name."""
    if target.startswith("ollascope "):
        return command_exists(target.split()[1:])
    path, _, name = target.partition(":")
    if not (ROOT / path).exists():
        return False
    return not name or name in {
        getattr(node, "name", None) for node in ast.walk(ast.parse(text(path)))
    } or f"{name}:" in text(path)  # fmt: skip


def command_exists(words):
    command = cli
    for word in words:
        if not isinstance(command, click.Group):
            return any(word in option.opts for option in command.params)
        command = command.get_command(click.Context(command), word)
        if command is None:
            return False
    return True


def test_coverage_lists_every_requirement_once():
    rows = [row for row, _, _ in ROW.findall(text("docs/coverage.md"))]
    expected = [
        f"{letter}{n}" for letter, last in zip("ABCDE", (21, 14, 9, 16, 8), strict=True) for n in range(1, last + 1)
    ]
    assert rows == expected


def test_what_coverage_names_exists():
    for row, where, proof in ROW.findall(text("docs/coverage.md")):
        named = re.findall(r"`([^`]+)`", where + proof)
        assert named or where == NOT_BUILT, row
        assert [target for target in named if not exists(target)] == [], row


def test_names_of_the_original_plans_lead_to_ours():
    targets = NAME_ROW.findall(text("docs/coverage.md"))
    assert len(targets) >= 10
    assert [target for target in targets if not exists(target)] == []


def test_agents_page_stays_short():
    assert text("AGENTS.md").count("\n") <= 80
