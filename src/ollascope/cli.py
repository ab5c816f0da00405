"""The `ollascope` command: a table of commands, each loaded only when it is used."""

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast

import click
from click.shell_completion import CompletionItem

from ollascope import __version__
from ollascope.console.invocation import Invocation
from ollascope.console.show import trouble
from ollascope.words.errors import BadUsage, Interrupted, Trouble, Unsupported


class Entry(NamedTuple):
    """One command: where it lives and what it is for."""

    path: str
    help: str


DAILY = {
    "up": Entry("ollascope.processes.cli:up", "Start everything and say where it is."),
    "doctor": Entry("ollascope.checks.cli:doctor", "Check this machine and say what to do."),
}
MORE = {
    "settings": Entry("ollascope.settings.cli:settings", "Show, check and write settings."),
    "paths": Entry("ollascope.settings.cli:paths", "Show what lies where, and how big it is."),
    "purge": Entry("ollascope.settings.cli:purge", "Remove the data folder and everything in it, after a question."),
    "completion": Entry("ollascope.console.cli:completion", "Print the completion script of a shell."),
    "version": Entry("ollascope.console.cli:version", "Print version, commit and platform."),
}
COMMANDS = DAILY | MORE
BARE = "up"  # what `ollascope` means when nothing follows


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; every expected failure becomes one line, a hint and an exit code."""
    try:
        _refuse_foreign_platform(sys.platform)
        code = cli.main(list(arguments), prog_name="ollascope", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, click.Abort):
        return _failed(Interrupted("interrupted", hint="what was finished is kept; the same command starts again"))
    except click.UsageError as error:
        return _failed(_usage(error))
    except click.ClickException as error:
        return _failed(BadUsage(error.format_message(), hint="`ollascope --help` lists the commands and options"))
    except BrokenPipeError:
        _hush_stdout()
        return 0
    except Trouble as error:
        return _failed(error)


class LazyGroup(click.Group):
    """A group that knows its commands by the table and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        return _load(entry.path) if entry else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean `ollascope {near[0]}`?" if near else "`ollascope --help` lists the commands"
            raise BadUsage(f"there is no command {args[0][:60]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, table in (("Daily", DAILY), ("More", MORE)):
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in table.items()])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--settings",
    "settings_file",
    metavar="FILE",
    type=click.Path(path_type=Path, readable=False),
    help="Read this settings file.",
)
@click.option(
    "--data",
    "data_folder",
    metavar="DIR",
    type=click.Path(path_type=Path, readable=False),
    help="Keep data in this folder.",
)
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set one setting, as in --set addresses.dashboard=8081; may be repeated.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print results only.")
@click.option("-v", "--verbose", is_flag=True, help="Print more of what happens.")
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, **said: object) -> None:
    """Run, watch, measure, tune and ship local language models.

    Without a command it means `up`.
    """
    ctx.obj = _invocation(**said)
    if ctx.invoked_subcommand is None:
        ctx.invoke(_load(COMMANDS[BARE].path))  # fmt: skip


def _invocation(**said: object) -> Invocation:
    if said["quiet"] and said["verbose"]:
        raise BadUsage("--quiet and --verbose exclude each other", hint="leave one of them out")
    return Invocation(
        settings_file=cast("Path | None", said["settings_file"]),
        data_folder=cast("Path | None", said["data_folder"]),
        assignments=cast("tuple[str, ...]", said["assignments"]),
        quiet=bool(said["quiet"]),
        verbose=bool(said["verbose"]),
    )


def _load(path: str) -> click.Command:
    module, name = path.split(":")
    return cast("click.Command", vars(import_module(module))[name])


def _failed(error: Trouble) -> int:
    sys.stdout.flush()
    trouble(error)
    return error.exit_code


def _usage(error: click.UsageError) -> BadUsage:
    where = error.ctx.command_path if error.ctx else "ollascope"
    return BadUsage(" ".join(error.format_message().split()).rstrip("."), hint=f"`{where} --help` shows what it takes")


def _refuse_foreign_platform(platform: str) -> None:
    if not platform.startswith(("linux", "darwin")):
        raise Unsupported(
            f"Ollascope does not run on {platform}",
            hint="it runs on Linux; on Windows use WSL; macOS is expected to work but not tested",
        )


def _hush_stdout() -> None:
    """Whoever read our output has gone: keep the interpreter from complaining about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
