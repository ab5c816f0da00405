"""The `ollascope` command: a table of commands, each loaded only when it is used."""

import difflib
import errno
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TextIO, cast

import click
from click.shell_completion import CompletionItem

from ollascope import __version__
from ollascope.console.invocation import Invocation
from ollascope.console.options import GivenPath
from ollascope.console.show import trouble
from ollascope.words.errors import BadUsage, DiskFull, Interrupted, Trouble, Unsupported


class Entry(NamedTuple):
    """One command: where it lives and what it is for."""

    path: str
    help: str


DAILY = {
    "up": Entry("ollascope.processes.cli:up", "Start everything and say where it is."),
    "ask": Entry("ollascope.engines.cli:ask", "Ask a model one question and print its answer as it comes."),
    "top": Entry("ollascope.monitor.cli:top", "Show what is going on: models, requests, failures, the machine."),
    "quick": Entry("ollascope.bench.cli:quick", "Tell in under a minute how fast a model answers, and what limits it."),
    "summary": Entry("ollascope.monitor.cli:summary", "Sum up requests: how many, how fast, what failed."),
    "doctor": Entry("ollascope.checks.cli:doctor", "Check this machine and say what to do."),
}
MORE = {
    "models": Entry(
        "ollascope.engines.cli:models", "Look at the models of a server, get them, make them, load and remove them."
    ),
    "bench": Entry(
        "ollascope.bench.cli:bench", "Measure a model server: how fast it is, and whether that can be believed."
    ),
    "status": Entry("ollascope.processes.cli:status", "Show what runs: state, address, restarts and last words."),
    "down": Entry("ollascope.processes.cli:down", "Stop what `up` started, and wait until it has ended."),
    "monitor": Entry("ollascope.monitor.cli:monitor", "Watch the machine, look after the ledger, answer Prometheus."),
    "dashboard": Entry("ollascope.web.cli:dashboard", "Serve the pages for people."),
    "alerts": Entry("ollascope.monitor.cli:alerts", "Show alerts, silence them, test how people are told."),
    "calls": Entry("ollascope.ledger.cli:calls", "Look at the Calls that were recorded."),
    "ledger": Entry("ollascope.ledger.cli:ledger", "Look after the files that Calls and Samples are recorded in."),
    "host": Entry(
        "ollascope.host.cli:host",
        "Show the machine: CPU, memory, disk, network, graphics processors, the model servers' processes.",
    ),
    "logs": Entry("ollascope.logs.cli:logs", "Search the logs of all Ollascope's processes, or follow them."),
    "serve": Entry("ollascope.serve.cli:serve", "Serve a GGUF file, or a folder of them, with the embedded engine."),
    "engine": Entry("ollascope.serve.cli:engine", "Build the embedded engine's library and show how it stands."),
    "fake": Entry(
        "ollascope.serve.cli:fake", "Run a model server that answers by script, with times that are exactly known."
    ),
    "settings": Entry("ollascope.settings.cli:settings", "Show, check and write settings."),
    "paths": Entry("ollascope.settings.cli:paths", "Show what lies where, and how big it is."),
    "purge": Entry("ollascope.settings.cli:purge", "Remove the data folder and everything in it, after a question."),
    "completion": Entry("ollascope.console.cli:completion", "Print the completion script of a shell."),
    "version": Entry("ollascope.console.cli:version", "Print version, commit and platform."),
}
COMMANDS = DAILY | MORE
PACIFIED = "PacifyFlushWrapper"  # what click puts in place of a standard output whose reader has left
BARE = "up"  # what `ollascope` means when nothing follows


def main() -> None:
    """Run the command line and end the process with its exit code."""
    _mend_streams()
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
    except click.ClickException as error:
        return _told_by_click(error, arguments)
    except Trouble as error:
        return _failed(error)
    except SystemExit:
        if type(sys.stdout).__name__.endswith(PACIFIED):
            return 0
        raise
    except OSError as error:
        return _unwritable(error)


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
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise _no_such_command(args[0])
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
    type=GivenPath(),
    help="Read this settings file.",
)
@click.option(
    "--data",
    "data_folder",
    metavar="DIR",
    type=GivenPath(),
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


def _no_such_command(word: str) -> BadUsage:
    from ollascope.settings.findings import shown  # noqa: PLC0415 - only a mistake needs it

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean `ollascope {near[0]}`?" if near else "`ollascope --help` lists the commands"
    return BadUsage(f"there is no command {shown(word)}", hint=hint)


def _failed(error: Trouble) -> int:
    sys.stdout.flush()
    trouble(error)
    return error.exit_code


def _told_by_click(error: click.ClickException, arguments: Sequence[str]) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx:
        click.echo(error.ctx.get_help(), err=True)
        return BadUsage.exit_code
    text = " ".join(error.format_message().split()).rstrip(".")
    command = next((word for word in arguments if word in COMMANDS), None)
    where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else None
    page = where or (f"ollascope {command}" if command else "ollascope")
    option = error.option_name if isinstance(error, click.NoSuchOption) else ""
    if command and any(option in parameter.opts for parameter in cli.params):
        return _failed(BadUsage(text, hint=f"write it before the command: `ollascope {option} … {command}`"))
    return _failed(BadUsage(text, hint=f"`{page} --help` shows what it takes"))


def _unwritable(error: OSError) -> int:
    """Standard output leads to a full disk, or its reader has gone."""
    if error.errno not in {errno.ENOSPC, errno.EIO, errno.EPIPE} or error.filename is not None:
        raise error
    _hush_stdout()
    if error.errno == errno.EPIPE:
        return 0
    reason = error.strerror or str(error)
    return _failed(DiskFull(f"standard output cannot be written: {reason}", hint="make room, or write elsewhere"))


def _mend_streams() -> None:
    """Closed streams lead nowhere instead of nowhere at all; what a locale cannot show is escaped."""
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _refuse_foreign_platform(platform: str) -> None:
    if not platform.startswith(("linux", "darwin")):
        raise Unsupported(
            f"Ollascope does not run on {platform}",
            hint="it runs on Linux; on Windows use WSL; macOS is expected to work but not tested",
        )


def _nowhere(mode: str) -> TextIO:
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123 - as long as the program


def _hush_stdout() -> None:
    """Keep the interpreter from trying once more, and complaining, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
