"""Commands about the program itself: its version and its shell completion."""

import platform

import click
from click.shell_completion import get_completion_class

from ollascope import __version__
from ollascope.cli import cli
from ollascope.console.show import json_option, print_json, say
from ollascope.settings.shipped import commit

PROGRAM = "ollascope"
ANSWER = "_OLLASCOPE_COMPLETE"  # the variable through which a shell asks for completions


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print version, commit and platform."""
    facts = {
        "version": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    if as_json:
        print_json(facts)
    else:
        say(f"ollascope {__version__} (commit {facts['commit'] or 'not recorded'})")
        say(f"Python {facts['python']} on {facts['platform']}")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    For bash put  eval "$(ollascope completion bash)"  into ~/.bashrc, for zsh the same with zsh into ~/.zshrc;
    for fish write the output to ~/.config/fish/completions/ollascope.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    say(kind(cli, {}, PROGRAM, ANSWER).source())
