"""Writes what can be derived from the program: reference pages, example settings, requirements.txt."""

import ast
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from ollascope.checks.table import CHECKS
from ollascope.cli import COMMANDS, cli
from ollascope.settings.fields import leaves, resolve
from ollascope.settings.scalars import words
from ollascope.settings.template import render, scalar
from ollascope.wire import SECTIONS
from ollascope.words.errors import Trouble, every_error
from ollascope.words.metrics import METRICS

ROOT = Path(__file__).parent.parent
HEAD = "<!-- Written by `make docs` from the program: change it there. -->\n"
LLAMA_FLAGS = "--config-settings=cmake.args=-DGGML_NATIVE=OFF"


def main() -> None:
    """Write every page that differs from what it should be."""
    for name, text in pages().items():
        path = ROOT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")


def pages() -> dict[str, str]:
    """Every derived file: its path and what stands in it."""
    return {
        "docs/reference/commands.md": "\n".join(commands_page()) + "\n",
        "docs/reference/settings.md": "\n".join(settings_page()) + "\n",
        "docs/reference/errors.md": "\n".join(errors_page()) + "\n",
        "docs/reference/metrics.md": "\n".join(metrics_page()) + "\n",
        "docs/reference/checks.md": "\n".join(checks_page()) + "\n",
        "docs/reference/rooms.md": "\n".join(rooms_page()) + "\n",
        "config/local_config.yaml": render(SECTIONS),
        "config/server_config.yaml": render(SECTIONS, "server"),
        "requirements.txt": "\n".join(requirements()) + "\n",
    }


def commands_page() -> Iterator[str]:
    yield from (HEAD, "# Commands\n", "Every command, as `--help` prints it.\n")
    yield from command_help(cli, ["ollascope"])
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield from command_tree(command, ["ollascope", name])


def command_tree(command: click.Command, words: list[str]) -> Iterator[str]:
    yield from command_help(command, words)
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from command_tree(child, [*words, name])


def command_help(command: click.Command, words: list[str]) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(words), max_content_width=100, terminal_width=100)
    yield from (f"## `{' '.join(words)}`\n", "```text", command.get_help(context), "```\n")


def settings_page() -> Iterator[str]:
    yield from (HEAD, "# Settings\n")
    yield "Each key may stand in the settings file, in the environment (`addresses.dashboard` is"
    yield "`OLLASCOPE__ADDRESSES__DASHBOARD`) or on the command line (`--set addresses.dashboard=8081`); the later"
    yield "wins.\n"
    for name, section in resolve(SECTIONS).items():
        yield from (f"## {name}\n", f"{section.__doc__}\n", "| key | default | takes | meaning |", "|---|---|---|---|")
        for entry in leaves({name: section}):
            yield f"| `{entry.key}` | `{scalar(entry.default)}` | {words(entry)} | {entry.rule.meaning} |"
        yield ""


def errors_page() -> Iterator[str]:
    yield from (HEAD, "# Errors\n")
    yield "A failure that is expected has a code. The command line prints one line and a hint and ends with the"
    yield "exit code; HTTP answers with the status; the record of a request carries the code as its `outcome`.\n"
    yield from ("| code | means | below | HTTP | exit | worth another try |", "|---|---|---|---|---|---|")
    for error in every_error():
        parent = error.__mro__[1]
        below = f"`{parent.code}`" if issubclass(parent, Trouble) else ""
        again = "yes" if error.retryable else "no"
        yield f"| `{error.code}` | {error.__doc__} | {below} | {error.status} | {error.exit_code} | {again} |"


def metrics_page() -> Iterator[str]:
    yield from (HEAD, "# Metrics\n", "What a figure means is the same in every table, page and report.")
    yield from ("A figure whose parts were not measured is not shown.\n", "| name | unit | formula | meaning |")
    yield "|---|---|---|---|"
    for entry in METRICS:
        yield f"| `{entry.name}` | {entry.unit} | `{entry.formula}` | {entry.help} |"


def checks_page() -> Iterator[str]:
    yield from (HEAD, "# Checks\n", "`ollascope doctor` runs them all; each is ok, a warning, a problem, or unknown.\n")
    yield from ("| id | looks at |", "|---|---|")
    for name, path in CHECKS.items():
        module, function = path.split(":")
        meaning = (vars(import_module(module))[function].__doc__ or "").strip().splitlines()[0]
        yield f"| `{name}` | {meaning} |"


def rooms_page() -> Iterator[str]:
    yield from (HEAD, "# Rooms\n", "One folder is one thing the product does; imports go down the floors only.\n")
    yield from ("| floor | room | what it is |", "|---|---|---|")
    for number, rooms in enumerate(floors()):
        for room in sorted(rooms):
            path = ROOT / "src" / "ollascope" / room / "__init__.py"
            if path.is_file():
                meaning = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
                yield f"| {number} | `{room}/` | {meaning} |"


def floors() -> list[set[str]]:
    """The floors as the shape test holds them."""
    tree = ast.parse((ROOT / "tests" / "test_shape.py").read_text(encoding="utf-8"))
    value = next(
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "FLOORS"
    )
    assert isinstance(value, ast.Tuple)
    return [set(ast.literal_eval(call.args[0])) for call in value.elts if isinstance(call, ast.Call)]


def requirements() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    yield "# Written by `make docs` from pyproject.toml. In a checkout: pip install -r requirements.txt"
    yield "# llama-cpp-python is compiled (4 to 16 minutes of C++); its flag keeps the build portable and away from a"
    yield "# crash of default builds on processors with AMX. It needs pip 23.1 or newer: python -m pip install -U pip"
    yield "-e ."
    yield from project["dependencies"]
    yield f"{extras['llamacpp'][0]} {LLAMA_FLAGS}"
    yield next(line for line in extras["dev"] if line.startswith("pytest>"))


if __name__ == "__main__":
    main()
